"""Filters over the answers: worked by hand, causal, forgetful where told, quick after a jump."""

import itertools
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robotvision.data.sequence import FrameEntry, ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.records import Truth
from robotvision.temporal import TEMPORAL
from robotvision.temporal.filters import (
    Bayes,
    Cut,
    Exponential,
    HeldOutStretch,
    Majority,
    fit_temporal,
)

TOUR = (["a"] * 10 + ["b"] * 10 + ["a"], list(map(float, range(21))))


def bayes(**given):
    return Bayes(**{"decorrelation_s": 1.0, "haste": 1.0, **given}).fit(
        [TOUR], ["a", "b"], np.array([0.5, 0.5])
    )


def fitted(name, k=3):
    rooms = [f"room{i}" for i in range(k)]
    tours = [([r for r in rooms for _ in range(8)], [0.2 * i for i in range(8 * k)])]
    return TEMPORAL.create(name, {}).fit(tours, rooms, np.full(k, 1 / k))


def test_rates():
    """Rates are changes over seconds, with one change and one mean stay added to each room.

    a: 10 s, left once; b: 10 s, left once; mean stay 20 s / (2 changes + 2 rooms) = 5 s.
    """
    np.testing.assert_allclose(bayes().rates_, [[-2 / 15, 2 / 15], [2 / 15, -2 / 15]])


def test_forward_pass():
    """Two rooms, three frames a second apart, worked by hand.

    With rate q both ways, staying has probability s = (1 + exp(-2 q dt)) / 2. Uniform prior.
    """
    model = bayes(decorrelation_s=0, kidnapping=None, prior=0)
    s = (1 + math.exp(-2 * 2 / 15)) / 2
    seen = [(0.9, 0.1), (0.6, 0.4), (0.2, 0.8)]
    a = 0.9
    expected = [a]
    for likely_a, likely_b in seen[1:]:
        before = s * a + (1 - s) * (1 - a)
        a = before * likely_a / (before * likely_a + (1 - before) * likely_b)
        expected.append(a)
    got = [model.update(np.array(p), 1.0)[0] for p in seen]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_prior_is_divided_out():
    """A classifier that says no more than its training shares is no evidence.

    The first belief is its own posterior; saying the prior again and again leads nowhere.
    """
    shares = np.array([0.8, 0.2])
    model = Bayes(decorrelation_s=0, prior=1).fit([TOUR], ["a", "b"], shares)
    first = model.update(np.array([0.8, 0.2]), 0.0)
    np.testing.assert_allclose(first, shares, atol=1e-3)
    stationary = [model.update(np.array([0.8, 0.2]), 1.0) for _ in range(200)][-1]
    np.testing.assert_allclose(stationary, [0.5, 0.5], atol=0.01)


@pytest.mark.parametrize("prior", [0, 0.75, 1])
def test_the_first_belief_is_the_posterior(prior):
    """However much of the prior is divided out, a single frame is believed as it is."""
    model = Bayes(prior=prior).fit([TOUR], ["a", "b"], np.array([0.9, 0.1]))
    np.testing.assert_allclose(model.update(np.array([0.3, 0.7]), 0.0), [0.3, 0.7], rtol=1e-6)


def clips(pause_s, rooms, length=8):
    """Tours of one room each, ``pause_s`` between them, a frame a second; and the cuts."""
    step = length - 1 + pause_s
    tours = [([r] * length, [i * step + t for t in range(length)]) for i, r in enumerate(rooms)]
    return tours, [Cut(a, b, pause_s) for a, b in itertools.pairwise(rooms)]


def test_after_a_pause_what_followed_the_cuts_is_expected():
    """Within a clip of one room the belief stays, after a pause it follows the training's order."""
    tours, cuts = clips(6.0, "abcabcabcabc")
    model = Bayes(decorrelation_s=0).fit(tours, ["a", "b", "c"], np.full(3, 1 / 3), cuts)
    assert 1 < model.pause_s_ < 6
    np.testing.assert_array_equal(model.cuts_, [[0, 4, 0], [0, 0, 4], [3, 0, 0]])
    nothing = np.full(3, 1 / 3)

    def after(step_s):
        model.reset()
        model.update(np.array([0.98, 0.01, 0.01]), 0.0)
        return model.update(nothing, step_s)

    assert after(1.0).argmax() == 0
    # four cuts from a to b, and one more reckoned with: half of it as a step, half to any room
    assert after(6.0)[1] == pytest.approx(0.98 * (4 + 0.5 / 3) / 5, abs=0.05)
    assert after(6.0)[2] == pytest.approx(0.98 * (0.5 / 3) / 5, abs=0.03)


