"""The command line: parse, call, print. One module a command, imported when it is called.

Exit codes: 0 fine; 1 the work finished but something in it failed; 2 the input or the
configuration is wrong (one line per fault, no traceback).
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import click

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
    "figure": "a figure for a paper: confusion, latency, curve, timeline, map",
    "export": "a run in open formats: MCAP, Parquet, Rerun",
    "time": "latency by stage, with a verdict whether it can be quoted; compare two systems",
    "data": "look at, check and convert sequences",
    "synth": "generate a building and image sequences of a robot driving through it",
    "audit": "does it keep the obligatory mode? frames permuted, repeated, alone",
    "cache": "what extraction keeps on disk: how much, and clearing it",
    "list": "what can be named: features, classifiers, tasks, readers, policies",
    "schema": "the JSON Schema of configurations, for editors",
    "task": "show or check the rules of a task",
    "check": "check run files against a task",
    "score": "points of run files, given the truth",
    "rank": "check, score and rank a folder of runs",
    "codabench": "a contest as a bundle to upload to Codabench",
    "pack": "put a run and its description into one file to hand in",
    "test-system": "try a program of your own on a synthetic sequence",
}
"""Name -> one line. The module is ``robotvision.cli.<name>`` (``-`` as ``_``), its ``command``."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"robotvision.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from robotvision.errors import near

            ctx.fail(f"No such command {args[0]!r}{near(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from robotvision import __version__

        click.echo(f"robotvision {__version__}")
        ctx.exit()


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First steps: robotvision demo",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Print the version and leave.",
)
def robotvision() -> None:
    """Where is the robot? Replay its cameras frame by frame and score the answers."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; whatever the user can put right is one line a fault and exit 2."""
    from robotvision.errors import RobotVisionError
    from robotvision.plugins.plugin_path import search_also

    search_also(Path())
    try:
        result: Any = robotvision.main(args=args, prog_name="robotvision", standalone_mode=False)
    except click.ClickException as e:
        e.show()
        sys.exit(e.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except RobotVisionError as e:
        for line in e.lines():
            click.echo(line, err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    sys.exit(result if isinstance(result, int) else 0)
