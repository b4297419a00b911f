"""The command line: parse, call, print. One module a command, imported when it is called.

The front page of the help needs no parser, so that it is there at once.

Exit codes: 0 fine; 1 the work finished but something in it failed; 2 the input or the
configuration is wrong (one line per fault, no traceback); 3 what is required of a run can neither
be affirmed nor denied.
"""

from __future__ import annotations

import errno
import io
import keyword
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from robotvision.plugins.lazy import lazy_names

COMMANDS = {
    "demo": "the main job on sequences that come with the package: nothing to prepare",
    "init": "write a configuration for sequences of your own",
    "run": "train (or load), replay, score, report: the main job",
    "sweep": "many runs from one grid, on this machine or a Dask cluster",
    "rescore": "a recorded run under any late-frame rule, rate and machine speed",
    "curve": "points against deadline and machine speed; where two runs swap ranks",
    "train": "train once, keep the model",
    "tune": "choose features, classifier and more on held-out training sequences",
    "replay": "a trained model over sequences of your choice",
    "report": "one or several runs as a page that stands alone, or as tables",
    "view": "all runs of a folder on a page of this machine: list, follow, compare",
    "gate": "is a run good enough? pass, fail or cannot tell, for continuous integration",
    "figure": "a figure for a paper: confusion, latency, curve, timeline, map",
    "export": "a run in open formats: MCAP, Parquet, Rerun, CSV",
    "import": "a log of answers made elsewhere (CSV, TSV), as a run like any other",
    "time": "latency by stage, with a verdict whether it can be quoted; compare two systems",
    "data": "look at, check and convert sequences",
    "label": "label a recording on a page that learns as you go; compare two labellers",
    "synth": "generate a building and image sequences of a robot driving through it",
    "audit": "does it keep the obligatory mode? frames permuted, repeated, alone",
    "cache": "what extraction keeps on disk: how much, and clearing it",
    "list": "what can be named: features, classifiers, tasks, readers, policies",
    "schema": "the JSON Schema of configurations and contests, for editors",
    "task": "show or check the rules of a task",
    "check": "check run files against a task",
    "score": "points of run files, given the truth",
    "rank": "check, score and rank a folder of runs",
    "recall": "recall@K of visual place recognition, beside time and memory",
    "contest": "a contest of teams: receive, check, rank, judge programs, publish",
    "plan": "how long must a test be? power, and the smallest difference it tells",
    "codabench": "a contest as a bundle to upload to Codabench",
    "pack": "put a run and its description into one file to hand in",
    "test-system": "try a program of your own on a synthetic sequence",
}
"""Name -> one line; the ``command`` of its module, see `module_of`."""


OPTIONS = {
    "--version": "Print the version and leave.",
    "-h, --help": "Show this message and exit.",
}
"""What stands before a command -> one line."""

WIDEST = 100
"""Columns at most; wider terminals are not filled."""

__getattr__, __dir__ = lazy_names(__name__, {"robotvision": "robotvision.cli.group"})


def module_of(command: str) -> str:
    """Return the module of a command in this room: ``test_system``, ``import_``."""
    return command.replace("-", "_") + "_" * keyword.iskeyword(command)


def front_page(width: int) -> str:
    """Lay out what ``robotvision --help`` prints, in lines of at most ``width`` columns."""
    about = "Where is the robot? Replay its cameras frame by frame and score the answers."
    return "\n".join(
        [
            "Usage: robotvision [OPTIONS] COMMAND [ARGS]...",
            "",
            *textwrap.wrap(about, width, initial_indent="  ", subsequent_indent="  "),
            "",
            "Options:",
            *_definitions(OPTIONS, width),
            "",
            "Commands:",
            *_definitions(COMMANDS, width),
            "",
            "  First steps: robotvision demo",
        ]
    )


def _definitions(rows: Mapping[str, str], width: int) -> Iterable[str]:
    indent = " " * (max(map(len, rows)) + 4)
    for name, text in rows.items():
        first = f"  {name}".ljust(len(indent))
        yield from textwrap.wrap(text, width, initial_indent=first, subsequent_indent=indent)


def main(args: list[str] | None = None) -> None:
    """Run the command line; whatever the user can put right is one line a fault and exit 2."""
    words = sys.argv[1:] if args is None else args
    try:
        if words in (["--help"], ["-h"]):
            print(
                front_page(max(min(shutil.get_terminal_size().columns, WIDEST) - 2, 50)), flush=True
            )
            status = 0
        else:
            status = _call(words)
    except BrokenPipeError:
        sys.stderr.close()
        status = 0
    sys.exit(status)


def _call(words: list[str]) -> int:
    """Carry out one command and return its exit code."""
    import click

    from robotvision.cli.group import robotvision
    from robotvision.errors import RobotVisionError, UntrustedError, printable
    from robotvision.plugins.plugin_path import search_also

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files may be no Unicode
    search_also(Path())
    try:
        result: Any = robotvision.main(args=words, prog_name="robotvision", standalone_mode=False)
    except click.ClickException as e:
        e.show()
        return e.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except UntrustedError as e:
        click.echo(str(e.fault(_trusting(words, e.names))), err=True)
        return 2
    except RobotVisionError as e:
        for line in e.lines():
            click.echo(printable(line), err=True)
        return 2
    except OSError as e:
        if e.errno != errno.ENAMETOOLONG:
            raise
        click.echo(f"{str(e.filename)[:60]}...: {e.strerror}; give a shorter path", err=True)
        return 2
    return result if isinstance(result, int) else 0


def _trusting(words: list[str], names: Iterable[str]) -> str:
    """Return the command that was typed, trusting ``names``; else what to write where."""
    import click

    from robotvision.cli.group import robotvision

    command = robotvision.get_command(click.Context(robotvision), words[0])
    takes = command is not None and any("--trust" in p.opts for p in command.params)
    if not takes:
        return f"trust: [{', '.join(names)}] in the configuration"
    trusted = [word for name in names for word in ("--trust", name)]
    place = words.index("--") if "--" in words else len(words)
    return shlex.join(["robotvision", *words[:place], *trusted, *words[place:]])