def test_steps_of_one_millisecond_on_both_sides_of_the_pause():
    """What was reckoned for a step that is no cut does not serve the cut beside it."""
    tours, cuts = clips(6.0, "abcabc")
    model = Bayes(decorrelation_s=0).fit(tours, ["a", "b", "c"], np.full(3, 1 / 3), cuts)
    short, long = model.pause_s_ - 1e-9, model.pause_s_ + 1e-9
    start, nothing = np.array([0.98, 0.01, 0.01]), np.full(3, 1 / 3)
    found = []
    for order in ((short, long), (long, short)):
        model._transitions.clear()
        for step in order:
            model.reset()
            model.update(start, 0.0)
            found.append(model.update(nothing, step))
    np.testing.assert_array_equal(found[0], found[3])
    np.testing.assert_array_equal(found[1], found[2])
    assert found[0].argmax() != found[1].argmax()


@pytest.mark.parametrize("pause_s", [1.0, 1.9])
def test_cuts_that_no_pause_tells_change_nothing(pause_s):
    """Where a cut takes no longer than a step does elsewhere, steps are steps."""
    tours, cuts = clips(pause_s, "abcabc")
    told = Bayes().fit(tours, ["a", "b", "c"], np.full(3, 1 / 3), cuts)
    plain = Bayes().fit(tours, ["a", "b", "c"], np.full(3, 1 / 3))
    assert told.pause_s_ == plain.pause_s_ == math.inf
    for p in ([0.8, 0.1, 0.1], [0.2, 0.3, 0.5]):
        np.testing.assert_array_equal(*(m.update(np.array(p), 600.0) for m in (told, plain)))


