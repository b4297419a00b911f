"""``robotvision label``: label a recording on a page, and compare two labellers."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from robotvision.cli.options import (
    PATH,
    PORT,
    echo_json,
    json_option,
    label_options,
    label_params,
    reader_option,
)

if TYPE_CHECKING:
    from robotvision.labelling.agreement import LabelAgreement
    from robotvision.labelling.serve import LabelServer
    from robotvision.labelling.session import LabelOptions
    from robotvision.report.table import Cell

EPILOG = """\b
Examples:
  robotvision label sequences/tour
  robotvision label drive.mp4 --task imageclef2012
  robotvision label drive.mp4 --label-file rooms.csv --port 8000
  robotvision label sequences/tour --blank --labels ben.jsonl --truth ben.csv
  robotvision label --compare sequences/tour/labels.jsonl ben.jsonl
"""


@click.command(epilog=EPILOG)
@click.argument("sequence", metavar="SEQ", type=PATH, required=False)
@reader_option
@label_options
@click.option(
    "--labels", metavar="FILE", type=PATH, help="Where labels are kept (else beside SEQ)."
)
@click.option(
    "--truth",
    metavar="FILE",
    type=PATH,
    help="Where saving writes the truth (else SEQ's truth.csv, or a table beside a file).",
)
@click.option(
    "--task", "task_name", metavar="TASK", help="Whose rooms and objects have keys at once."
)
@click.option("--by", metavar="NAME", help="Who labels, kept with the labels (else the login).")
@click.option(
    "--feature",
    type=click.Choice(["auto", "efficientnet_lite0", "crfh"]),
    default="auto",
    help="What proposals rest on; auto: the network, or crfh where its packages are missing.",
)
@click.option("--blank", "is_blank", is_flag=True, help="Leave out the truth that lies with SEQ.")
@click.option(
    "--port",
    type=PORT,
    default=0,
    show_default=False,
    help="On 127.0.0.1; 0: a free one.",
)
@click.option(
    "--compare",
    nargs=2,
    type=PATH,
    metavar="A B",
    help="How far two labellers agree: labels, truth.csv or sequences.",
)
@json_option
def command(
    sequence: Path | None,
    reader: str | None,
    label_file: Path | None,
    unlabelled: str | None,
    labels: Path | None,
    truth: Path | None,
    task_name: str | None,
    by: str | None,
    feature: Literal["auto", "efficientnet_lite0", "crfh"],
    is_blank: bool,
    port: int,
    compare: tuple[Path, Path] | None,
    as_json: bool,
) -> int:
    """Label a recording on a page of this machine, which proposes rooms as you go.

    Every change is kept at once beside the sequence; `s` on the page writes the truth. Ctrl-C ends
    the server; the same command goes on where it stopped.
    """
    if (sequence is None) == (compare is None):
        raise click.UsageError("expected either SEQ or --compare A B")
    if compare is not None:
        from robotvision.labelling import compare_labels

        result = compare_labels(*compare)
        if as_json:
            echo_json(result.as_dict())
        else:
            _print_agreement(result, *compare)
        return 0
    assert sequence is not None  # one of the two is given

    from robotvision.features import cache_folder
    from robotvision.labelling import LabelOptions
    from robotvision.tasks import load_task

    task = load_task(task_name) if task_name else None
    options = LabelOptions(
        labels=labels,
        truth=truth,
        by=by or getpass.getuser(),
        is_blank=is_blank,
        rooms=() if task is None else tuple(task.room_names),
        objects=() if task is None else tuple(task.objects),
        cache=cache_folder(),
        feature=feature,
    )
    params = label_params(label_file, unlabelled)
    if label_file is not None:  # frames without a room are kept: they are to be labelled
        params = {"unlabelled": "keep", **params}
    _label(sequence, {"reader": reader, **params}, options, port)
    return 0


def _label(path: Path, params: dict[str, Any], options: LabelOptions, port: int) -> None:
    from robotvision.data import open_sequence
    from robotvision.labelling import label

    def ready(server: LabelServer) -> None:
        session = server.session
        n = session.state.n_labelled
        click.echo(f"{session.sidecar.path}: {n} of {len(session.sequence)} frames have a room")
        if "label_file" in params and session.state.done:
            click.echo(
                "they go on from there; the table of --label-file was read at their beginning"
            )
        click.echo(f"label at {server.address} (Ctrl-C ends; every change is kept)")

    label(open_sequence(path, **params), options, port=port, ready=ready)


def _print_agreement(result: LabelAgreement, a: Path, b: Path) -> None:
    from robotvision.report.console import card, out, titled
    from robotvision.report.table import Table, columns

    def kappa(value: float | None) -> str:
        return "not defined (one room alone)" if value is None else f"{value:.3f}"

    share = 100 * result.n_agreed / result.n_both
    facts: list[list[Cell]] = [
        ["frames", f"{result.n_both} with a room in both"],
        ["only in one", f"{result.n_only_a} in A, {result.n_only_b} in B"],
        ["agreed", f"{result.n_agreed}, {share:.1f} %"],
        ["Cohen's kappa", kappa(result.kappa)],
        ["without borders", kappa(result.kappa_inside)],
    ]
    console = out()
    console.print(card(Table(f"A {a}, B {b}", columns("what", "value", n_text=2), facts)))
    for title, is_border in (("Where they differ", False), ("At borders", True)):
        rows: list[list[Cell]] = [
            [f"{d.first} to {d.last}" if d.n_frames > 1 else f"{d.first}", d.room_a, d.room_b]
            for d in result.differences
            if d.is_border == is_border
        ]
        if rows:
            head = columns("frames", "A", "B", n_text=3)
            console.print(titled(Table(f"{title}: {len(rows)}", head, rows)))
