"""Networks in whole numbers: near the network as it is, faster, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.extraction import needs_training
from robotvision.features.quantized import Quantized
from robotvision.recogniser.model_file import load_model, save_model
from robotvision.testing.features import checks, make_frames

SMALL = {"name": "efficientnet_lite0", "layers": [5], "short_side": 64}
SQUARE = {"name": "efficientnet_lite0", "layers": [3]}


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    """Exported networks go to a folder of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROBOTVISION_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def trained(backbone, **given):
    """Return it trained on generated frames."""
    frames = make_frames(8, 120, 160)
    return Quantized(backbone, **given).fit(frames, ["a", "b"] * 4)


def trained_or_refused(backbone, weight_bits):
    """Return it trained; None where 8 bits are refused and 7 recommended."""
    if weight_bits == 8 and not has_vnni():
        try:
            return trained(backbone, weight_bits=weight_bits)
        except RobotVisionError as e:
            if "weight_bits: 7" in str(e):
                return None
            raise
    return trained(backbone, weight_bits=weight_bits)


def has_vnni():
    """Return whether the processor adds up products of bytes without saturation."""
    return "vnni" in Path("/proc/cpuinfo").read_text()


@pytest.mark.parametrize(
    ("backbone", "weight_bits"),
    [
        ("efficientnet_lite0", 8),
        (SMALL, 7),
        (SMALL, 8),
        ({"name": "efficientnet_lite0", "layers": [4], "pooling": "second_order"}, 8),
        ({"name": "mobilenet_v2_deepsort", "unit_length": True}, 8),
    ],
)
def test_is_near_the_network_as_it_is(backbone, weight_bits):
    """The vectors on frames not trained on point nearly where the float ones do.

    Processors without VNNI saturate sums of 8-bit products: there it may be refused, with a remedy.
    """
    quantized = trained_or_refused(backbone, weight_bits)
    if quantized is None:
        return
    name, params = (backbone, {}) if isinstance(backbone, str) else (backbone["name"], backbone)
    plain = FEATURES.create(name, {k: v for k, v in params.items() if k != "name"})
    for frame in make_frames(12, 120, 160)[8:]:
        a, b = plain.extract(frame), quantized.extract(frame)
        assert a.shape == b.shape == (quantized.dim,)
        assert a @ b > 0.85 * np.linalg.norm(a) * np.linalg.norm(b)
        assert not np.array_equal(a, b)
    assert 0.9 < quantized.cosine_ < 1


@pytest.mark.parametrize(("extractor", "check"), checks([Quantized(SQUARE, max_frames=4)]))
def test_conforms(extractor, check):
    """It passes each check of an extractor."""
    check(extractor, None)


def test_is_kept_in_a_model_file(tmp_path):
    """The rounded network is in the file, and gives the same vectors from there."""
    extractor = trained(SMALL)
    assert needs_training(extractor)
    save_model(tmp_path / "m", {"extractor": extractor}, {"task": "rooms"})
    loaded = load_model(tmp_path / "m")[0]["extractor"]
    (frame,) = make_frames(1, 120, 160)
    np.testing.assert_array_equal(loaded.extract(frame), extractor.extract(frame))


def test_refusals(monkeypatch):
    """What cannot work is one line that says what to do."""
    with pytest.raises(ValueError, match=r"^backbone: expected efficientnet_lite0 or mobilenet"):
        Quantized("phog")
    with pytest.raises(ValueError, match=r"^weight_bits: expected a whole number from 7 to 8"):
        Quantized(weight_bits=4)
    with pytest.raises(RobotVisionError, match=r"^Quantized: expected training frames, got none$"):
        Quantized().fit([], [])
    wide, square = make_frames(1, 64, 128), make_frames(1, 64, 64)
    with pytest.raises(RobotVisionError, match=r"of one size for the network, got 64 x 64 and"):
        Quantized(SMALL).fit([*wide, *square], ["a", "b"])
    extractor = Quantized(SMALL)
    with pytest.raises(RobotVisionError, match=r"has not been trained yet: call fit"):
        extractor.extract(wide[0])
    extractor.fit(square, ["a"])
    with pytest.raises(RobotVisionError, match=r"gives 64 x 128; leave out short_side"):
        extractor.extract(wide[0])
    monkeypatch.setattr("robotvision.features.quantized.LEAST_COSINE", 1.0)
    with pytest.raises(RobotVisionError, match=r"rounding loses too much .* weight_bits: 7"):
        Quantized(SMALL).fit(square, ["a"])
