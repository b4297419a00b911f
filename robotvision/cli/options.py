"""Options that several commands share, each with one spelling and one help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from robotvision.submissions.released import ReleasedPart

F = TypeVar("F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
ABOVE_ZERO = click.FloatRange(0, min_open=True)
SEED = click.IntRange(0, 2**32 - 1)
PORT = click.IntRange(0, 65535)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
report_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as one JSON object."
)
deadline_option = click.option(
    "--deadline-ms",
    metavar="MS|next-frame",
    help="After a frame's due time (else the policy's own).",
)
data_root_option = click.option(
    "--data-root", type=PATH, help="Where relative sequence paths start."
)
reader_option = click.option(
    "--reader", metavar="NAME", help="The layout, where it is not to be detected."
)
test_set_option = click.option(
    "--test-set", "set_name", help="The test set whose training to use, where there are more."
)
seed_option = click.option("--seed", type=SEED, help="In place of the config's.")


def _cache(_: click.Context, __: click.Parameter, is_without: bool) -> Path | None:
    """Return the folder of the feature cache; None: without."""
    from robotvision.features import cache_folder

    return None if is_without else cache_folder()


no_cache = partial(click.option, "--no-cache", "cache", is_flag=True, callback=_cache)
no_cache_option = no_cache(help="Neither read nor write the feature cache.")
limit_option = click.option(
    "--limit", type=click.IntRange(1), help="At most so many frames of each sequence."
)
rate_option = click.option("--rate-hz", type=float, help="Frames a second (else as recorded).")


def cluster_options(*, workers: str) -> Callable[[F], F]:
    """Add ``--scheduler``, ``--cluster`` and, with its own help, ``--workers``."""
    return lambda command: added(
        command,
        click.option(
            "--scheduler", metavar="ADDRESS", help="A running Dask scheduler: tcp://host:8786."
        ),
        click.option(
            "--cluster",
            "cluster_file",
            type=PATH,
            help="A YAML file that describes a dask-jobqueue or Kubernetes cluster.",
        ),
        click.option("--workers", type=click.IntRange(1), help=workers),
    )


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


set_option = click.option(
    "--set",
    "values",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_values,
    help="Any value in place of the config's, as YAML: --set classifier.C=3; may repeat.",
)
trust_option = click.option(
    "--trust",
    multiple=True,
    metavar="NAME",
    help="A class of your own that a model file may hold, by its dotted name; may repeat.",
)


def label_options(command: F) -> F:
    """Add ``--label-file`` and ``--unlabelled``: where the rooms of a recording come from."""
    return added(
        command,
        click.option(
            "--label-file",
            metavar="FILE",
            type=PATH,
            help="CSV of the rooms: start_s,end_s,room; or start_time,end_time or "
            "start_frame,end_frame in their place; or index,room.",
        ),
        click.option(
            "--unlabelled",
            type=click.Choice(["refuse", "keep", "drop"]),
            help="Frames without a room: refuse the sequence (as with a file), keep them (as "
            "without one) or leave them out.",
        ),
    )


def label_params(label_file: Path | None, unlabelled: str | None) -> dict[str, Any]:
    """Return the parameters of `robotvision.open_sequence` that these options stand for."""
    given = {
        "label_file": None if label_file is None else str(label_file.resolve()),
        "unlabelled": unlabelled,
    }
    return {key: value for key, value in given.items() if value is not None}


def override_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--task``, ``--train``, ``--test`` and ``--set``, in place of a configuration's.

    The command receives them as ``instead``, `Overrides`, with ``--trust`` where it has that.
    """

    @wraps(command)
    def with_overrides(
        task: str | None,
        train: tuple[Path, ...],
        test: tuple[Path, ...],
        values: dict[str, Any],
        trust: tuple[str, ...] = (),
        **others: Any,
    ) -> Any:
        from robotvision.config.experiment import Overrides

        return command(instead=Overrides(task, train, test, values, trust, "--set"), **others)

    return added(
        with_overrides,
        click.option("--task", help="In place of the config's: a task's name or YAML file."),
        click.option(
            "--train",
            multiple=True,
            type=PATH,
            metavar="SEQUENCE",
            help="Train on it in place of the config's sequences; may repeat.",
        ),
        click.option(
            "--test",
            multiple=True,
            type=PATH,
            metavar="SEQUENCE",
            help="Test on it in place of the config's sequences; may repeat.",
        ),
        set_option,
    )


def training_options(command: F) -> F:
    """Add ``--data-root``, ``--test-set``, ``--seed``, ``--no-cache``: how it is trained."""
    return added(command, data_root_option, test_set_option, seed_option, no_cache_option)


task_option = partial(click.option, "--task", "task_name", help="A task's name or YAML file.")
truth_option = partial(click.option, "--truth", "truths", multiple=True, type=PATH)
mode_option = partial(
    click.option,
    "--mode",
    type=click.Choice(["obligatory", "optional"]),
    default="obligatory",
)
reveal_option = partial(click.option, "--reveal", type=click.Choice(["rooms", "frames"]))


@dataclass(frozen=True, slots=True)
class ScoringOptions:
    """What runs are scored by, as options give it."""

    task_name: str
    truths: tuple[Path, ...]
    train: tuple[Path, ...]
    mode: str
    key: Path | None
    part: str

    def released(self) -> ReleasedPart | None:
        """Return the part of a release that the runs answer; None: they answer the truth's frames.

        Raises
        ------
        RobotVisionError
            The key cannot be read.
        """
        from robotvision.submissions.released import ReleasedPart

        return None if self.key is None else ReleasedPart.read(self.key, self.part)


def scoring_options(command: Callable[..., Any], *, is_required: bool = True) -> Callable[..., Any]:
    """Add what runs are scored by: ``--task``, ``--truth``, ``--train``, ``--mode``, ``--key``.

    The command receives them as ``scored_by``, `ScoringOptions`.
    """

    @wraps(command)
    def with_scoring(
        task_name: str,
        truths: tuple[Path, ...],
        train: tuple[Path, ...],
        mode: str,
        key: Path | None,
        part: str,
        **others: Any,
    ) -> Any:
        return command(
            scored_by=ScoringOptions(task_name, truths, train, mode, key, part), **others
        )

    return added(
        with_scoring,
        task_option(required=is_required),
        truth_option(
            required=is_required,
            help="A sequence, truth.csv or the 2014 kit's .mat; several: the test sets, in order.",
        ),
        click.option(
            "--train",
            multiple=True,
            type=PATH,
            help="Training sequences, for a task that takes its rooms from them.",
        ),
        mode_option(help="The mode of the runs."),
        key_options,
    )


def key_options(command: F) -> F:
    """Add ``--key`` and ``--part``: for runs that answer released frames."""
    return added(
        command,
        click.option(
            "--key",
            metavar="FILE",
            type=PATH,
            help="The runs answer released frames: the key that `data release` wrote. --truth is "
            "then that of the sequences released.",
        ),
        click.option(
            "--part",
            metavar="NAME",
            default="test",
            help="With --key: the part of a split release that the runs answer.",
        ),
    )


def error_console() -> Console:
    """Return a console on stderr, for progress and notes."""
    from rich.console import Console

    return Console(stderr=True, emoji=False)


def echo_json(data: Any) -> None:
    """Print what ``--json`` asks for: one object in a line."""
    import json

    click.echo(json.dumps(data))


def added(command: F, *options: Callable[[F], F]) -> F:
    """Return a command with options in this order in its help."""
    for option in reversed(options):
        command = option(command)
    return command
