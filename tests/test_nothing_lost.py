"""Whatever ends a run, the answers so far are kept, and it can go on."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.records import Answer
from robotvision.runs.log import read_log
from tests.fixtures.patience import PATIENCE_S

Config = Callable[..., Path]
sys.path.append(str(Path(__file__).parents[1] / "scripts"))  # as its forked processes import it
import kill_runs  # noqa: E402

WALL = "{clock: wall, policy: queue, rate_hz: 40}"
"""Slow enough to be killed in the middle of."""


def answers(folder: Path) -> list[Answer]:
    return [f.timed.answer for f in read_log(folder).frames()]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> kill_runs.Commands:
    """Return what runs the command line in processes of their own, forked ready imported."""
    return kill_runs.Commands(tmp_path_factory.mktemp("commands"))


def test_runs_killed_at_random_moments_end_as_the_uninterrupted_one() -> None:
    """In process, with memory, and a program: the same log, run files, points and outcomes.

    The short form of ``scripts/kill_runs.py``; a kill may fall before the first line, within a
    frame, between a header and its first frame, into the reports, or into a run already resumed.
    """
    found = list(kill_runs.trials(6, 40, ["in process", "memory", "program"]))
    assert [(kind, difference) for kind, _, difference in found if difference] == []
    assert sum(n for _, n, _ in found) >= 6


def test_a_full_disk_keeps_the_answers_so_far(
    config: Config, tmp_path: Path, commands: kill_runs.Commands
) -> None:
    """One line says what is full and how to go on; the resumed run goes to its end."""
    out = tmp_path / "out"
    process = commands.start("run", config(replay=WALL), "--out", out)
    log = out / "run.jsonl"
    while not (log.exists() and b'"type":"frame"' in log.read_bytes()):
        assert process.is_alive()
        time.sleep(0.002)
    limit = log.stat().st_size + 300  # as a full disk does: a write that is cut, then refused
    assert process.pid is not None
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    process.join(PATIENCE_S)
    stderr = commands.errors.read_text()
    assert process.exitcode == 2
    assert "run.jsonl: cannot be written (File too large); the answers before are kept" in stderr
    assert f"robotvision run --resume {out}" in stderr
    assert "Traceback" not in stderr
    assert 0 < len(answers(out)) < 18
    assert commands.run("run", "--resume", out) == 0, commands.errors.read_text()
    assert "begun again, since" in commands.errors.read_text()  # a clock ran
    assert len(answers(out)) == 18


@pytest.mark.parametrize("kind", ["file", "run"])
def test_a_folder_that_cannot_be_written_is_told_at_once(
    config: Config, tmp_path: Path, kind: str, commands: kill_runs.Commands
) -> None:
    """In one line. A file in the way stands for every reason, to root as well."""
    (tmp_path / "way").write_text("in the way")
    out = tmp_path / "way" / "run"
    if kind == "run":
        out = tmp_path / "out"
        (out / "config.yaml").mkdir(parents=True)
    assert commands.run("run", config(), "--out", out) == 2
    stderr = commands.errors.read_text()
    assert len(stderr.strip().splitlines()[-1:]) == 1
    assert "cannot be" in stderr
    assert str(tmp_path) in stderr
    assert "Traceback" not in stderr


def test_a_program_that_never_gets_ready_fails_every_frame(
    config: Config, tmp_path: Path, commands: kill_runs.Commands
) -> None:
    """The run goes to its end: exit 1, every frame FAILED, the program's words kept."""
    program = tmp_path / "program.py"
    program.write_text("import sys\nsys.exit('no model here')\n")
    text = f"system: {{command: [{sys.executable}, {program}], restarts: 1}}\n"
    path = config(text, train="", features="", classifier="")
    path.write_text(path.read_text().replace("task: rooms", "task: imageclef2009"))
    assert commands.run("run", path, "--out", tmp_path / "out", "--json") == 1
    report = json.loads(commands.output.read_text())
    assert report["outcomes"]["failed"] == report["frames"] == 18
    assert "no model here" in (tmp_path / "out" / "system.log").read_text()
    assert os.listdir(tmp_path / "out").count("report.json") == 1
