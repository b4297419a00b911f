"""Directions in which places change: found where known, weighed down, kept in a file."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.directions import (
    PACKAGED,
    Directions,
    Outside,
    directions_of,
    lessened,
    outside,
    read_directions,
    write_directions,
)
from robotvision.classifiers.folds import held_out
from robotvision.classifiers.log_pool import LogPool
from robotvision.classifiers.ridge import Ridge
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.described import described
from robotvision.recogniser.model_file import load_model, save_model
from robotvision.testing.classifiers import make_vectors

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

ONE = [slice(0, 24)]


def places_that_change(dim, frames=30, n_places=6, seed=1):
    """Return vectors, their places, and the two orthonormal directions they change in."""
    rng = np.random.default_rng(seed)
    known = np.linalg.qr(rng.normal(size=(dim, 2)))[0].T
    places = np.repeat([f"p{i}" for i in range(n_places)], frames)
    middle = np.repeat(5 * rng.normal(size=(n_places, dim)), frames, axis=0)
    moved = rng.normal(size=(len(places), 2)) * (3.0, 1.0)
    x = middle + moved @ known + 0.01 * rng.normal(size=middle.shape)
    return x.astype(np.float32), places, known


def some_directions(dim=24, n=3, seed=5):
    axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, n)))[0].T
    return Directions(axes.astype(np.float32), np.array([1.0, 0.5, 0.1], np.float32)[:n])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.npz"
    write_directions(path, {"A": some_directions()})
    return path


@pytest.mark.parametrize("dim", [20, 400])
def test_finds_the_directions_that_places_change_in(dim):
    """Known by construction, with fewer and with more numbers than frames; not those between."""
    x, places, known = places_that_change(dim)
    found = directions_of(x, places, 2)
    np.testing.assert_allclose(np.linalg.svd(found.axes @ known.T)[1], 1, atol=1e-3)
    assert abs(found.axes[0] @ known[0]) > 0.99
    np.testing.assert_allclose(found.variances, [1, 1 / 9], atol=0.04)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(2), atol=1e-5)
    less = lessened(x, [Outside(slice(0, dim), found)], 0.0)
    inside = [less[places == p].std(axis=0).max() for p in np.unique(places)]
    assert max(inside) < 0.05
    assert less.std(axis=0).min() > 1


def test_what_stays_is_as_said():
    """A share of each direction's variance: half of one that varies as much as ``left``."""
    known = some_directions()
    x = (known.axes * 2).astype(np.float32)
    less = lessened(x, [Outside(slice(0, 24), known)], 0.1)
    stays = (less**2).sum(axis=1) / 4
    np.testing.assert_allclose(stays, 0.1 / (0.1 + known.variances), atol=1e-5)


def test_learning_again_gives_the_same():
    """No chance in it, and signs are settled."""
    x, places, _ = places_that_change(50)
    first, second = directions_of(x, places, 8), directions_of(x, places, 8)
    np.testing.assert_array_equal(first.axes, second.axes)
    assert (np.abs(first.axes).max(axis=1) == first.axes.max(axis=1)).all()


def test_no_more_directions_than_there_are():
    """Three frames of one place vary in two; frames that are alike in none."""
    x = np.random.default_rng(0).normal(size=(3, 9)).astype(np.float32)
    assert len(directions_of(x, np.array(["a"] * 3), 64)) == 2
    with pytest.raises(RobotVisionError, match="expected places that are seen in several ways"):
        directions_of(x, np.array(["a", "b", "c"]), 64)


