"""Every extractor shipped here keeps the contract."""

from typing import Any

import pytest

from robotvision.features import FEATURES
from robotvision.testing.features import checks

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("hsv_histogram", {}),
    ("hsv_histogram", {"bins": [4, 4, 4], "grids": [1, 3, 6]}),
    ("phog", {}),
    ("phog", {"signed": True, "edge_share": 1.0, "channel": "left"}),
    ("crfh", {}),
    ("crfh", {"derivatives": ["Lxx", "Lxy", "Lyy"], "scales": [5.0, 0.7], "bins": 6}),
    ("depth_histogram", {}),
    ("depth_histogram", {"missing": False, "bins": 8}),
    ("gray_histogram", {}),
    ("gray_histogram", {"bins": 10, "grids": [1, 3]}),
    ("opponent_histogram", {}),
    ("opponent_histogram", {"joint": True, "bins": [4, 4, 4], "grids": [1, 2]}),
    ("lbp", {}),
    ("lbp", {"radius": 2.5, "patterns": "rotation"}),
    ("centrist", {}),
    ("gist", {}),
    ("spatial_pyramid", {"extractor": {"name": "gist", "size": 32}}),
    ("depth_normals", {}),
    ("depth_height", {}),
    ("depth_hog", {}),
    ("esf", {"n_triples": 500}),
    ("esf", {"n_triples": 500, "channel": "points", "scale_m": 6.0}),
    ("stereo_depth", {"extractor": "depth_normals"}),
    ("sift_bow", {"words": 8, "sampling": "dense", "grids": [1, 2], "root": False}),
    ("sift_vlad", {"words": 4}),
    ("sift_fisher", {"words": 3, "sampling": "dense", "step": 10}),
    ("gist", {"orientations": [6, 4], "grid": 3, "size": 48}),
]


@pytest.mark.parametrize(
    ("extractor", "check"), checks(FEATURES.create(name, params) for name, params in VARIANTS)
)
def test_conforms(extractor, check):
    """Each extractor passes each check."""
    check(extractor, None)
