"""``robotvision init``: write a configuration for sequences of one's own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from robotvision.cli.options import PATH

EPILOG = """\b
Examples:
  robotvision init recordings/
  robotvision init --train home/monday --test home/friday -o home.yaml
  robotvision init recordings/ --baseline best_obligatory --task contest.yaml
"""


@click.command("init", epilog=EPILOG)
@click.argument("folder", default=".", type=PATH)
@click.option("--train", multiple=True, type=PATH, metavar="SEQ", help="May repeat.")
@click.option("--test", multiple=True, type=PATH, metavar="SEQ", help="May repeat.")
@click.option("--task", help="A task's name or YAML file (else asked for, or 'rooms').")
@click.option("--baseline", help="The recogniser to begin with (else asked for, or 'quick').")
@click.option("-o", "--output", type=PATH, default="robotvision.yaml", help="A new file.")
def command(
    folder: Path,
    train: tuple[Path, ...],
    test: tuple[Path, ...],
    task: str | None,
    baseline: str | None,
    output: Path,
) -> int:
    """Write a commented configuration, and the schema that editors complete it by.

    On a terminal it asks for what is not given, showing the sequences below FOLDER.
    """
    from robotvision.config.checks import load_config
    from robotvision.config.starter import QUICK, baseline_names, find_sequences, write_starter
    from robotvision.tasks import task_names

    is_asking = sys.stdin.isatty()
    if not (train and test):
        sequences = list(find_sequences(folder)) if folder.is_dir() else []
        if len(sequences) < 2 or not is_asking:
            shown = ", ".join(map(str, sequences)) or "none"
            raise click.UsageError(
                f"give --train and --test, two sequences or more; below {folder} there are: {shown}"
            )
        for number, path in enumerate(sequences, 1):
            click.echo(f"{number:3d}  {path}")
        train = train or _choose("train on", sequences, [p for p in sequences if p not in test])
        test = test or _choose("test on", sequences, [p for p in sequences if p not in train])
    if task is None:
        task = _ask("task", [*task_names()], "rooms") if is_asking else "rooms"
    if baseline is None:
        baseline = _ask("recogniser", baseline_names(), QUICK) if is_asking else QUICK
    for path in write_starter(output, train, test, task, baseline):
        click.echo(f"{path}")
    load_config(output)
    click.echo(f"next: robotvision run {output}")
    return 0


def _choose(what: str, sequences: list[Path], default: list[Path]) -> tuple[Path, ...]:
    """Ask for numbers of sequences, with commas between; the first that is left where none."""
    first = str(sequences.index(default[0]) + 1)
    text = click.prompt(f"{what} (numbers, with commas)", default=first)
    try:
        return tuple(sequences[int(n) - 1] for n in text.split(",") if int(n) > 0)
    except (ValueError, IndexError) as e:
        raise click.UsageError(f"expected numbers from 1 to {len(sequences)}, got {text!r}") from e


def _ask(what: str, names: list[str], default: str) -> str:
    click.echo(f"{what}: {', '.join(names)}")
    return str(click.prompt(what, default=default))