@pytest.mark.parametrize("left", [0.0, 0.01, 0.5])
@pytest.mark.parametrize("frames", [10, 60])
def test_in_the_planes_is_as_in_the_vectors(path, left, frames):
    """Folded into the planes, answers and held-out scores are those of vectors changed first."""
    x, y, groups = make_vectors(visits=3)
    x, y, groups = x[::2][:frames], y[::2][:frames], groups[::2][:frames]
    folds = held_out(np.unique(y, return_inverse=True)[1], groups, 0).folds
    model = Ridge(without=str(path), left=left)
    model.name_features(["A"], ONE)
    scores = model.fit_held_out(x, y, folds)
    before = outside(str(path), ["A"], ONE)
    plain = Ridge()
    expected = plain.fit_held_out(lessened(x, before, left), y, folds)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    new = make_vectors(visits=5)[0]
    wide = new.astype(np.float64)
    explicit = lessened(wide, before, left) @ plain.weights_ + plain.bias_
    np.testing.assert_allclose(wide @ model.weights_ + model.bias_, explicit, atol=1e-5)


def test_only_the_features_of_the_file_are_touched(path):
    """Other blocks stay to the last bit, and the right one is found by its name."""
    x = np.random.default_rng(0).normal(size=(4, 34)).astype(np.float32)
    found = outside(str(path), ["B", "A"], [slice(0, 10), slice(10, 34)])
    less = lessened(x, found, 0.01)
    np.testing.assert_array_equal(less[:, :10], x[:, :10])
    assert np.abs(less[:, 10:] - x[:, 10:]).max() > 0.1


def test_a_saved_model_gives_the_same_and_needs_no_file(path, tmp_path):
    """What was learnt holds the planes alone: the file of directions may be gone."""
    x, y, groups = make_vectors(visits=4)
    training = TrainingSet(x, y, groups, tuple(ONE), features=("A",))
    model = fit_calibrated(Ridge(without=str(path)), training, 0)
    plain = fit_calibrated(Ridge(), training, 0)
    assert np.abs(model.predict_proba(x) - plain.predict_proba(x)).max() > 1e-4
    saved = tmp_path / "ridge.rvmodel"
    save_model(saved, {"classifier": model}, {"task": "rooms"})
    path.unlink()
    again = load_model(saved)[0]["classifier"]
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))


def test_in_a_pool_the_others_know_their_features(path, tmp_path):
    """As a member of a pool it gets the names of its own features; the pool can be saved."""
    x, y, groups = make_vectors(visits=4)
    x = np.concatenate([x, x[:, :8]], axis=1)
    blocks = (slice(0, 24), slice(24, 32))
    training = TrainingSet(x, y, groups, blocks, features=("A", "B"))
    others = {"name": "ridge", "without": str(path)}
    model = fit_calibrated(LogPool(others, "knn"), training, 0)
    saved = tmp_path / "pool.rvmodel"
    save_model(saved, {"classifier": model}, {"task": "rooms"})
    again = load_model(saved)[0]["classifier"]
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))
    pool = model.classifier
    alone = Ridge(without=str(path))
    alone.name_features(["A"], blocks[:1])
    np.testing.assert_allclose(pool.members_[0].weights_, alone.fit(x[:, :24], y).weights_)


def test_refuses_what_does_not_fit(path):
    """Vectors alone, other features, other lengths: one line each."""
    x, y, groups = make_vectors(visits=3)
    with pytest.raises(RobotVisionError, match="expected to be told which features"):
        Ridge(without=str(path)).fit(x, y)
    with pytest.raises(RobotVisionError, match="one of the features B, got those of A"):
        fit_calibrated(
            Ridge(without=str(path)), TrainingSet(x, y, groups, tuple(ONE), features=("B",)), 0
        )
    model = Ridge(without=str(path))
    model.name_features(["A"], [slice(0, 20)])
    with pytest.raises(RobotVisionError, match="expected directions of 20 numbers, got 24"):
        model.fit(x[:, :20], y)


def _changed(path, **changes):
    with np.load(path) as held:
        arrays = {name: held[name] for name in held.files}
    np.savez(path, **{**arrays, **changes})


