"""``robotvision task``: show and check the rules of a task."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, echo_json, json_option

EPILOG = """\b
Examples:
  robotvision task show imageclef2012
  robotvision task check contest.yaml
"""
SHOW_EPILOG = """\b
Examples:
  robotvision task show imageclef2012
  robotvision task show contest.yaml --json
"""
CHECK_EPILOG = """\b
Examples:
  robotvision task check contest.yaml
"""


@click.group("task", epilog=EPILOG)
def command() -> None:
    """Show or check the rules of a task."""


@command.command("show", epilog=SHOW_EPILOG)
@json_option
@click.argument("name")
def show(name: str, as_json: bool) -> int:
    """Show a task: rooms, points and where each rule comes from, run file, published results.

    NAME is a shipped task's name or a YAML file.
    """
    from robotvision.report.task_card import as_dict, print_task
    from robotvision.tasks import load_task

    task = load_task(name)
    if as_json:
        echo_json(as_dict(task))
    else:
        from robotvision.report.console import out as console

        print_task(console(), task)
    return 0


@command.command("check", epilog=CHECK_EPILOG)
@click.argument("file", type=PATH)
def check(file: Path) -> int:
    """Check a task's YAML file and list every fault with its line and column."""
    from robotvision.tasks import load_task

    task = load_task(str(file))
    rooms = f"{len(task.room_names)} rooms" if task.room_names else "rooms from training"
    click.echo(f"{file}: ok: {task.id}, {rooms}, {len(task.objects)} objects")
    for line in task.changed:
        click.echo(f"  {line}")
    return 0
