"""The front door: what it offers, how fast it opens, what it says to wrong arguments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import robotvision as rv
from robotvision.systems.base import Reply, System


def test_every_name_of_the_front_page_is_there_and_typed_alike() -> None:
    """Each name is imported on first use, documented, and listed."""
    assert set(rv.__all__) <= set(dir(rv))
    for name in rv.__all__:
        assert callable(getattr(rv, name)), name
        assert (getattr(rv, name).__doc__ or "").strip(), name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = rv.nothing


def test_opening_it_loads_nothing_heavy() -> None:
    """A plain import is as light as before there was a front door."""
    code = (
        "import sys, robotvision\n"
        "print(sorted({'numpy', 'cv2', 'sklearn', 'pydantic', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_plugins_bear_their_class_names() -> None:
    """``rv.features.CRFH`` is the class that the name ``crfh`` stands for."""
    assert rv.features.FEATURES.get("crfh") is rv.features.CRFH
    assert rv.classifiers.CLASSIFIERS.get("svm") is rv.classifiers.SVM
    assert rv.temporal.TEMPORAL.get("bayes") is rv.temporal.Bayes


@pytest.fixture
def sequences(data_root: Path) -> tuple[rv.ImageSequence, rv.ImageSequence]:
    """Return a training sequence and a test sequence."""
    return rv.open_sequence(data_root / "train"), rv.open_sequence(str(data_root / "test"))


Pair = tuple[rv.ImageSequence, rv.ImageSequence]


class Brightest(System):
    """A system of one's own."""

    name = "brightest"
    channels = ("rgb",)

    def answer(self, frame: rv.Frame) -> Reply:
        return Reply(rv.Answer(named_by_color(frame["rgb"])))


def named_by_color(image: np.ndarray) -> str:
    """Return the room of a test sequence by its dominant colour channel."""
    return ("Kitchen", "Hall", "Office")[int(image.mean((0, 1)).argmax())]


def shares(image: np.ndarray) -> np.ndarray:
    """Return probabilities of Hall, Kitchen, Office in the task's order."""
    red, green, blue = image.mean((0, 1))
    weights = np.array([green, red, blue]) ** 4
    return weights / weights.sum()


@pytest.mark.parametrize(
    "recogniser",
    [
        lambda: rv.Recogniser(["hsv_histogram"], "svm"),
        lambda: rv.Recogniser([{"name": "hsv_histogram", "bins": [8, 4, 4]}], {"name": "knn"}),
        lambda: rv.Recogniser([rv.features.HSVHistogram()], LogisticRegression(C=10)),
        lambda: rv.Recogniser(["hsv_histogram"], "ridge", temporal=rv.temporal.Majority(3)),
        lambda: rv.Recogniser(named_by_color),
        lambda: rv.Recogniser(classifier=shares),
        lambda: rv.Recogniser(
            classifier=lambda i: dict(zip(("Hall", "Kitchen", "Office"), shares(i), strict=True))
        ),
        lambda: rv.Recogniser(classifier=lambda f: named_by_color(f["rgb"]), channel=None),
    ],
    ids=["names", "mappings", "objects", "filter", "room", "array", "mapping", "frame"],
)
def test_a_recogniser_takes_names_objects_estimators_and_functions(
    sequences: Pair, recogniser: Callable[[], rv.Recogniser]
) -> None:
    """Whatever it is made of, it knows rooms that are told apart by colour."""
    train, test = sequences
    made = recogniser()
    assert made.fit([train], task="rooms") is made
    run = rv.replay(test, made)
    assert run.score.points > 14
    assert run.score.max_points == 18
    assert run.record.finished
    assert not run.has_failures


def test_a_function_or_a_system_needs_no_recogniser(sequences: Pair) -> None:
    """A bare function is asked frame by frame; a system of one's own, too."""
    _, test = sequences
    assert rv.replay(test, named_by_color).score.points == 18
    assert rv.replay(test, Brightest()).score.points == 18


def test_a_function_that_fails_fails_its_frames(sequences: Pair) -> None:
    """What a function raises, or answers outside the task, is a counted fault, never a stop."""
    _, test = sequences
    count = iter(range(100))

    def shaky(image: np.ndarray) -> object:
        k = next(count)
        return {0: 1 / 0 if k == 0 else None, 1: "Nowhere", 2: [0.5], 3: [np.nan] * 3}.get(k)

    run = rv.replay(test, shaky)
    assert run.score.outcomes["failed"] == 4
    assert run.score.outcomes["unanswered"] == 14
    faults = [f.timed.fault for f in run.record.frames()][:4]
    assert "ZeroDivisionError" in str(faults[0])
    assert "'Nowhere' is none of the task's labels" in str(faults[1])
    assert "3 probabilities" in str(faults[2])
    assert "sum to 1" in str(faults[3])


def test_a_program_answers_from_python(sequences: Pair, tmp_path: Path) -> None:
    """A program over the wire protocol is a recogniser like any other."""
    program = tmp_path / "program.py"
    program.write_text(
        "from robotvision.client import serve\n"
        "def answer(frame):\n"
        "    m = frame.images['rgb'].reshape(-1, 3).mean(0)\n"
        "    return ('Kitchen', 'Hall', 'Office')[int(m.argmax())]\n"
        "serve(answer)\n",
        encoding="utf-8",
    )
    _, test = sequences
    run = rv.replay(test, rv.Program([sys.executable, str(program)]), folder=tmp_path / "out")
    assert run.score.outcomes["failed"] == 0, [f.timed.fault for f in run.record.frames()][:1]
    assert run.score.points == 18