def _single_array():
    raw = io.BytesIO()
    np.save(raw, np.zeros(3))
    return raw.getvalue()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p.write_bytes(b"no"), "got "),
        (lambda p: p.write_bytes(p.read_bytes()[:200]), "got "),
        (lambda p: p.write_bytes(_single_array()), "got a single array"),
        (lambda p: _changed(p, format=np.array("else")), "got the format 'else'"),
        (lambda p: _changed(p, features=np.array(["A", "B"])), "got arrays axes_0, variances_0"),
        (lambda p: _changed(p, axes_0=np.zeros((3, 24))), r"got \(3, 24\) float64"),
        (lambda p: _changed(p, variances_0=np.ones(2, np.float32)), r"\(2,\) float32"),
        (lambda p: _changed(p, features=np.array(["B"])), "not those of its digest"),
        (lambda p: _changed(p, axes_0=np.ones((3, 24), np.float16)), "not those of its digest"),
    ],
)
def test_refuses_another_file_in_one_line(path, spoil, message):
    """Whatever is wrong with a file is one line that names it."""
    spoil(path)
    with pytest.raises(RobotVisionError, match=message) as e:
        read_directions(str(path))
    assert str(e.value).startswith(f"{path}: expected a file of directions")
    assert "\n" not in str(e.value)


def test_a_missing_file_is_one_line(tmp_path):
    """Said as of any file."""
    with pytest.raises(RobotVisionError, match="cannot be read"):
        read_directions(str(tmp_path / "none.npz"))


def test_the_packaged_file_is_for_the_best_two():
    """It reads, is small, and knows the networks of the shipped configurations."""
    known = read_directions(PACKAGED)
    for name, layer, dim in (("efficientnet_lite0", 10, 6328), ("mobilenet_v2_deepsort", 12, 4656)):
        given = {"layers": [layer], "pooling": "second_order", "short_side": 192, "channel": "left"}
        mine = known[described(FEATURES.create(name, given))]
        assert mine.axes.shape == (64, dim)
        np.testing.assert_allclose(mine.axes @ mine.axes.T, np.eye(64), atol=1e-5)


def test_the_script_tells_what_it_wants(capsys):
    """Without a place there is nothing to learn from."""
    import learn_directions

    with pytest.raises(SystemExit, match="expected --place SEQUENCE"):
        learn_directions.main(["-o", "x.npz"])
    used = set(learn_directions.BUILDINGS)
    assert not used & set(range(111))


def test_the_script_learns_from_tours_of_ones_own(tmp_path):
    """Of the pooled networks of a configuration, the same twice; depth and patches are not."""
    import learn_directions

    tour = str(learn_directions.REPO / "sequences" / "demo_day")
    config = str(learn_directions.REPO / "configs" / "baselines" / "best_optional.yaml")
    out = [tmp_path / "one.npz", tmp_path / "two.npz"]
    for path in out:
        learn_directions.main([config, "--place", tour, "-n", "3", "-o", str(path)])
    found = [read_directions(str(path)) for path in out]
    assert [f.partition("(")[0] for f in found[0]] == ["EfficientNetLite0", "MobileNetV2DeepSort"]
    assert set(found[0]) == set(read_directions(PACKAGED))
    for feature, mine in found[0].items():
        assert len(mine) == 3
        np.testing.assert_array_equal(mine.axes, found[1][feature].axes)


def test_described_leaves_out_where_it_reads():
    """Channel and threads change no number's meaning; anything else does."""
    make = FEATURES.create
    one = described(make("efficientnet_lite0", {"layers": [10], "channel": "left", "threads": 2}))
    assert one == described(make("efficientnet_lite0", {"layers": (10,)}))
    assert one != described(make("efficientnet_lite0", {"layers": [11]}))


@pytest.mark.parametrize("wrong", [{"left": 1}, {"left": -0.1}, {"without": 3}])
def test_refuses_parameters(wrong):
    """What cannot work is refused when it is built."""
    with pytest.raises((RobotVisionError, ValueError), match=next(iter(wrong))):
        Ridge(**wrong)
