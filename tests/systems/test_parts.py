"""The parts by themselves: the lines, the log, what a command needs, the trial."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from robotvision.errors import SystemFault
from robotvision.systems import wire
from robotvision.systems.base import Session, View
from robotvision.systems.programlog import ProgramLog
from robotvision.systems.readable_paths import find
from tests.fixtures.patience import PATIENCE_S


def test_hello_says_what_the_protocol_says(session: Session, view: View) -> None:
    """Rules, cameras and transports, and nothing that could lead to the truth."""
    message = wire.hello(session, view, ["pipe"], None)
    assert message == {
        "type": "hello",
        "version": 1,
        "task": {
            "id": "t",
            "rooms": ["Kitchen", "Corridor"],
            "unknown": "Unknown",
            "objects": [],
            "points": {"correct": 1.0, "wrong": -0.5, "unanswered": 0.0},
        },
        "mode": "obligatory",
        "deadline_ns": None,
        "seed": 0,
        "channels": {
            "rgb": {"kind": "color", "dtype": "uint8", "shape": [24, 32, 3]},
            "depth": {"kind": "depth_mm", "dtype": "uint16", "shape": [24, 32]},
        },
        "calibration": {"rgb": {"fx": 30.0, "fy": 30.0, "cx": 16.0, "cy": 12.0}},
        "rate_hz": 10.0,
        "transports": ["pipe"],
    }
    assert wire.parse(wire.line(message)) == message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"@rv1 [1]", "expected a JSON object with a 'type'"),
        (b'@rv1 {"index": 1}', "expected a JSON object with a 'type'"),
        (b"@rv1 \xff", "not JSON"),
        (b"@rv1 " + b"[" * 100_000, "not JSON"),
        (b"@rv9 {}", "the program speaks '@rv9 {}'"),
    ],
)
def test_broken_lines_are_named(raw: bytes, words: str) -> None:
    """Whatever follows the mark, the message says what was expected."""
    with pytest.raises(SystemFault, match=words):
        wire.parse(raw)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "ready", "version": 2}, "speaks version 2, expected 1"),
        ({"type": "ready", "transport": "carrier pigeon"}, "expected one of shm, got 'carrier"),
        ({"type": "ready", "channels": "rgb"}, "expected a list of names, got 'rgb'"),
        ({"type": "ready", "name": 7}, "name: expected text, got 7"),
    ],
)
def test_a_wrong_ready_is_named(message: dict[str, object], words: str, view: View) -> None:
    """Version, transport, channels and name are each checked."""
    with pytest.raises(SystemFault, match=words):
        wire.ready(message, view, ["shm"])


def test_the_log_is_bounded_and_says_so(tmp_path: Path) -> None:
    """Front and end are kept, the number of bytes between them is told."""
    log = ProgramLog(tmp_path / "a" / "system.log", limit=1000)
    log.write(b"begin\n")
    for _ in range(1000):
        log.write(b"x" * 99 + b"\n")
    log.write(b"the end\n")
    log.close()
    log.close()
    text = (tmp_path / "a" / "system.log").read_text()
    assert text.startswith("begin\n")
    assert text.endswith("the end\n")
    assert "the log is full (1000 bytes): 82630 bytes were cut here" in text
    assert len(text) == 100_014 - 82_630 + len(
        "\n[robotvision] the log is full (1000 bytes): 82630 bytes were cut here\n"
    )


def test_last_words_are_the_programs_own() -> None:
    """Not the harness's notes, not those of an earlier start."""
    log = ProgramLog()
    log.note("started: p")
    log.write(b"first life\n")
    log.note("started: p")
    assert log.last_words() == ""
    log.write(b"second life\n\n")
    log.note("at frame 3: a fault")
    assert log.last_words() == "second life"


def test_a_command_shows_what_it_needs(tmp_path: Path) -> None:
    """File arguments get absolute paths and are readable alone; other words stay as they are."""
    (tmp_path / "p.py").write_text("")
    (tmp_path / "w.bin").write_text("")
    (tmp_path / "kitchen").mkdir()
    line = [sys.executable, "p.py", "--weights=w.bin", "kitchen", "--n=3"]
    needs = find(line, tmp_path)
    assert needs.argv == [
        sys.executable,
        str(tmp_path / "p.py"),
        f"--weights={tmp_path / 'w.bin'}",
        "kitchen",
        "--n=3",
    ]
    assert tmp_path / "p.py" in needs.read
    assert tmp_path / "w.bin" in needs.read
    assert tmp_path not in needs.read
    assert Path(sys.prefix) in needs.read


def test_a_script_brings_its_interpreter(tmp_path: Path) -> None:
    """An executable script with an interpreter outside the system can still be run."""
    script = tmp_path / "prog"
    script.write_text(f"#!{sys.executable}\n")
    script.chmod(0o755)
    assert Path(sys.prefix) in find([str(script)], tmp_path).read


def _test_system(*args: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "robotvision.cli", "test-system", *args]
    code = "import sys; from robotvision.cli import main; main(sys.argv[1:])"
    line[1:3] = ["-c", code]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_test_system_passes_a_good_program() -> None:
    """Exit 0, every check ok, one JSON object."""
    program = Path(__file__).with_name("programs.py")
    done = _test_system("--json", "--", sys.executable, "-S", str(program), "none")
    trial = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert trial["ok"] is True
    assert [c["name"] for c in trial["checks"]] == [
        "confinement",
        "handshake",
        "all channels",
        "labels",
        "slow frames",
        "second sequence",
        "resets",
        "another order",
        "each frame on its own",
        "odd sizes, 33x17",
        "odd sizes, 641x479",
        "bye",
    ]
    assert trial["channels"] == ["rgb"]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("unknown_label", "name them with --room or --task"),
        ("exit_at_start", "cannot find my model"),
        ("deaf", "did not leave within 2 s of 'bye'"),
    ],
)
def test_test_system_says_what_is_wrong(what: str, words: str) -> None:
    """Exit 1, in plain words, with what to do."""
    program = Path(__file__).with_name("programs.py")
    done = _test_system("--", sys.executable, "-S", str(program), what)
    assert done.returncode == 1
    assert words in done.stdout
    assert "FAIL" in done.stdout


def test_test_system_wants_a_program() -> None:
    """Exit 2 and the way to call it."""
    done = _test_system()
    assert done.returncode == 2
    assert "robotvision test-system -- python3 my_program.py" in done.stderr
