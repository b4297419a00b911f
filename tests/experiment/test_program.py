"""Programs in a whole run: faults are counted and named, the log is kept, a resume is right."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.config.checks import load_config
from robotvision.config.schema import SystemConfig
from robotvision.errors import RobotVisionError
from robotvision.experiment.recognisers import data_of
from robotvision.experiment.recognisers import program as program_of
from robotvision.experiment.run import run
from robotvision.features import cache_root
from robotvision.runs.log import read_log
from tests.fixtures.commands import CommandLine

Config = Callable[..., Path]
PROGRAM = """
import json, os, signal, sys, time
def say(text):
    sys.stdout.write(text + "\\n")
    sys.stdout.flush()
def answer(i, room="Hall", **more):
    say("@rv1 " + json.dumps({"type": "answer", "index": i, "room": room, **more}))
seen = 0
for line in sys.stdin.buffer:
    m = json.loads(line[5:])
    if m["type"] == "hello":
        transport = m["transports"][0]
        say('@rv1 {"type": "ready", "channels": ["rgb"]}')
    elif m["type"] == "reset":
        seen = 0
        print("reset", file=sys.stderr, flush=True)
    elif m["type"] == "frame":
        if transport == "pipe":
            sys.stdin.buffer.read(m["bytes"])
        seen += 1
        i = m["index"]
        what = sys.argv[1:][i] if i < len(sys.argv) - 1 else ""
        print("frame", i, what, file=sys.stderr, flush=True)
        if what == "exit0": sys.exit(0)
        if what == "crash": raise RuntimeError("fell over")
        if what == "segv": os.kill(os.getpid(), signal.SIGSEGV)
        if what == "kill9": os.kill(os.getpid(), signal.SIGKILL)
        if what == "hang": time.sleep(1000)
        if what == "malformed": say('@rv1 {"type": ')
        elif what == "other": answer(i + 1000)
        elif what == "label": answer(i, "Hal")
        elif what == "nan": answer(i, confidence=float("nan"))
        elif what == "stdout":
            os.close(1)
            time.sleep(1000)
        elif what == "stdin":
            answer(i)
            os.close(0)
            time.sleep(1000)
        elif what == "flood":
            for _ in range(10486): sys.stdout.buffer.write(b"x" * 99999 + b"\\n")
            time.sleep(1000)
        else:
            answer(i, "Hall" if seen % 2 else "Office")
            if what == "twice": answer(i, "Hall" if seen % 2 else "Office")
    elif m["type"] == "bye":
        break
