"""Nearest patches against naive Bayes nearest neighbours written out, and what thinning leaves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.folds import Fold, held_out
from robotvision.classifiers.nearest_patches import NearestPatches, centres
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError

CHANNELS, PLACES = 6, 5


def two_visits(seed=4, frames=8):
    """Return vectors of patches, rooms and visits; rooms share some patches."""
    rng = np.random.default_rng(seed)
    own = {room: rng.normal(size=(3, CHANNELS)) for room in "abc"}
    shared = rng.normal(size=(2, CHANNELS))
    y = np.tile(np.repeat(list("abc"), frames), 2)
    patches = np.stack([np.concatenate([own[room], shared]) for room in y])
    patches += 0.2 * rng.normal(size=patches.shape)
    return patches.reshape(len(y), -1).astype(np.float32), y, np.repeat([0, 1], len(y) // 2)


def by_brute_force(query, x, y, votes):
    """Return each room's score of one vector, from the definition, in double."""
    bank = x.reshape(len(x), PLACES, CHANNELS).astype(float)
    rooms = np.unique(y)
    total = np.zeros(len(rooms))
    for patch in query.reshape(PLACES, CHANNELS).astype(float):
        nearest = [((bank[y == r] - patch) ** 2).sum(axis=2).min() for r in rooms]
        if votes == "distance":
            total -= nearest
        else:
            first, second = np.argsort(nearest, kind="stable")[:2]
            total[first] += nearest[second] - nearest[first]
    return total / PLACES


@pytest.mark.parametrize("votes", ["local", "distance"])
def test_agrees_with_brute_force(votes):
    """With all axes and nothing thinned, the scores are those of the definition."""
    x, y, visits = two_visits()
    model = NearestPatches(CHANNELS, votes=votes).fit(x[visits == 0], y[visits == 0])
    expected = [by_brute_force(q, x[visits == 0], y[visits == 0], votes) for q in x[visits == 1]]
    np.testing.assert_allclose(model.scores(x[visits == 1]), expected, atol=1e-4)
    assert np.mean(model.predict(x[visits == 1]) == y[visits == 1]) > 0.9


def test_agrees_with_brute_force_along_its_axes():
    """Reduced to fewer axes, they are those of the definition on the reduced patches."""
    x, y, _ = two_visits()
    model = NearestPatches(CHANNELS, axes=3, votes="distance").fit(x, y)
    flat = (x.reshape(-1, CHANNELS) - model.mean_) @ model.axes_
    np.testing.assert_allclose(np.cov(flat.T), np.diag(np.cov(flat.T).diagonal()), atol=1e-4)
    reduced = flat.reshape(len(x), -1)
    bank, query = reduced.reshape(len(x), PLACES, 3), reduced[7].reshape(PLACES, 3)
    for k, room in enumerate("abc"):
        apart = ((bank[y == room].reshape(-1, 1, 3) - query) ** 2).sum(axis=2).min(axis=0)
        assert model.scores(x[7:8])[0, k] == pytest.approx(-apart.mean(), abs=1e-4)


@pytest.mark.parametrize("patches", [10_000, 60])
def test_what_is_held_out_is_not_asked(patches):
    """A held-out frame is compared with the frames of its fold's training alone."""
    x, y, visits = two_visits()
    folds = held_out(np.unique(y, return_inverse=True)[1], visits, 0).folds
    model = NearestPatches(CHANNELS, patches)
    scores = model.fit_held_out(x, y, folds)
    for fold in folds:
        if patches > len(x) * PLACES:
            expected = [
                by_brute_force(x[i], x[fold.train], y[fold.train], "local") for i in fold.test
            ]
            np.testing.assert_allclose(scores[fold.test], expected, atol=1e-4)
        itself = model.scores(x[fold.test])
        assert not np.allclose(scores[fold.test], itself, atol=1e-3)


def test_a_room_that_a_fold_lacks_is_ruled_out_there():
    """Minus infinity where a fold has no frame of the room; rows of no fold are NaN."""
    x, y, visits = two_visits()
    fold = Fold(np.flatnonzero((visits == 0) & (y != "b")), np.flatnonzero(visits == 1))
    scores = NearestPatches(CHANNELS).fit_held_out(x, y, [fold])
    assert np.isneginf(scores[visits == 1][:, 1]).all()
    assert np.isfinite(scores[visits == 1][:, [0, 2]]).all()
    assert np.isnan(scores[visits == 0]).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_centres_cover(seed, n_points, n):
    """No point lies farther from the chosen ones than the closest two of these from each other."""
    points = np.random.default_rng(seed).normal(size=(n_points, 3)).astype(np.float32)
    chosen = centres(points, n)
    assert len(set(chosen.tolist())) == min(n, n_points)
    apart = np.sqrt(((points[:, None] - points[chosen]) ** 2).sum(axis=2))
    between = apart[chosen] + np.where(np.eye(len(chosen)), np.inf, 0)
    if 1 < n < n_points:
        assert apart.min(axis=1).max() <= between.min() + 1e-3


def test_thinning_keeps_to_its_number_and_its_rooms():
    """About as many patches stay as were asked for, of every room, and answers hardly change."""
    x, y, visits = two_visits(frames=40)
    full = NearestPatches(CHANNELS).fit(x[visits == 0], y[visits == 0])
    thin = NearestPatches(CHANNELS, 60).fit(x[visits == 0], y[visits == 0])
    assert len(full.kept_) == 3 * 40 * PLACES
    assert len(thin.kept_) == pytest.approx(60, abs=3)
    assert (np.diff(thin.starts_) >= 1).all()
    new = x[visits == 1]
    assert np.mean(thin.predict(new) == full.predict(new)) > 0.95
    assert 0 <= thin.n_bytes - 4 * 60 * (CHANNELS + 1) < 300  # and axes, starts, names of rooms
    assert thin.n_bytes < full.n_bytes / 5
    assert NearestPatches(CHANNELS).n_bytes == 0


def test_mirrored_frames_are_compared_with_too():
    """Where each frame has two views side by side, a query like the second one is known by it."""
    rng = np.random.default_rng(0)
    plain, mirror = rng.normal(size=(2, 12, PLACES * CHANNELS)).astype(np.float32)
    x = np.stack([plain, mirror], axis=1).reshape(24, -1)
    rooms = np.repeat(["a", "b"], 12)
    training = TrainingSet(x, rooms, np.repeat(np.arange(4), 6), (), 2)
    model = fit_calibrated(NearestPatches(CHANNELS), training, 0)
    assert (model.classes_[model.predict_proba(mirror).argmax(axis=1)] == rooms[::2]).all()


def test_refuses_what_is_not_whole_patches():
    """A vector that is not a whole number of patches is one line that says what to give."""
    x, y, _ = two_visits()
    with pytest.raises(RobotVisionError, match=r"whole patches of 7 numbers, got 30.*pooling"):
        NearestPatches(7).fit(x, y)


@pytest.mark.parametrize(
    "wrong", [{"channels": 0}, {"channels": 4, "patches": 0}, {"channels": 4, "votes": "loud"}]
)
def test_refuses_parameters(wrong):
    """A value that cannot work is one line that names the parameter."""
    with pytest.raises(RobotVisionError, match=f"{list(wrong)[-1]}: expected"):
        CLASSIFIERS.create("nearest_patches", wrong)
