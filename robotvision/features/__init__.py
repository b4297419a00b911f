"""Feature extractors by name. See `robotvision.features.base` for the contract."""

from robotvision.registry import Registry

FEATURES = Registry(
    "feature",
    {
        "hsv_histogram": "robotvision.features.hsv_histogram:HSVHistogram",
        "phog": "robotvision.features.phog:PHOG",
        "crfh": "robotvision.features.crfh:CRFH",
        "depth_histogram": "robotvision.features.depth_histogram:DepthHistogram",
    },
    group="robotvision.features",
)

register = FEATURES.register

__all__ = ["FEATURES", "register"]
