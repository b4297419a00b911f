"""The command line as a whole: help that can be copied from, one parser for one thing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from robotvision.cli import COMMANDS, front_page, main, robotvision
from tests.fixtures.patience import PATIENCE_S

CLI = [sys.executable, "-c", "from robotvision.cli import main; main()"]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its whole name, those of groups included."""
    context = click.Context(robotvision)
    for name in COMMANDS:
        command = robotvision.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {n}", c) for n, c in command.commands.items())


@pytest.mark.parametrize(
    ("name", "command"), [*commands()], ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_example_stands_on_a_line_of_its_own(name: str, command: click.Command) -> None:
    """Help shows each command to copy as it was written, never wrapped in mid-line."""
    output = CliRunner().invoke(robotvision, [*name.split(), "--help"]).output
    shown = [line.strip() for line in output.splitlines()]
    written = [line.strip() for line in (command.epilog or "").splitlines()]
    assert " " in name or "Examples:" in shown  # a group may show those of its commands
    assert not written or "Examples:" in written
    examples = {line for line in written if line.startswith("robotvision ")}
    assert bool(examples) == bool(written)
    assert examples <= set(shown)


def test_the_front_page_is_there_at_once_and_whole() -> None:
    """It needs neither the parser nor numpy, and shows every command and option of the parser."""
    code = "import sys; from robotvision.cli import main\ntry: main(['--help'])\nfinally: "
    code += "assert not {'click', 'numpy', 'dataclasses', 'inspect'} & {*sys.modules}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stdout == CliRunner().invoke(robotvision, ["--help"], terminal_width=78).output
    names = {opt for p in robotvision.get_params(click.Context(robotvision)) for opt in p.opts}
    words = done.stdout.replace(",", " ").split()
    assert names | {*COMMANDS} <= {*words}


@pytest.mark.parametrize("width", [60, 78, 98])
def test_the_front_page_fits_its_width(width: int) -> None:
    assert max(map(len, front_page(width).splitlines())) <= width


def ran(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, list[str]]:
    """Return exit code, output and errors of a command."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in args])
    found = capsys.readouterr()
    return int(stop.value.code or 0), found.out, found.err.splitlines()


def test_replay_knows_the_late_frame_rules_that_rescore_knows(
    config: Callable[..., Path], data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, both halves of a rule, and a deadline in words; a wrong one names what there is."""
    args = ("replay", config(), data_root / "test", "--json")
    code, text, _ = ran(
        capsys,
        *args,
        "--policy",
        "newest+deadline",
        "--deadline-ms",
        "next-frame",
        "--out",
        data_root / "a",
    )
    assert code == 0
    assert json.loads(text)["policy"] == {
        "name": "newest+deadline",
        "backlog": "newest",
        "late": "deadline",
        "deadline_ms": "next-frame",
    }
    code, text, _ = ran(
        capsys, *args, "--policy", "deadline", "--deadline-ms", "50", "--out", data_root / "b"
    )
    assert json.loads(text)["policy"]["deadline_ms"] == 50
    code, _, errors = ran(capsys, *args, "--policy", "strict")
    assert code == 2
    assert errors[0].startswith("policy 'strict' is not known")
    code, _, errors = ran(capsys, *args, "--policy", "newest+never")
    assert (code, errors) == (
        2,
        ["policy 'newest+never': expected newest or queue, then '+', then own, deadline, hold"],
    )


def test_no_line_number_becomes_a_picture(tmp_path: Path) -> None:
    """``run.txt:100:`` is a place, not an emoji; nor is a label a colour."""
    lines = [f"{i:05d} Corridor" for i in range(1, 100)] + ["00100 [bold]Attic"]
    (tmp_path / "truth.csv").write_text(
        "index,room\n" + "".join(f"{i},Corridor\n" for i in range(1, 101))
    )
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "one.txt").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [
            *CLI,
            "rank",
            "--task",
            "imageclef2012",
            "--truth",
            str(tmp_path / "truth.csv"),
            str(tmp_path / "runs"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "one.txt:100:" in done.stdout
    assert "[bold]Attic" in done.stdout
