"""Options that several commands share: a task and sequences in place of the configuration's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def override_options(command: F) -> F:
    """Add ``--task``, ``--train`` and ``--test`` to a command."""
    path = click.Path(path_type=Path)
    for option in (
        click.option(
            "--test",
            multiple=True,
            type=path,
            metavar="SEQUENCE",
            help="Test on it in place of the config's sequences; may repeat.",
        ),
        click.option(
            "--train",
            multiple=True,
            type=path,
            metavar="SEQUENCE",
            help="Train on it in place of the config's sequences; may repeat.",
        ),
        click.option("--task", help="In place of the config's: a task's name or YAML file."),
    ):
        command = option(command)
    return command
