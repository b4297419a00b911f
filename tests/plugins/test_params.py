"""A wrong parameter in a config is one line that names extractor, parameter and remedy."""

import pytest
from sklearn.base import clone

from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES

REFUSED = [
    ("hsv_histogram", {"bins": [16, 8]},
     "feature 'hsv_histogram': bins: expected a list of 3 whole numbers from 1 to 64, got [16, 8]"),
    ("hsv_histogram", {"grids": [2, 2]},
     "feature 'hsv_histogram': grids: expected each grid once, got [2, 2]"),
    ("hsv_histogram", {"channel": ""},
     "feature 'hsv_histogram': channel: expected a word, got ''"),
    ("hsv_histogram", {"bins": [64, 64, 64], "grids": [4]},
     "feature 'hsv_histogram': a vector of 4194304 numbers is too long (at most 1048576); "
     "take fewer bins or cells"),
    ("phog", {"bins": True},
     "feature 'phog': bins: expected a whole number from 1 to 360, got True"),
    ("phog", {"edge_share": 1.5},
     "feature 'phog': edge_share: expected a number above 0 and at most 1, got 1.5"),
    ("phog", {"signed": "yes"},
     "feature 'phog': signed: expected true or false, got 'yes'"),
    ("crfh", {"derivatives": ["Lx", "Lz"]},
     "feature 'crfh': derivatives[1]: expected one of Lx, Ly, Lxx, Lyy, Lxy, got 'Lz'"),
    ("crfh", {"derivatives": ["Lxy", "lyy"]},
     "feature 'crfh': derivatives[1]: expected one of Lx, Ly, Lxx, Lyy, Lxy, got 'lyy'; "
     "did you mean 'Lyy'?"),
    ("crfh", {"scales": []},
     "feature 'crfh': scales: expected a list of one or more numbers above 0 and at most 64, "
     "got []"),
    ("crfh", {"bin": 4},
     "feature 'crfh': no parameter 'bin'; did you mean 'bins'?; parameters: derivatives, scales, "
     "bins, limit, channel"),
    ("depth_histogram", {"max_m": float("nan")},
     "feature 'depth_histogram': max_m: expected a number above 0 and at most 65.535, got nan"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params", "message"), REFUSED)
def test_refuses_in_one_line(name, params, message):
    """The message is one line that says which parameter, what was expected, what was got."""
    with pytest.raises(RobotVisionError) as caught:
        FEATURES.create(name, params)
    assert caught.value.lines() == [message]


def test_set_params_is_checked_too():
    """A grid search over impossible values fails at the value, not in the middle of a run."""
    extractor = FEATURES.create("phog", {})
    with pytest.raises(ValueError, match="bins: expected a whole number from 1 to 360, got 0"):
        extractor.set_params(bins=0)
    assert clone(FEATURES.create("phog", {"bins": 9})).dim == 9 * 85
