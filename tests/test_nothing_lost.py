"""Whatever ends a run, the answers so far are kept, and it can go on."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from robotvision.records import Answer
from robotvision.runs.log import read_log

Config = Callable[..., Path]
CLI = [sys.executable, "-c", "from robotvision.cli import main; main()"]
WALL = "{clock: wall, policy: queue, rate_hz: 40}"
"""Slow enough to be killed in the middle of."""


def answers(folder: Path) -> list[Answer]:
    return [f.timed.answer for f in read_log(folder).frames()]


def robotvision(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [*CLI, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload,no-any-return]


def killed(path: Path, out: Path, frames: int) -> None:
    """Start a run and kill -9 it once so many frames stand in its log."""
    process = subprocess.Popen(
        [*CLI, "run", str(path), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 100
    log = out / "run.jsonl"
    while time.monotonic() < until:
        if log.exists() and log.read_bytes().count(b'"type":"frame"') >= frames:
            break
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_kill_9_at_any_frame_then_resume_gives_the_same_answers(
    config: Config, tmp_path: Path
) -> None:
    """A run without memory goes on at the next frame; killed again and again, nothing differs."""
    path = config(replay="{clock: asap}")
    robotvision("run", path, "--out", tmp_path / "whole")
    whole = answers(tmp_path / "whole")
    moments = Random(5).sample(range(1, len(whole)), 5)
    for k, frames in enumerate(moments):
        out = tmp_path / f"run{k}"
        killed(path, out, frames)
        done = robotvision("run", "--resume", out, "--json")
        assert done.returncode == 0, done.stderr
        assert answers(out) == whole
        assert json.loads(done.stdout)["frames"] == len(whole)


def test_with_a_running_clock_the_sequence_begins_again(config: Config, tmp_path: Path) -> None:
    """What was kept of the sequence does not count twice."""
    path = config(replay=WALL)
    out = tmp_path / "run"
    killed(path, out, 5)
    kept = len(answers(out))
    assert 5 <= kept < 18
    done = robotvision("run", "--resume", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 18
    assert "begun again" in done.stderr


def test_a_full_disk_keeps_the_answers_so_far(config: Config, tmp_path: Path) -> None:
    """One line says what is full and how to go on; the resumed run goes to its end."""
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*CLI, "run", str(config(replay=WALL)), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = out / "run.jsonl"
    while not (log.exists() and b'"type":"frame"' in log.read_bytes()):
        assert process.poll() is None
        time.sleep(0.002)
    limit = log.stat().st_size + 300  # as a full disk does: a write that is cut, then refused
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    _, stderr = process.communicate(timeout=100)
    assert process.returncode == 2
    assert "run.jsonl: cannot be written (File too large); the answers before are kept" in stderr
    assert f"robotvision run --resume {out}" in stderr
    assert "Traceback" not in stderr
    assert 0 < len(answers(out)) < 18
    again = robotvision("run", "--resume", out)
    assert again.returncode == 0, again.stderr
    assert len(answers(out)) == 18


@pytest.mark.parametrize("kind", ["file", "run"])
def test_a_folder_that_cannot_be_written_is_told_at_once(
    config: Config, tmp_path: Path, kind: str
) -> None:
    """Before anything is trained. A file in the way stands for every reason, to root as well."""
    path = config()
    (tmp_path / "way").write_text("in the way")
    out = tmp_path / "way" / "run"
    if kind == "run":
        out = tmp_path / "out"
        (out / "config.yaml").mkdir(parents=True)
    done = robotvision("run", path, "--out", out)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()[-1:]) == 1
    assert "cannot be" in done.stderr
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_program_that_never_gets_ready_fails_every_frame(config: Config, tmp_path: Path) -> None:
    """The run goes to its end: exit 1, every frame FAILED, the program's words kept."""
    program = tmp_path / "program.py"
    program.write_text("import sys\nsys.exit('no model here')\n")
    text = f"system: {{command: [{sys.executable}, {program}], restarts: 1}}\n"
    path = config(text, train="", features="", classifier="")
    path.write_text(path.read_text().replace("task: rooms", "task: imageclef2009"))
    done = robotvision("run", path, "--out", tmp_path / "out", "--json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["outcomes"]["failed"] == report["frames"] == 18
    assert "no model here" in (tmp_path / "out" / "system.log").read_text()
    assert os.listdir(tmp_path / "out").count("report.json") == 1
