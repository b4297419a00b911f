"""``robotvision sweep``: many runs from one grid, and ``sweep show``: what came out."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import (
    PATH,
    cluster_options,
    error_console,
    json_option,
    limit_option,
)

EPILOG = """\b
Examples:
  robotvision sweep configs/sweeps/quickstart.yaml
  robotvision sweep grid.yaml --out results --workers 4
  robotvision sweep grid.yaml --scheduler tcp://head:8786 --out s3://bucket/results
  robotvision sweep grid.yaml --cluster slurm.yaml --exclusive
  robotvision sweep show results --best 5

\b
Call the same command again to go on with an interrupted sweep: runs that are done are left out.
"""
SHOW_EPILOG = """\b
Examples:
  robotvision sweep show runs/quickstart
  robotvision sweep show results --sort points --best 10
  robotvision sweep show results --pivot features classifier
  robotvision sweep show results --compare 3 7
"""


class _Sweep(click.Group):
    """``sweep GRID`` and ``sweep show DIR``: what is no command is a grid."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] GRID.yaml")
        formatter.write_usage(ctx.command_path, "show [OPTIONS] DIR")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        run.format_options(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        run.format_epilog(ctx, formatter)


@click.group(cls=_Sweep)
def command() -> None:
    """Every combination of features, classifiers, decisions, splits, seeds, faults; what runs share
    is computed once, on this machine or a Dask cluster."""  # noqa: D205, D209 (printed as help)


@command.command(epilog=EPILOG)
@click.argument("grid", type=PATH)
@click.option("--out", metavar="PATH|URL", help="Where results go (else runs/<grid>).")
@click.option("--cache", metavar="PATH|URL", help="Where extracted features go (else in --out).")
@click.option(
    "--data-root", type=PATH, help="Where relative sequence paths start; every worker must see it."
)
@cluster_options(workers="Of the local cluster (else one a core).")
@click.option(
    "--exclusive",
    is_flag=True,
    help="One run a worker, with cores of its own, so that latencies can be quoted.",
)
@click.option(
    "--live", is_flag=True, help="Extract test frames in every run, in place of looking them up."
)
@limit_option
@click.option("--dry-run", is_flag=True, help="Check the grid and say what would be done.")
@json_option
def run(
    grid: Path,
    out: str | None,
    cache: str | None,
    data_root: Path | None,
    scheduler: str | None,
    cluster_file: Path | None,
    workers: int | None,
    exclusive: bool,
    live: bool,
    limit: int | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Do every run of GRID that was not done before."""
    from robotvision.cluster.start import ClusterOptions
    from robotvision.cluster.store import Store
    from robotvision.report.console import out as stdout
    from robotvision.sweep.engine import sweep
    from robotvision.sweep.finish import finish, print_plan
    from robotvision.sweep.plan import load_plan
    from robotvision.sweep.progress import ProgressBars

    if scheduler is not None and (cluster_file is not None or workers is not None):
        raise click.UsageError("--scheduler has its own workers: leave out --cluster and --workers")
    plan = load_plan(grid, data_root, limit)
    if dry_run:
        return print_plan(stdout(), plan, live=live or exclusive, as_json=as_json)
    store = Store(out or str(Path("runs") / grid.stem))
    errors = error_console()
    options = ClusterOptions(scheduler, cluster_file, workers, exclusive, store.is_memory)
    with ProgressBars(errors) as bars:
        swept = sweep(plan, store, options, bars, cache=cache, live=live)
    return finish(stdout(), errors, store, swept, as_json=as_json)


@command.command(epilog=SHOW_EPILOG)
@click.argument("results", metavar="DIR|URL")
@click.option("--sort", metavar="COLUMN", help="Largest first (else the order of the grid).")
@click.option("--ascending", is_flag=True, help="Smallest first.")
@click.option("--best", type=click.IntRange(1), metavar="N", help="Only the N best finished runs.")
@click.option("--pivot", nargs=2, metavar="KEY KEY", help="Means by two keys.")
@click.option(
    "--value",
    default="points_per_frame",
    metavar="COLUMN",
    help="What --pivot takes the mean of and --best goes by.",
)
@click.option(
    "--compare",
    nargs=2,
    metavar="ROW ROW",
    help="Paired difference of two rows (numbers or hashes), with its interval.",
)
@click.option("--page", is_flag=True, help="Write results.html anew.")
@json_option
def show(
    results: str,
    sort: str | None,
    ascending: bool,
    best: int | None,
    pivot: tuple[str, str] | None,
    value: str,
    compare: tuple[str, str] | None,
    page: bool,
    as_json: bool,
) -> int:
    """Print the table of a sweep, also of one that still runs or was killed."""
    from robotvision.report.console import out
    from robotvision.sweep.finish import Question, answer

    question = Question(sort, ascending, best, pivot, value, compare, page)
    return answer(out(), results, question, as_json=as_json)
