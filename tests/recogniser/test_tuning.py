"""Choosing on held-out training sequences: what is held out, what is found, what is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from robotvision.config.checks import load_config
from robotvision.errors import RobotVisionError
from robotvision.experiment.train import tune_experiment
from robotvision.recogniser.tuning.holdout import Frames, splits
from tests.fixtures.commands import CommandLine

REPO = Path(__file__).parents[2]


SIGNED = """
import numpy as np
from robotvision.features.base import Extractor

class Signed(Extractor):
    dim = 3

    def extract(self, frame):
        return frame.images["rgb"].mean((0, 1)).astype(np.float32) - 128
"""


def tour(rooms: str, sequence: list[int] | None = None, segment: list[int] | None = None) -> Frames:
    n = len(rooms)
    return Frames(
        np.array(sequence or [0] * n),
        np.arange(n),
        np.array(segment or [0] * n),
        np.array(list(rooms)),
    )


def test_whole_sequences_are_held_out() -> None:
    """Each of three sequences once, none of its frames trained on."""
    frames = tour("aabbaabbaabb", [0] * 4 + [1] * 4 + [2] * 4)
    found = splits(frames, 7)
    assert found.unit == "whole sequences"
    assert [sorted(set(frames.sequence[s.test])) for s in found.splits] == [[0], [1], [2]]
    for s in found.splits:
        assert not set(frames.sequence[s.train]) & set(frames.sequence[s.test])


def test_groups_of_consecutive_segments_are_held_out() -> None:
    """Of one sequence with six segments and three folds: two neighbouring segments at a time."""
    frames = tour("ab" * 12, segment=[i // 4 for i in range(24)])
    found = splits(frames, 3)
    assert found.unit == "groups of segments"
    assert [sorted(set(frames.segment[s.test])) for s in found.splits] == [[0, 1], [2, 3], [4, 5]]


def test_an_unbroken_tour_loses_thirds_with_a_gap() -> None:
    """The frames beside what is held out are not trained on: they are its near-copies."""
    frames = tour("a" * 60 + "b" * 60)
    found = splits(frames, 7)
    assert found.unit == "thirds of each room"
    for s in found.splits:
        for room in "ab":
            train, test = (rows[frames.rooms[rows] == room] for rows in (s.train, s.test))
            assert np.abs(train[:, None] - test[None]).min() > 3
        assert set(frames.rooms[s.train]) == {"a", "b"}


def test_rooms_that_only_the_held_out_part_shows_are_not_asked_about() -> None:
    """Nobody could answer them."""
    frames = tour("aabbaacc", [0] * 4 + [1] * 4)
    found = splits(frames, 7)
    for s in found.splits:
        assert set(frames.rooms[s.test]) <= set(frames.rooms[s.train])


def test_rooms_that_one_segment_alone_shows_are_asked_about_in_blocks() -> None:
    """Five segments; three rooms lie in one of them each: every room is asked about."""
    frames = tour(
        "a" * 20 + "b" * 20 + "c" * 20 + "d" * 20 + "a" * 20, None, sorted([*range(5)] * 20)
    )
    found = splits(frames, 5)
    assert found.unit == "groups of segments, and blocks of rooms that one alone shows"
    assert set(frames.rooms[found.asked]) == set("abcd")
    assert len(found.asked) == len(frames)
    for s in found.splits:
        assert set(frames.rooms[s.test]) <= set(frames.rooms[s.train])
        for room in "bcd":
            train, test = (rows[frames.rooms[rows] == room] for rows in (s.train, s.test))
            assert not len(test) or np.abs(train[:, None] - test[None]).min() > 1


def test_rooms_that_one_group_of_segments_alone_shows_are_asked_about_by_segment() -> None:
    """Eight segments, two at a time; the two that show c are held out one by one."""
    frames = tour("abab" + "cccc" + "abababab", None, sorted([*range(8)] * 2))
    found = splits(frames, 4)
    assert len(found.asked) == len(frames)
    asked = [sorted(set(frames.segment[s.test[frames.rooms[s.test] == "c"]])) for s in found.splits]
    assert sorted(filter(None, asked)) == [[2], [3]]
    for s in found.splits:
        assert set(frames.rooms[s.test]) <= set(frames.rooms[s.train])
        assert not set(s.test) & set(s.train)


def test_a_random_split_overstates() -> None:
    """On sequences whose frames drift like a robot's, neighbours give a false certainty.

    Two rooms, whose visits differ more from each other than the rooms do: a random split finds
    each held-out frame's neighbour in training, whole visits do not.
    """
    rng = np.random.default_rng(1)
    x, rooms, segments = [], [], []
    for visit in range(24):
        start = rng.normal(size=8) * 3
        x.append(start + np.cumsum(rng.normal(size=(25, 8)) * 0.05, axis=0))
        rooms += ["ab"[visit % 2]] * 25
        segments += [visit] * 25
    vectors, frames = np.concatenate(x), tour("".join(rooms), segment=segments)
    knn = KNeighborsClassifier(1)
    honest = [(s.train, s.test) for s in splits(frames, 12).splits]
    shuffled = KFold(12, shuffle=True, random_state=0)
    at_random = cross_val_score(knn, vectors, frames.rooms, cv=shuffled).mean()
    held_out = cross_val_score(knn, vectors, frames.rooms, cv=honest).mean()
    assert at_random > 0.99
    assert held_out < 0.85


@pytest.fixture
def small(tmp_path: Path) -> Callable[[str], Path]:
    """A configuration on the committed sequences, every frame of a part of them."""

    def make(tune: str, features: str = "[hsv_histogram]") -> Path:
        path = tmp_path / "small.yaml"
        path.write_text(
            "task: rooms\n"
            f"train:\n  - {{path: {REPO}/sequences/building_cloudy, frames: [0, 70]}}\n"
            f"  - {{path: {REPO}/sequences/building_sunny, frames: [0, 70]}}\n"
            f"test:\n  - {{path: {REPO}/sequences/building_night, frames: [0, 5]}}\n"
            f"features: {features}\nclassifier: {{name: svm, kernel: chi2, C: 10}}\n{tune}"
        )
        return path

    return make


def test_the_score_is_that_of_a_run_on_the_held_out_sequence(
    small: Callable[[str], Path], tmp_path: Path
) -> None:
    """Oracle: train on one sequence, run over the other, both ways; the same points to the last."""
    setup = load_config(small("tune: {classifier: [knn, {name: svm, kernel: chi2, C: 10}]}\n"))
    tuned = tune_experiment(setup)
    assert tuned.unit == "whole sequences"
    by_name = {getattr(c.chosen["classifier"], "name", "knn"): c for c in tuned.candidates}
    from robotvision.experiment.run import run as run_experiment

    total = frames = 0.0
    for here, there in (("cloudy", "sunny"), ("sunny", "cloudy")):
        path = tmp_path / "way.yaml"
        path.write_text(
            "task: rooms\n"
            f"train: [{{path: {REPO}/sequences/building_{here}, frames: [0, 70]}}]\n"
            f"test: [{{path: {REPO}/sequences/building_{there}, frames: [0, 70]}}]\n"
            "features: [hsv_histogram]\nclassifier: {name: svm, kernel: chi2, C: 10}\n"
        )
        folder = tmp_path / f"run-{here}"
        folder.mkdir()
        try:
            run = run_experiment(load_config(path), folder)
        except Exception as e:  # a room of the test that training does not show
            pytest.fail(str(e))
        total += run.tallies["test"].points
        frames += run.tallies["test"].frames
    assert by_name["svm"].points.sum() == pytest.approx(total)
    assert len(by_name["svm"].points) == frames


def test_a_candidate_that_fails_is_told_and_the_others_go_on(
    small: Callable[[str], Path], robotvision: CommandLine
) -> None:
    """A χ² kernel cannot take negative numbers; k-NN can."""
    (small("").parent / "tests_signed.py").write_text(SIGNED)
    path = small(
        "tune:\n  classifier: [knn, {name: svm, kernel: chi2}]\n",
        "[{name: tests_signed.Signed}]",
    )
    done = robotvision("tune", path, "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["candidates"][0]["classifier"] == "knn"
    assert "at least 0" in found["candidates"][1]["problem"]


def test_rooms_asked_and_never_asked_about_are_reported(
    tmp_path: Path, robotvision: CommandLine
) -> None:
    """Of an unbroken sequence a room of four frames is never held out; of the others all frames."""
    path = tmp_path / "one.yaml"
    path.write_text(
        "task: rooms\n"
        f"train: [{{path: {REPO}/sequences/building_cloudy, frames: [0, 51]}}]\n"
        f"test: [{{path: {REPO}/sequences/building_night, frames: [0, 5]}}]\n"
        "features: [hsv_histogram]\nclassifier: knn\ntune: {classifier: [knn, prototype]}\n"
    )
    done = robotvision("tune", path, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sum(found["rooms_asked"].values()) == found["frames"]
    assert found["frames"] + found["not_asked"] == 51
    text = " ".join(robotvision("tune", path).stdout.split())
    for room, n in found["rooms_asked"].items():
        assert f"{room} {n}" in text
    assert found["rooms_not_asked"] == ["Toilet"]
    assert "rooms never asked about: Toilet" in text


def test_channels_left_open_are_settled_for_each_candidate(small: Callable[[str], Path]) -> None:
    """``channel: auto`` and ``optional`` work in what is tried, and are told as they were given."""
    cues = "{name: hsv_histogram, channel: auto}"
    odd = "{name: stereo_depth, optional: true}"
    path = small(f"tune:\n  features: [[{cues}], [{cues}, {odd}], [{{name: stereo_depth}}]]\n")
    tuned = tune_experiment(load_config(path))
    first, second, third = tuned.candidates
    assert first.per_frame == second.per_frame > 0
    assert all(c.chosen["features"][0].params == {"channel": "auto"} for c in (first, second))
    assert "does not have" in third.problem


def test_the_best_is_written_and_runs(
    small: Callable[[str], Path], tmp_path: Path, robotvision: CommandLine
) -> None:
    """The file says where it comes from, has no section to tune, and loads."""
    path = small("tune: {integration: [average, concatenation]}\n", "[hsv_histogram, lbp]")
    best = tmp_path / "best.yaml"
    done = robotvision("tune", path, "-o", best)
    assert done.returncode == 0, done.stderr
    assert "Held out: whole sequences, 2 splits" in done.stdout.replace("\n", " ")
    text = best.read_text()
    assert text.startswith("# The best of 2 candidates")
    setup = load_config(best)
    assert setup.config.tune is None
    assert setup.config.integration in ("average", "concatenation")


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ("", "expected a section 'tune'"),
        ("tune: {}\n", "expected a section 'tune'"),
        ("tune: {clasifier: [knn]}\n", "did you mean 'classifier'?"),
        ("tune: {features: [[phogg]]}\n", "did you mean 'phog'?"),
        ("tune: {integration: [averge]}\n", "did you mean 'average'?"),
        ("tune: {temporal: [bayes]}\n", "obligatory mode forbids"),
    ],
)
def test_bad_sections_are_refused_in_a_line(
    small: Callable[[str], Path], tune: str, message: str
) -> None:
    """The file is named and what is near to what was meant."""
    path = small(tune)
    with pytest.raises(RobotVisionError) as caught:
        tune_experiment(load_config(path))
    assert message in str(caught.value)
    assert "small.yaml" in str(caught.value)


def test_the_shipped_grid_is_whole() -> None:
    """``configs/tune.yaml`` names what exists."""
    config = load_config(REPO / "configs" / "tune.yaml").config
    assert config.tune is not None
    assert len(config.tune.features) == 2