def test_a_program_from_python_sees_no_test_data(sequences: Pair, tmp_path: Path) -> None:
    """What it may read is shown but for the sequence it is asked about, and the run's folder."""
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, sys\n"
        "seen = sorted(os.path.basename(a) for a in sys.argv[1:] if os.listdir(a))\n"
        "for line in sys.stdin.buffer:\n"
        "    m = json.loads(line[5:])\n"
        "    if m['type'] == 'hello':\n"
        "        print('@rv1 ' + json.dumps({'type': 'ready', 'channels': []}), flush=True)\n"
        "    elif m['type'] == 'frame':\n"
        "        a = {'type': 'answer', 'index': m['index'], 'room': None, 'fault': str(seen)}\n"
        "        print('@rv1 ' + json.dumps(a), flush=True)\n",
        encoding="utf-8",
    )
    train, test = (Path(s.root) for s in sequences)
    places = [str(p) for p in (train, test, tmp_path / "out")]
    (tmp_path / "out").mkdir()
    system = rv.Program([sys.executable, "-I", "-S", str(program), *places], read=[test.parent])
    run = rv.replay(sequences[1], system, folder=tmp_path / "out")
    assert str(next(run.record.frames()).timed.fault).endswith(
        f"the program says: ['{train.name}']"
    )


def test_a_model_travels(sequences: Pair, tmp_path: Path) -> None:
    """A saved recogniser answers as the trained one does."""
    train, test = sequences
    trained = rv.Recogniser(["hsv_histogram"], "svm").fit(train)
    loaded = rv.Recogniser.load(trained.save(tmp_path / "model.rvmodel"))
    runs = [rv.replay(test, r) for r in (trained, loaded)]
    answers = [[f.timed.answer for f in run.record.frames()] for run in runs]
    assert answers[0] == answers[1]


WRONG: list[tuple[str, Callable[[Pair], object], str]] = [
    ("sequence", lambda p: rv.open_sequence(3), r"path: expected .*, got 3 \(int\)"),  # type: ignore[arg-type]
    ("features", lambda p: rv.Recogniser("phog").fit(p[0]), "features: expected a list"),
    ("feature", lambda p: rv.Recogniser(["phgo"]).fit(p[0]), r"features\[0\].*did you mean 'phog'"),
    ("no feature", lambda p: rv.Recogniser().fit(p[0]), "features: expected at least one"),
    ("both", lambda p: rv.Recogniser(["phog"], len).fit(p[0]), "features: expected none beside"),
    ("classifier", lambda p: rv.Recogniser(["phog"], 3).fit(p[0]), "classifier: expected"),
    ("class", lambda p: rv.Recogniser(["phog"], LogisticRegression).fit(p[0]), "expected none|exp"),
    ("parameter", lambda p: rv.Recogniser([{"name": "phog", "bin": 3}]).fit(p[0]), "'bin'"),
    ("abstain", lambda p: rv.Recogniser(["phog"], abstain="often").fit(p[0]), "abstain"),
    ("untrained", lambda p: rv.replay(p[1], rv.Recogniser(["phog"])), r"call fit\(sequences\)"),
    ("system", lambda p: rv.replay(p[1], 7), r"recogniser: expected .*got 7 \(int\)"),
    ("no sequence", lambda p: rv.replay([], named_by_color), "at least one sequence"),
    ("policy", lambda p: rv.replay(p[1], named_by_color, policy="fast"), "known: offline"),
    ("option", lambda p: rv.replay(p[1], named_by_color, limt=3), "no option 'limt'"),  # type: ignore[call-arg]
    (
        "clock",
        lambda p: rv.replay(p[1], named_by_color, policy="deadline", clock="asap"),
        "none is late",
    ),
    ("task", lambda p: rv.replay(p[1], named_by_color, task="roms"), "did you mean 'rooms'"),
    ("rate", lambda p: rv.replay(p[1], named_by_color, rate_hz=-1), "rate_hz"),
    ("run", lambda p: rv.read_run(5), r"path: expected a run folder .*got 5 \(int\)"),  # type: ignore[arg-type]
    ("no run", lambda p: rv.read_run("/nowhere"), "cannot be read"),
    ("stage", lambda p: rv.replay(p[1], named_by_color).latency("gist"), "stage 'gist'"),
    ("other run", lambda p: rv.replay(p[1], named_by_color).compare(3), "other: expected a Run"),  # type: ignore[arg-type]
    ("config", lambda p: rv.run(7), "config: expected"),  # type: ignore[arg-type]
    ("keys", lambda p: rv.run({"task": "rooms"}), "the key 'test' is missing"),
]


@pytest.mark.parametrize(("call", "message"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_wrong_arguments_are_told_by_name_and_expected_type(
    sequences: Pair, call: Callable[[Pair], object], message: str
) -> None:
    """What the user can put right is a RobotVisionError that says what was expected."""
    with pytest.raises(rv.RobotVisionError, match=message):
        call(sequences)
