"""Fine-tuning: what is trained and what is not, the export, model files, what is missing."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch

from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.base import Extractor
from robotvision.features.deep import network_input
from robotvision.features.extraction import needs_training
from robotvision.features.fine_tuned import FineTuned
from robotvision.features.wrapped import build
from robotvision.recogniser.model_file import load_model, save_model
from robotvision.records import Frame
from robotvision.testing.features import checks, make_frames
from tests.fixtures.patience import PATIENCE_S


class Tiny(Extractor):
    """A backbone of one's own: three convolutions, the last with batch normalisation."""

    @property
    def dim(self):
        """Channels of the last feature map."""
        return 12

    def input_of(self, image):
        """Return the image at 16 × 16."""
        return network_input(image, (16, 16), (127.0,) * 3, (128.0,) * 3)

    def extract(self, frame):
        """Return zeros: it stands for a network that is used through its stages alone."""
        return np.zeros(12, np.float32)

    def torch_stages(self):
        """Return the convolutions, from the same seed every time."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            sizes = ((3, 8), (8, 8), (8, 12))
            stages = [
                torch.nn.Sequential(torch.nn.Conv2d(a, b, 3, 2), torch.nn.ReLU6()) for a, b in sizes
            ]
        stages[2].append(torch.nn.BatchNorm2d(12))
        return [s.eval() for s in stages]


def weights(extractor):
    """Return the numbers in the ONNX model by name."""
    graph = onnx.load_from_string(extractor.model_.tobytes()).graph
    return {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}


def striped(n=24):
    """Return noisy frames of two rooms, of upright and level stripes, and the rooms."""
    frames, rooms = [], []
    for i in range(n):
        rng = np.random.default_rng(i)
        tensor = rng.integers(0, 60, (32, 32, 3), np.uint8)
        stripes = np.arange(32) % 8 < 4
        tensor += np.uint8(80) * (stripes[:, None, None] if i % 2 else stripes[None, :, None])
        frames.append(Frame(i, i, {"rgb": tensor}))
        rooms.append(f"room{i % 2}")
    return frames, rooms


@pytest.mark.parametrize(
    ("extractor", "check"), checks([FineTuned(Tiny(), blocks=2, epochs=1, unit_length=True)])
)
def test_conforms(extractor, check):
    """It passes each check of an extractor."""
    check(extractor, None)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet_v2_deepsort"])
def test_without_learning_it_is_the_backbone(name, tmp_path, monkeypatch):
    """Hardly trained, it gives the backbone's own vectors: the blocks are put together rightly."""
    monkeypatch.setenv("ROBOTVISION_CACHE", str(tmp_path))
    frames = make_frames(2)
    extractor = FineTuned(name, epochs=1, learning_rate=1e-9).fit(frames, ["a", "b"])
    expected = FEATURES.create(name, {}).extract(frames[0])
    assert extractor.dim == len(expected) == 1280
    np.testing.assert_allclose(extractor.extract(frames[0]), expected, atol=1e-3)


@pytest.mark.parametrize("network", ["resnet18", "mobilenet_v3_small"])
def test_torchvision_networks(network):
    """Networks of torchvision are cut into blocks; the embedding has their length."""
    given = {"name": "torchvision_backbone", "network": network, "weights": None, "size": [32, 32]}
    frames = make_frames(2)
    extractor = FineTuned(given, epochs=1, learning_rate=1e-9, batch_size=1).fit(frames, "ab")
    vector = extractor.extract(frames[0])
    assert vector.shape == (FineTuned(given).dim,)
    np.testing.assert_allclose(vector, build(given).extract(frames[0]), rtol=1e-3, atol=1e-4)


def test_only_the_last_blocks_are_trained():
    """The trunk keeps its weights; the last blocks' change, their statistics do not."""
    frames, rooms = striped()
    extractor = FineTuned(Tiny(), blocks=1, epochs=2, learning_rate=1e-2).fit(frames, rooms)
    before = Tiny().torch_stages()
    kept = list(weights(extractor).values())
    for number, same in ((0, True), (1, True), (2, False)):
        weight = before[number][0].weight.detach().numpy()
        assert any(w.shape == weight.shape and np.array_equal(w, weight) for w in kept) == same


def test_it_learns_the_rooms():
    """The loss falls, and rooms lie further apart than they did, on new frames too."""
    frames, rooms = striped(48)

    def apart(extractor):
        x = np.array([extractor.extract(f) for f in frames[32:]])
        a, b = x[::2], x[1::2]
        spread = np.sqrt((a.var(axis=0) + b.var(axis=0)).sum())
        return np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)) / spread

    still, trained = (
        FineTuned(Tiny(), 2, epochs=20, batch_size=8, learning_rate=rate, **given).fit(
            frames[:32], rooms[:32]
        )
        for rate, given in ((1e-9, {}), (3e-3, {"balanced": True}))
    )
    assert trained.loss_[-1] < 0.8 * trained.loss_[0]
    assert len(trained.loss_) == 20
    assert apart(trained) > 1.5 * apart(still)


