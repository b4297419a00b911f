"""Options that several commands share: values in place of the configuration's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from robotvision.config.experiment import Overrides

F = TypeVar("F", bound=Callable[..., object])


def override_options(command: F) -> F:
    """Add ``--set``, ``--task``, ``--train`` and ``--test`` to a command."""
    path = click.Path(path_type=Path)
    for option in (
        click.option(
            "--set",
            "values",
            multiple=True,
            metavar="KEY=VALUE",
            callback=_values,
            help="Any value in place of the config's, as YAML: --set classifier.C=3; may repeat.",
        ),
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


def overrides(
    task: str | None, train: tuple[Path, ...], test: tuple[Path, ...], values: dict[str, Any]
) -> Overrides:
    """Return what the options above stand for."""
    from robotvision.config.experiment import Overrides

    return Overrides(task, train, test, values, "--set")


def _values(_: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of ``KEY=VALUE`` by key, each read as in a configuration."""
    from robotvision.yamlfile import loads

    values = {}
    for text in texts:
        key, sep, value = text.partition("=")
        if not (key and sep):
            raise click.BadParameter(
                f"expected KEY=VALUE, as classifier.C=3, got {text!r} (a test set is named by "
                "--test-set)"
            )
        values[key] = loads(value, f"--set {text}").data
    return values
