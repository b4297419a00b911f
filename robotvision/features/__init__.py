"""Feature extractors by name. See `robotvision.features.base` for the contract."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from robotvision.plugins.lazy import lazy_names
from robotvision.plugins.registry import Registry

FEATURES = Registry(
    "feature",
    {
        "hsv_histogram": "robotvision.features.hsv_histogram:HSVHistogram",
        "gray_histogram": "robotvision.features.gray_histogram:GrayHistogram",
        "phog": "robotvision.features.phog:PHOG",
        "crfh": "robotvision.features.crfh:CRFH",
        "depth_histogram": "robotvision.features.depth_histogram:DepthHistogram",
        "opponent_histogram": "robotvision.features.opponent_histogram:OpponentHistogram",
        "lbp": "robotvision.features.lbp:LBP",
        "centrist": "robotvision.features.centrist:Centrist",
        "gist": "robotvision.features.gist:Gist",
        "sift_bow": "robotvision.features.sift_bow:SiftBow",
        "sift_vlad": "robotvision.features.sift_vlad:SiftVLAD",
        "sift_fisher": "robotvision.features.sift_fisher:SiftFisher",
        "sift_ransac": "robotvision.features.sift_ransac:SiftRansac",
        "spatial_pyramid": "robotvision.features.spatial_pyramid:SpatialPyramid",
        "depth_normals": "robotvision.features.depth_normals:DepthNormals",
        "depth_height": "robotvision.features.depth_height:DepthHeight",
        "depth_hog": "robotvision.features.depth_hog:DepthHOG",
        "depth_words": "robotvision.features.depth_words:DepthWords",
        "esf": "robotvision.features.esf:ESF",
        "stereo_depth": "robotvision.features.stereo_depth:StereoDepth",
        "onnx": "robotvision.features.onnx_model:OnnxModel",
        "torchvision_backbone": "robotvision.features.torchvision_backbone:TorchvisionBackbone",
        "timm_backbone": "robotvision.features.timm_backbone:TimmBackbone",
        "efficientnet_lite0": "robotvision.features.efficientnet_lite0:EfficientNetLite0",
        "efficientnet_lite1": "robotvision.features.efficientnet_lite1:EfficientNetLite1",
        "efficientnet_lite2": "robotvision.features.efficientnet_lite2:EfficientNetLite2",
        "mobilenet_v2_deepsort": "robotvision.features.mobilenet_v2_deepsort:MobileNetV2DeepSort",
        "quantized": "robotvision.features.quantized:Quantized",
        "fine_tuned": "robotvision.features.fine_tuned:FineTuned",
    },
    group="robotvision.features",
)

register = FEATURES.register

__all__ = ["FEATURES", "cache_folder", "cache_root", "register"]

__getattr__, __dir__ = lazy_names(__name__, FEATURES.classes())
"""Each class by its own name, too: ``robotvision.features.PHOG``."""


def cache_root() -> Path:
    """Return ``$ROBOTVISION_CACHE``, else ``~/.cache/robotvision``."""
    return _cache_root(os.environ.get("ROBOTVISION_CACHE"), os.environ.get("HOME"))


def cache_folder() -> Path:
    """Return where extracted features are kept."""
    return cache_root() / "features"


@lru_cache(maxsize=8)
def _cache_root(named: str | None, home: str | None) -> Path:
    """Return it for the values of these variables: asked with every frame."""
    return Path(named or Path.home() / ".cache" / "robotvision")