def test_mirror_images_and_bounded_frames():
    """Mirror images change what is learnt; no more than ``max_frames`` frames are kept."""
    frames, rooms = striped(17)
    plain = FineTuned(Tiny(), mirror=False, blocks=1).fit(frames, rooms)
    mirrored = FineTuned(Tiny(), blocks=1).fit(frames, rooms)
    assert not np.array_equal(plain.extract(frames[0]), mirrored.extract(frames[0]))
    few = FineTuned(Tiny(), blocks=1, max_frames=4).fit(frames, rooms)
    chosen = [0, 4, 12, 16]
    alone = FineTuned(Tiny(), blocks=1).fit([frames[i] for i in chosen], [rooms[i] for i in chosen])
    assert few.digest_ == alone.digest_ != mirrored.digest_


def test_training_repeats_to_the_byte():
    """Trained alike, two networks are the same bytes, so cached vectors are found again."""
    frames, rooms = striped()
    state = torch.random.get_rng_state()
    threads = torch.get_num_threads()
    a, b = (FineTuned(Tiny(), 2).fit(frames, rooms) for _ in range(2))
    np.testing.assert_array_equal(a.model_, b.model_)
    assert FineTuned(Tiny(), 2, seed=1).fit(frames, rooms).digest_ != a.digest_
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert needs_training(a)


def test_batch_of_one_is_fixed():
    """The exported network takes one image at a time."""
    extractor = FineTuned(Tiny(), 1, epochs=1).fit(*striped(4))
    graph = onnx.load_from_string(extractor.model_.tobytes()).graph
    assert [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim] == [1, 3, 16, 16]


_ASK = """
import sys
import numpy as np
from pathlib import Path
from robotvision.recogniser.model_file import load_model
from robotvision.testing.features import make_frames
cue = load_model(Path(sys.argv[1]))[0]["cue"]
np.save(sys.argv[2], cue.extract(make_frames(1)[0]))
assert "torch" not in sys.modules
"""


def test_model_file_is_asked_without_pytorch(tmp_path):
    """Kept and loaded in a process that never loads PyTorch, it gives the same bits."""
    frames = make_frames(2)
    extractor = FineTuned("mobilenet_v2_deepsort", blocks=1, epochs=1).fit(frames, "ab")
    save_model(tmp_path / "own.rvmodel", {"cue": extractor}, {})
    loaded = load_model(tmp_path / "own.rvmodel")[0]["cue"]
    assert repr(loaded) == repr(extractor)
    np.testing.assert_array_equal(loaded.extract(frames[0]), extractor.extract(frames[0]))
    script = [sys.executable, "-c", _ASK, tmp_path / "own.rvmodel", tmp_path / "vector.npy"]
    subprocess.run(script, check=True, timeout=PATIENCE_S)
    np.testing.assert_array_equal(np.load(tmp_path / "vector.npy"), extractor.extract(frames[0]))


def test_another_network_is_refused():
    """Bytes that are not those that were trained are not run."""
    extractor = FineTuned(Tiny(), 1, epochs=1, seed=77).fit(*striped(4))
    extractor.model_ = extractor.model_.copy()
    extractor.model_[-1] ^= 1
    with pytest.raises(RobotVisionError, match=r"^FineTuned: the network is not the one that was"):
        extractor.extract(make_frames(1)[0])


def test_faults(monkeypatch):
    """What cannot work is one line that says what to do."""
    frames, rooms = striped(4)
    with pytest.raises(RobotVisionError, match=r"^FineTuned has not been trained yet: call fit"):
        FineTuned(Tiny()).extract(frames[0])
    with pytest.raises(RobotVisionError, match=r"^FineTuned: expected training frames, got none$"):
        FineTuned(Tiny()).fit([], [])
    with pytest.raises(RobotVisionError, match=r"^FineTuned: blocks: Tiny\(\) has 3 blocks, got 4"):
        FineTuned(Tiny(), blocks=4).fit(frames, rooms)
    with pytest.raises(ValueError, match=r"^backbone: expected efficientnet_lite0, .* got 'phog'$"):
        FineTuned("phog")
    for name, value in (("layers", [11]), ("short_side", 192)):
        with pytest.raises(ValueError, match=f"^backbone: expected the embedding .* '{name}'"):
            FineTuned({"name": "efficientnet_lite0", name: value})
    deeper = {"name": "torchvision_backbone", "layer": "layer2", "weights": None, "size": [32, 32]}
    with pytest.raises(RobotVisionError, match=r"cannot be cut into blocks whose averaged output"):
        FineTuned(deeper).fit(frames, rooms)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robotvision\[deep\]'"):
        FineTuned().fit(frames, rooms)