"""
FAULTS = {
    "": "", "exit0": "ended with exit status 0", "crash": "RuntimeError: fell over",
    "segv": "was ended by SIGSEGV", "kill9": "was ended by SIGKILL",
    "hang": "no answer within 1.5 s", "malformed": "malformed line", "other": "is for frame 1007",
    "label": "room 'Hal' is not a label of the task; did you mean 'Hall'",
    "nan": "confidence: expected a number from 0 to 1, got nan", "stdout": "closed its stdout",
    "flood": "no answer within 1.5 s",
}  # fmt: skip


@pytest.fixture
def program(config: Config, data_root: Path) -> Config:
    """Return a function that writes the configuration of a program."""

    def write(*words: str, system: str = "", **keys: str) -> Path:
        script = data_root / "program.py"
        script.write_text(PROGRAM)
        argv = json.dumps([sys.executable, "-I", "-S", str(script), *words])
        return config(
            f"system: {{command: {argv}, timeout_s: 1.5, start_timeout_s: 60.0{system}}}\n",
            train="",
            features="",
            classifier="",
            task="own.yaml",
            **keys,
        )

    rooms = "[Hall, Office, Kitchen]"
    (data_root / "own.yaml").write_text(f"extends: rooms\nrooms: {rooms}\n")
    return write


def outcome(out: Path) -> list[tuple[object, object]]:
    return [(f.timed.answer, f.timed.fault) for f in read_log(out).frames()]


@pytest.mark.parametrize("transport", ["shm", "pipe"])
def test_every_fault_is_a_failed_frame_and_the_run_goes_on(
    program: Config, tmp_path: Path, transport: str, robotvision: CommandLine
) -> None:
    """One run, a fault at each frame: each counted and named, exit 1, the program's log kept."""
    words = [*FAULTS, "stdin", "", "twice", ""]
    path = program(*words, system=f", restarts: 20, transport: {transport}")
    done = robotvision("run", path, "--out", tmp_path / "out", "--json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    told = [str(f.timed.fault or "") for f in read_log(tmp_path / "out").frames()]
    expected = [*FAULTS.values(), "", "closed its stdin", "", "a second time", "", ""]
    assert len(told) == len(expected) == report["frames"] == 18
    for fault, part in zip(told, expected, strict=True):
        assert part in fault
        assert bool(part) == bool(fault), fault
    assert report["outcomes"]["failed"] == sum(map(bool, expected))
    log = (tmp_path / "out" / "system.log").read_bytes()
    assert b"bytes more of this frame were cut here (a frame's log is full" in log
    assert len(log) < 2 << 20


def test_restarts_end_and_the_run_does_not(
    program: Config, tmp_path: Path, robotvision: CommandLine
) -> None:
    """After the last restart the frames left fail with one message, and are all there."""
    path = program(*["crash"] * 18, system=", restarts: 2")
    done = robotvision("run", path, "--out", tmp_path / "out", "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["outcomes"]["failed"] == 18
    told = [fault for _, fault in outcome(tmp_path / "out")]
    assert len(set(told[3:])) == 1
    assert str(told[3]).endswith("given up after 2 restarts")
    assert (tmp_path / "out" / "system.log").read_text().count("[robotvision] started") == 3


def test_what_a_program_must_not_see_is_hidden(
    program: Config, data_root: Path, tmp_path: Path
) -> None:
    """Test data, files that a reader's parameters name, the run's folder and the cache."""
    (data_root / "labels.csv").write_text("0,Hall\n")
    test = "[{path: test, reader: native, params: {x: ../labels.csv, y: none.csv}}]"
    experiment = load_config(program(test=test))
    (spec,) = experiment.parts[0].test
    hidden = data_of([spec])
    assert hidden == {data_root / "test", data_root / "labels.csv"}
    log = tmp_path / "out" / "system.log"
    config = experiment.config.system
    assert isinstance(config, SystemConfig)
    made = program_of(config, data_root, log, hidden, [data_root / "train"])
    options = made.supervisor.options
    assert {*options.hide} == {*hidden, cache_root()}
    assert options.training == [data_root / "train"]


@pytest.mark.parametrize(
    ("mode", "fresh", "test", "codes"),
    [
        ("obligatory", "run", "[test, train]", ["program-memory"]),
        ("obligatory", "sequence", "[test, train]", []),
        ("optional", "run", "[test, train]", []),
        ("obligatory", "run", "[test]", []),
    ],
)
def test_memory_that_outlives_a_reset_is_told(
    mode: str, fresh: str, test: str, codes: list[str], program: Config, tmp_path: Path
) -> None:
    """In the obligatory mode, over more than one sequence, unless each has a program of its own."""
    path = program(mode=mode, test=test, system=f", fresh: {fresh}")
    (tmp_path / "out").mkdir()
    run(load_config(path), tmp_path / "out")
    record = read_log(tmp_path / "out")
    assert [n["code"] for n in record.notices()] == codes
    assert not any(f.timed.fault for f in record.frames())


def test_a_full_disk_under_the_program_log_costs_the_log_alone(
    program: Config, tmp_path: Path, robotvision: CommandLine
) -> None:
    """The run goes on and says what is lost."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "system.log").symlink_to("/dev/full")
    done = robotvision("run", program(), "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 18
    words = "system.log: cannot be written (No space left on device); the rest of the program's"
    assert words in " ".join(done.stderr.split())


@pytest.mark.parametrize("mode", ["obligatory", "optional"])
def test_a_resumed_program_with_memory_begins_the_sequence_again(
    program: Config, tmp_path: Path, mode: str, robotvision: CommandLine
) -> None:
    """Where earlier frames may be used, half a sequence is not gone on with."""
    path = program(mode=mode)
    robotvision("run", path, "--out", tmp_path / "whole")
    whole = outcome(tmp_path / "whole")
    out = tmp_path / "whole"
    lines = (out / "run.jsonl").read_bytes().splitlines(keepends=True)
    (out / "run.jsonl").write_bytes(b"".join(lines[: 2 + 7]) + lines[9][:50])
    done = robotvision("run", "--resume", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 18
    assert ("begun again" in done.stderr) == (mode == "optional")
    again = outcome(out)
    assert (again == whole) == (mode == "optional")  # it counts frames, which obligatory forbids
    assert again[:7] == whole[:7]


def test_a_program_named_relative_to_its_configuration_is_resumed(
    config: Config, data_root: Path, tmp_path: Path, robotvision: CommandLine
) -> None:
    """The kept configuration names the program and what it may read by absolute paths."""
    (data_root / "answerer.py").write_text(PROGRAM, encoding="utf-8")
    (data_root / "more").mkdir()
    system = f"{{command: [{sys.executable}, answerer.py], read: [more], isolation: none}}"
    path = config(features="", classifier="", train="", system=system)
    path.write_text(path.read_text().replace("task: rooms", "task: rooms.yaml"))
    (data_root / "rooms.yaml").write_text(
        "extends: rooms\nid: own\nrooms: [Hall, Kitchen, Office]\n", encoding="utf-8"
    )
    out = tmp_path / "elsewhere" / "out"
    done = robotvision("run", path, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    whole = outcome(out)
    lines = (out / "run.jsonl").read_bytes().splitlines(keepends=True)
    (out / "run.jsonl").write_bytes(b"".join(lines[:2]))
    again = robotvision("run", "--resume", out, "--json")
    assert again.returncode == 0, again.stderr
    assert outcome(out) == whole
    assert json.loads(again.stdout)["outcomes"]["failed"] == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("[/no/such/program]", "/no/such/program does not exist"),
        ("[./plain.txt]", "is not executable"),
        ("[no-such-program-xyz]", "on PATH"),
    ],
)
def test_a_command_that_cannot_be_executed_ends_the_run_before_it_begins(
    config: Config,
    program: Config,
    data_root: Path,
    tmp_path: Path,
    command: str,
    words: str,
    robotvision: CommandLine,
) -> None:
    """Exit 2, one line, no run log."""
    (data_root / "plain.txt").write_text("")
    path = config(
        f"system: {{command: {command}}}\n", train="", features="", classifier="", task="own.yaml"
    )
    done = robotvision("run", path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    with pytest.raises(RobotVisionError):
        read_log(tmp_path / "out")
