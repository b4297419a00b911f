"""Filters over the answers of successive frames, by name. See `robotvision.temporal.base`."""

from robotvision.plugins.lazy import lazy_names
from robotvision.plugins.registry import Registry

TEMPORAL = Registry(
    "temporal filter",
    {
        "bayes": "robotvision.temporal.bayes:Bayes",
        "majority": "robotvision.temporal.majority:Majority",
        "exponential": "robotvision.temporal.exponential:Exponential",
    },
    group="robotvision.temporal",
)

register = TEMPORAL.register

__all__ = ["TEMPORAL", "register"]

__getattr__, __dir__ = lazy_names(__name__, TEMPORAL.classes())
"""Each class by its own name, too: ``robotvision.temporal.Bayes``."""
