"""The protocol's page tells the truth: its program runs, its lines are understood."""

import json
import re
import sys
from pathlib import Path

import pytest

from robotvision.systems import synthetic_sequence, wire
from robotvision.systems.base import Session, View
from robotvision.systems.check_program import TRIAL_TASK, try_system
from robotvision.systems.program import Program
from robotvision.tasks.model import ObjectPoints, Points, Task

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()


def test_the_program_of_the_page_passes(tmp_path: Path) -> None:
    """It passes every check; that it never names a room is noted."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    (tmp_path / "p.py").write_text(program)
    trial = try_system(Program([sys.executable, str(tmp_path / "p.py")]), pause_s=0)
    assert trial.ok, trial.checks
    assert [c.name for c in trial.checks if c.ok is None] == ["labels"]


def test_the_lines_of_the_page_are_understood() -> None:
    """Its ready and answer are accepted, its other lines have the keys that are really sent."""
    task = Task(
        id="imageclef2013",
        rooms=("Corridor", "Hall"),
        objects=("Chair",),
        points=Points(objects=ObjectPoints()),
    )
    lines = re.findall(r"^@rv1 .*$", PAGE, re.M)
    shown = {m["type"]: m for m in (json.loads(x[5:].replace("{...}", "{}")) for x in lines)}
    assert set(shown) == {"hello", "ready", "reset", "frame", "answer", "bye"}
    view = synthetic_sequence.view(640, 480)
    ready = wire.ready(shown["ready"], view, ["shm", "pipe"])
    assert ready == wire.Ready("my recogniser", ("rgb", "depth"), "shm")
    answer, stages = wire.answer(shown["answer"], task)
    assert (answer.room, answer.confidence, dict(answer.objects)) == (
        "Corridor",
        0.83,
        {"Chair": True},
    )
    assert sum(stages.values()) == 3_300_000
    sent = wire.hello(Session(task), view, ["shm", "pipe"], {"fd": 7, "path": "", "bytes": 1})
    assert set(sent) == set(shown["hello"])
    assert set(sent["task"]) == set(shown["hello"]["task"])


def test_the_frame_line_is_as_shown(tmp_path: Path) -> None:
    """A program that prints what it gets shows the keys of the page."""
    text = (
        "import sys\n"
        "for line in sys.stdin:\n"
        "    print('got', line[5:])\n"
        "    if 'hello' in line[:20]: print('@rv1 {\"type\":\"ready\"}')\n"
        "    sys.stdout.flush()\n"
    )
    (tmp_path / "p.py").write_text(text)
    with Program([sys.executable, str(tmp_path / "p.py")], timeout_s=1.5, restarts=0) as system:
        system.start(Session(TRIAL_TASK, deadline_ns=5))
        system.reset(View(synthetic_sequence.view(64, 48).channels))
        with pytest.raises(Exception, match="no answer within"):
            system.answer(synthetic_sequence.frames(1)[0])
    (line,) = re.findall(r'^got (\{"type":"frame".*)$', system.log, re.M)
    (shown,) = re.findall(r'^@rv1 (\{"type":"frame".*)$', PAGE, re.M)
    assert list(json.loads(line)) == list(json.loads(shown))
    assert list(json.loads(line)["images"]) == ["rgb", "left", "right", "depth", "points"]
