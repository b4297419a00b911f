"""Zones never seen: told from frames in their order, where single frames would not be believed."""

from pathlib import Path

import numpy as np
import pytest

from robotvision.classifiers.training_set import TrainingSet
from robotvision.config.experiment import unknown_rule
from robotvision.config.schema import Config, DecisionConfig, UnknownConfig
from robotvision.errors import RobotVisionError
from robotvision.recogniser.model_file import load_model, save_model
from robotvision.recogniser.unknown_zone import EVEN, PRIOR, UnknownZone, relative
from robotvision.tasks import load_task

DIM, N_ROOMS = 40, 5


def rooms(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``n`` vectors a room, (N_ROOMS + 1) * n in all, and their rooms; the last is new."""
    middle = 3 * np.eye(N_ROOMS + 1, DIM)  # each as far from all others
    y = np.repeat(np.arange(N_ROOMS + 1), n)
    x = middle[y] + 0.3 * np.random.default_rng(seed).normal(size=(len(y), DIM))
    return x.astype(np.float32), y


def zone(n_rooms: int = N_ROOMS) -> UnknownZone:
    x, y = rooms(12, 1)
    x, y = x[y < n_rooms], y[y < n_rooms]
    training = TrainingSet(x, y.astype(str), np.zeros(len(y), np.int64))
    return UnknownZone().fit(training, [slice(0, DIM)])


def beliefs(chosen: UnknownZone, vectors: np.ndarray, dt_s: float = 1.0) -> np.ndarray:
    chosen.reset()
    return np.array([chosen.update(v, dt_s if i else None) for i, v in enumerate(vectors)])


def test_a_zone_is_noticed_and_left_again() -> None:
    """Unknown where new rooms last, known again within a few frames of a trained one."""
    x, y = rooms(120, 2)
    known, new = x[y == 0], x[y == N_ROOMS]
    given = beliefs(zone(), np.concatenate([known, new, known]))
    assert given[:120].max() < 0.05
    assert given[200:240].min() > 0.5
    assert given[250:].max() < 0.1


def test_frames_far_from_every_room_do_not_count() -> None:
    """Known rooms in images that something moved away from all that was seen stay known."""
    x, y = rooms(120, 7)
    moved = x.copy()
    moved[:, -1] += 9
    assert zone().score(moved[0]) > EVEN  # as strange as a new room
    assert beliefs(zone(), moved[y < N_ROOMS]).max() < 0.05
    assert beliefs(zone(), x[y == N_ROOMS]).max() > 0.5


def test_a_single_strange_frame_is_not_believed() -> None:
    """One frame of a new room among known ones leaves the belief below a half."""
    x, y = rooms(10, 3)
    assert beliefs(zone(), np.concatenate([x[:5], x[y == N_ROOMS][:1], x[5:10]])).max() < 0.5


def test_frames_that_follow_closely_count_for_less() -> None:
    """Ten frames within half a second say less than five over two."""
    x, y = rooms(10, 4)
    new = x[y == N_ROOMS]
    assert beliefs(zone(), new, 0.05)[-1] < beliefs(zone(), new, 0.5)[4]


def test_a_new_sequence_begins_at_the_prior() -> None:
    x, y = rooms(120, 5)
    chosen = zone()
    assert beliefs(chosen, x[y == N_ROOMS])[-1] > 0.5
    chosen.reset()
    assert chosen.unknown_ == PRIOR


def test_further_views_change_nothing() -> None:
    """The plain view of each training frame is compared with, whatever stands beside it."""
    x, y = rooms(12, 1)
    x, y = x[y < N_ROOMS], y[y < N_ROOMS]
    both = np.stack([x, x + 9], axis=1).reshape(-1, DIM)
    training = TrainingSet(both, np.repeat(y, 2).astype(str), np.zeros(len(both), int), n_views=2)
    viewed = UnknownZone().fit(training, [slice(0, DIM)])
    assert viewed.score(x[3]) == pytest.approx(zone().score(x[3]))


def test_relative_by_hand() -> None:
    """1 against the mean of 3 and 5; all alike: 1; no distances at all: 0."""
    given = relative(np.array([[3.0, 1.0, 5.0], [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(given, [0.25, 1.0, 0.0])


def test_two_rooms_are_too_few() -> None:
    with pytest.raises(RobotVisionError, match="at least three training rooms, got 2"):
        zone(2)


def test_a_model_file_keeps_it(tmp_path: Path) -> None:
    """Read again, the same score."""
    chosen, x = zone(), rooms(1, 6)[0][0]
    save_model(tmp_path / "m", {"zone": chosen}, {})
    assert load_model(tmp_path / "m")[0]["zone"].score(x) == chosen.score(x)


def test_a_model_file_from_before_distance_counted_is_read(tmp_path: Path) -> None:
    """What such a file lacks is learnt again from what it has."""
    chosen, x = zone(), rooms(9, 6)[0]
    expected = beliefs(chosen, x)
    del chosen.far_
    save_model(tmp_path / "m", {"zone": chosen}, {})
    read = load_model(tmp_path / "m")[0]["zone"]
    np.testing.assert_allclose(beliefs(read, x), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("task", "temporal", "wanted", "expected"),
    [
        ("rooms", "bayes", "auto", "zone"),
        ("rooms", None, "auto", "never"),
        ("rooms", None, "zone", "zone"),
        ("rooms", "bayes", "never", "never"),
        ("rooms", "bayes", 0.3, "never"),
        ("rooms", None, "detect", UnknownConfig()),
        ("imageclef2010", "bayes", "auto", UnknownConfig()),
        ("imageclef2012", "bayes", "auto", "never"),
    ],
)
def test_the_rule_is_the_tasks(
    task: str, temporal: str | None, wanted: object, expected: object
) -> None:
    """Frame by frame where unknown rooms are expected, else zones where frames are in order."""
    config = Config(
        task=task,
        test=[],
        mode="optional",
        temporal=temporal,
        decision=DecisionConfig(unknown=wanted),  # type: ignore[arg-type]
    )
    assert unknown_rule(config, load_task(task)) == expected