def test_cuts_of_a_sequence_are_learnt():
    """Segments of a training sequence are the tours, and what lies between them the cuts."""
    rooms = [room for room in "abcabc" for _ in range(5)]
    times = [i + 9 * (i // 5) for i in range(30)]
    frames = tuple(FrameEntry(i, t * 10**9, {}, segment=i // 5) for i, t in enumerate(times))
    truth = {i: Truth(room) for i, room in enumerate(rooms)}
    sequence = ImageSequence("clips", Path("clips"), "native", {}, frames, truth=truth)
    classifier = SimpleNamespace(classes_=np.array(["a", "b", "c"]))
    model = fit_temporal(Bayes(), classifier, [sequence])
    np.testing.assert_array_equal(model.cuts_, [[0, 2, 0], [0, 0, 2], [1, 0, 0]])
    assert model.pause_s_ == pytest.approx(math.sqrt(10))
    assert isinstance(fit_temporal(Majority(), classifier, [sequence]), Majority)


def test_near_copies_count_once():
    """Ten frames in a second say as much as one look a second, whatever the frame rate."""
    model = bayes(kidnapping=None)
    model.rates_ = np.zeros((2, 2))
    model.update(np.array([0.5, 0.5]), 0.0)
    for _ in range(10):
        belief = model.update(np.array([0.7, 0.3]), 0.1)
    np.testing.assert_allclose(belief, [0.7, 0.3], rtol=1e-9)


def test_kidnapping():
    """A belief that explains the frames worse than a fresh start by 20 to 1 is dropped."""
    rooms = [f"room{i}" for i in range(8)]
    names = [r for r in rooms[:2] * 20 for _ in range(50)]
    tour = (names, [0.1 * i for i in range(len(names))])
    prior = np.full(8, 1 / 8)
    there = np.full(8, 0.02)
    there[7] = 0.86
    here = np.roll(there, 1)
    needed = {}
    for kidnapping in (3.0, None):
        model = Bayes(decorrelation_s=0, kidnapping=kidnapping).fit([tour], rooms, prior)
        for _ in range(30):
            model.update(here, 0.1)
        needed[kidnapping] = next(i for i in range(1, 50) if model.update(there, 0.1).argmax() == 7)
        assert model.kidnapped == (1 if kidnapping else 0)
    assert needed[3.0] < needed[None]


def test_no_false_kidnapping():
    """Frames that agree with the belief, or walk through a known door, are no kidnapping."""
    model = bayes(decorrelation_s=0)
    for room in TOUR[0] * 3:
        model.update(np.array([0.9, 0.1] if room == "a" else [0.1, 0.9]), 1.0)
    assert model.kidnapped == 0


@pytest.mark.parametrize("name", TEMPORAL.names())
def test_reset(name):
    """After reset a sequence gives what it gave the first time; without it, something else."""
    model = fitted(name)
    p = np.random.default_rng(0).dirichlet(np.ones(3), 6)
    first = [model.update(row, 0.2) for row in p]
    carried = [model.update(row, 0.2) for row in p]
    model.reset()
    again = [model.update(row, 0.2) for row in p]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, carried)


@pytest.mark.parametrize("name", TEMPORAL.names())
@given(
    p=arrays(np.float64, (12, 4), elements=st.floats(0, 1)),
    dt=st.lists(st.floats(0, 1e6), min_size=12, max_size=12),
)
def test_belief_is_a_distribution(name, p, dt):
    """Whatever probabilities and times come, the belief is one: zeros, jumps, no time at all."""
    p = (p + 1e-300) / (p + 1e-300).sum(axis=1, keepdims=True)
    model = fitted(name, 4)
    for row, seconds in zip(p, dt, strict=True):
        belief = model.update(row, seconds)
        assert belief.shape == (4,)
        assert belief.min() >= 0
        assert belief.sum() == pytest.approx(1)


def test_majority():
    """Two of the last three frames say b: b has 2 of 3 votes and the mean as a fourth."""
    model = Majority(frames=3)
    for a in (1.0, 1.0, 0.0, 0.0):
        belief = model.update(np.array([a, 1 - a]), 0.1)
    np.testing.assert_allclose(belief, [(1 + 1 / 3) / 4, (2 + 2 / 3) / 4])


def test_exponential():
    """After one time constant the old weighs 1 / e."""
    model = Exponential(seconds=2.0)
    model.update(np.array([1.0, 0.0]), 0.0)
    belief = model.update(np.array([0.0, 1.0]), 2.0)
    np.testing.assert_allclose(belief, [1 / math.e, 1 - 1 / math.e])


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("majority", {"frames": 0}, "frames: expected a whole number of at least 1, got 0"),
        ("exponential", {"seconds": -1}, "seconds: expected a number above 0, got -1"),
        ("bayes", {"prior": "uniform"}, "prior: expected a number from 0 to 1, got 'uniform'"),
        ("bayes", {"prior": 1.5}, "prior: expected a number from 0 to 1, got 1.5"),
        ("bayes", {"kidnapping": -2.0}, "kidnapping: expected a number above 0, got -2.0"),
    ],
)
def test_refused(name, given, message):
    """A parameter that cannot work is refused by name."""
    with pytest.raises(RobotVisionError, match=message):
        TEMPORAL.create(name, given)


def walk(k, stay, n, trust, rng):
    """A tour of ``k`` rooms that lasts ``stay`` frames in each, with fresh evidence a frame."""
    truth = np.repeat(np.arange(n // stay) % k, stay)
    p = np.full((len(truth), k), (1 - trust) / (k - 1))
    said = np.where(rng.random(len(truth)) < trust, truth, rng.integers(0, k, len(truth)))
    p[np.arange(len(truth)), said] = trust
    return HeldOutStretch(p, truth, np.arange(len(truth)) * 0.5)


def test_what_is_open_is_chosen_on_held_out_stretches():
    """Independent frames each count in full; copies of one look count once."""
    rng = np.random.default_rng(0)
    fresh = walk(4, 40, 800, 0.6, rng)
    rooms = [f"room{i}" for i in range(4)]
    tour = ([rooms[i] for i in fresh.truth], list(fresh.times_s))
    prior = np.full(4, 0.25)
    model = Bayes().fit([tour], rooms, prior).choose([fresh])
    assert model.decorrelation_s_ <= 0.5
    looks = np.arange(len(fresh.truth)) // 8 * 8  # eight frames, four seconds, say the same
    copies = HeldOutStretch(fresh.probabilities[looks], fresh.truth, fresh.times_s)
    assert Bayes().fit([tour], rooms, prior).choose([copies]).decorrelation_s_ >= 2


def test_haste_follows_a_tour_quicker_than_the_training():
    """Held-out stretches that change rooms ten times as often speak for a hasty filter."""
    rng = np.random.default_rng(1)
    rooms = [f"room{i}" for i in range(4)]
    slow = [r for r in rooms * 4 for _ in range(200)]
    tour = (slow, [0.5 * i for i in range(len(slow))])
    quick = walk(4, 6, 600, 0.8, rng)
    model = Bayes(decorrelation_s=0).fit([tour], rooms, np.full(4, 0.25))
    assert model.choose([quick]).haste_ >= 3
    assert Bayes(decorrelation_s=0, haste=1).fit([tour], rooms, np.full(4, 0.25)).haste_ == 1


def test_nothing_held_out_leaves_the_usual_values():
    """Rows of NaN say nothing."""
    nothing = HeldOutStretch(np.full((5, 2), np.nan), np.zeros(5, int), np.arange(5.0))
    model = Bayes().fit([TOUR], ["a", "b"], np.array([0.5, 0.5])).choose([nothing])
    assert (model.decorrelation_s_, model.haste_) == (1.0, 1.0)
