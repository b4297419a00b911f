"""``robotvision recall``: recall@K of visual place recognition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robotvision.cli.options import PATH, json_option, reader_option

if TYPE_CHECKING:
    from robotvision.experiment.recall import RecallResult

EPILOG = """\b
Examples:
  robotvision recall st_lucia/database st_lucia/queries --features gist
  robotvision recall database queries --features '{name: sift_vlad, words: 32}' --at 1,5
  robotvision recall database queries --features my_models.CosPlace --json
"""
PATH = PATH


def _whole_numbers(_: click.Context, option: click.Parameter, text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise click.BadParameter(f"expected whole numbers from 1, as 1,5,10, got {text!r}")
    return numbers


def _extractors(_: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> list[Any]:
    """Return the features as a configuration names them: a name, or a name with parameters."""
    from robotvision.yamlfile import loads

    return [loads(text, f"--features {text}").data for text in texts]


@click.command(epilog=EPILOG)
@click.argument("database", type=PATH)
@click.argument("queries", type=PATH)
@click.option(
    "--features",
    multiple=True,
    required=True,
    metavar="NAME",
    callback=_extractors,
    help="An extractor, by name, dotted name or {name: ..., parameter: ...}; may repeat.",
)
@click.option(
    "--at",
    metavar="K,K,...",
    default="1,5,10,20",
    show_default=True,
    callback=_whole_numbers,
    help="Ranks to count at.",
)
@click.option(
    "--within",
    "within_m",
    metavar="METRES",
    type=click.FloatRange(0),
    default=25.0,
    show_default=True,
    help="A database image so near to the query is a positive.",
)
@click.option("--no-cache", is_flag=True, help="Extract the database anew, keep nothing.")
@reader_option
@json_option
def command(
    database: Path,
    queries: Path,
    features: list[Any],
    at: list[int],
    within_m: float,
    no_cache: bool,
    reader: str | None,
    as_json: bool,
) -> int:
    """Recall@K of QUERIES in DATABASE, beside milliseconds a query and memory.

    By the rule of VPR-methods-evaluation: a query counts at K where one of the K nearest database
    images by descriptor lies within --within metres of it. Places are the poses: UTM from names
    like @utm_east@utm_north@...jpg, or those of any sequence.
    """
    from rich.console import Console

    from robotvision.data import open_sequence
    from robotvision.experiment.recall import compute_recall
    from robotvision.features import cache_folder
    from robotvision.report.live import Live

    with Live(Console(stderr=True, emoji=False)) as live:
        result = compute_recall(
            open_sequence(database, reader),
            open_sequence(queries, reader),
            features,
            at=at,
            within_m=within_m,
            cache=None if no_cache else cache_folder(),
            progress=live.step,
        )
    if as_json:
        click.echo(json.dumps(result.as_dict()))
    else:
        _print(result)
    return 0


def _print(result: RecallResult) -> None:
    from robotvision.report.console import grid, out
    from robotvision.report.table import Column, Table, milliseconds, percent

    console = out()
    console.print(
        f"{result.n_queries} queries in {result.n_database} images, within "
        f"{result.within_m:g} m: {' + '.join(result.features)}, {result.dim} numbers"
    )
    if result.n_without_positives:
        console.print(
            f"{result.n_without_positives} queries have no image within {result.within_m:g} m and "
            "count as missed"
        )
    ranks = [Column("K"), Column("correct"), Column("recall@K", percent)]
    counts: list[Any] = [[k, n, result.recall(k)] for k, n in result.correct.items()]
    console.print(grid(Table("recall", ranks, counts)))
    names = ("p50", "p90", "p99", "max")
    latency = result.as_dict()["latency_ns"]
    times: list[Any] = [
        [stage, *(ns and ns / 1e6 for ns in map(latency[stage].get, names))] for stage in latency
    ]
    heads = [Column("ms a query", is_text=True), *(Column(n, milliseconds) for n in names)]
    console.print(grid(Table("latency", heads, times)))
    if any(None in row for row in times):
        console.print("* too few queries for this quantile")
    console.print(
        f"memory: {result.database_bytes / 1e6:.1f} MB of descriptors, the process "
        f"{result.peak_bytes / 1e6:.0f} MB at most"
    )
