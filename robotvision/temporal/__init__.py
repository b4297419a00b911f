"""Filters over the answers of successive frames, by name. See `robotvision.temporal.filters`."""

from robotvision.plugins.registry import Registry

TEMPORAL = Registry(
    "temporal filter",
    {
        "bayes": "robotvision.temporal.filters:Bayes",
        "majority": "robotvision.temporal.filters:Majority",
        "exponential": "robotvision.temporal.filters:Exponential",
    },
    group="robotvision.temporal",
)

register = TEMPORAL.register

__all__ = ["TEMPORAL", "register"]
