"""``robotvision data list`` and ``fetch``: the catalogue of data sets."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from robotvision.cli.options import ABOVE_ZERO, PATH, echo_json, json_option


@click.command(
    "list", epilog="\b\nExamples:\n  robotvision data list\n  robotvision data list kth-idol2"
)
@click.argument("name", metavar="[ID]", required=False)
@json_option
def list_(name: str | None, as_json: bool) -> None:
    """List the data sets that are known, or show one: address, terms, archives, counts."""
    from robotvision.data.catalogue import data_set, data_set_names

    data_sets = [data_set(n) for n in ([name] if name else data_set_names())]
    if as_json:
        echo_json({"data_sets": [_data_set_json(d) for d in data_sets]})
    elif name:
        for label, value in _data_set_rows(data_sets[0]):
            click.echo(f"{label:10}{value}")
    else:
        _print_data_sets(data_sets)


@click.command(
    epilog="\b\nExamples:\n"
    "  robotvision data fetch vidrilo --to data\n"
    "  robotvision data fetch cold 'cold-freiburg_part_a_*' --jobs 4\n"
    "  robotvision data fetch kth-idol2 'dum_*' --mirror https://example.org/idol2\n"
    "  robotvision data fetch imageclef2012 --mirror ~/Downloads"
)
@click.argument("name", metavar="ID")
@click.argument("wanted", metavar="[SEQUENCE...]", nargs=-1)
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    type=PATH,
    envvar="ROBOTVISION_DATA",
    default=Path("data"),
    show_default=False,
    help="The folder of data sets (ROBOTVISION_DATA, else data).",
)
@click.option(
    "--mirror",
    "mirrors",
    metavar="URL|DIR",
    multiple=True,
    help="Where the archives are, if not at the known addresses.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 16),
    default=2,
    help="Archives at a time.",
)
@click.option(
    "--timeout",
    "timeout_s",
    metavar="S",
    type=ABOVE_ZERO,
    default=30.0,
    help="Nothing for so long is an interruption.",
)
@click.option("--discard", is_flag=True, help="Delete archives once they are unpacked.")
@json_option
def fetch(
    name: str,
    wanted: tuple[str, ...],
    folder: Path,
    mirrors: tuple[str, ...],
    jobs: int,
    timeout_s: float,
    discard: bool,
    as_json: bool,
) -> int:
    """Fetch a data set: download, unpack, count. Exit 1 where an archive is not available.

    What was interrupted goes on where it stopped. The first digest of an archive is kept beside it
    and compared ever after; no checksums are published. Patterns choose among the sequences.
    """
    from robotvision.data.catalogue import data_set
    from robotvision.errors import MissingExtraError

    data = data_set(name)
    try:
        from robotvision.data.catalogue.fetch import Fetching
    except ImportError as e:
        raise MissingExtraError(
            "fetching needs pooch; install it with: pip install 'robotvision[data]'"
        ) from e
    fetching = Fetching(folder, mirrors, jobs, not discard, timeout_s)
    results = []
    with _transfers() as progress:
        for fetched in fetching.fetch(data, wanted, progress):
            results.append(fetched)
            if not as_json:
                _print_fetched(fetched)
    if as_json:
        echo_json({"data_set": name, "archives": [_fetched_json(r) for r in results]})
    return 1 if any(r.faults for r in results) else 0


def verify_fetched(names: list[str], as_json: bool) -> int:
    """Check fetched data sets by their ids and print what was found."""
    from robotvision.data.catalogue import data_set
    from robotvision.data.catalogue.fetch import verify

    folder = Path(os.environ.get("ROBOTVISION_DATA", "data"))
    results = [r for name in names for r in verify(data_set(name), folder)]
    if as_json:
        echo_json({"archives": [_fetched_json(r) for r in results]})
    else:
        for fetched in results:
            _print_fetched(fetched)
    return 2 if any(r.faults for r in results) else 0


def _print_data_sets(data_sets: list[Any]) -> None:
    from robotvision.report.console import grid, out
    from robotvision.report.table import Column, Table, columns

    shown = [*columns("id", "access", "archives", n_text=2), Column("title", is_text=True)]
    rows = [[d.id, d.access, len(d.archives) or None, d.title] for d in data_sets]
    out().print(grid(Table("Data sets", shown, rows)))


def _print_fetched(fetched: Any) -> None:
    for line in fetched.faults:
        click.echo(line, err=True)
    if fetched.faults:
        return
    about = []
    if fetched.frames is not None:
        how = " as expected" if fetched.expected is not None else ", no count to compare with"
        about.append(f"{fetched.frames} frames{how}")
    if fetched.is_first:
        about.append(f"SHA-256 {fetched.sha256[:12]}..., trusted on first use")
    elif fetched.sha256 is not None:
        about.append("SHA-256 as before")
    click.echo(f"ok: {fetched.path}: {'; '.join(about) or 'there'}")


def _fetched_json(fetched: Any) -> dict[str, Any]:
    return {
        "archive": fetched.archive.name,
        "path": str(fetched.path),
        "ok": not fetched.faults,
        "sha256": fetched.sha256,
        "first_use": fetched.is_first,
        "frames": fetched.frames,
        "expected_frames": fetched.expected,
        "faults": fetched.faults,
    }


def _data_set_json(data: Any) -> dict[str, Any]:
    counts = data.known_counts()
    card: dict[str, Any] = data.model_dump(mode="json", exclude={"counts", "counts_from"})
    for archive in card["archives"]:
        known = counts.get(archive["sequence"])
        archive["frames"] = known.frames if known else None
        archive["frames_status"] = str(known.status) if known else None
    return card


def _data_set_rows(data: Any) -> Iterator[tuple[str, str]]:
    yield data.id, data.title
    yield "", data.about
    for label, address in (("page", data.homepage), *(("archives", b) for b in data.bases)):
        about = f"{address.status}{', ' * bool(address.note)}{address.note}"
        yield label, f"{address.url} ({about})"
    is_open = data.access == "public" and data.bases
    yield "access", data.access if is_open else f"{data.access}: {data.how}"
    yield "size", data.size
    yield "licence", data.licence
    yield "cite", data.citation
    if data.note:
        yield "note", data.note
    counts = data.known_counts()
    for n, archive in enumerate(data.archives):
        known = counts.get(archive.sequence)
        frames = f"{known.frames} frames ({known.status})" if known else ""
        digest = archive.sha256 or "no known checksum: the first is trusted"
        about = f"{archive.sequence or '.':28}{frames:26}"
        yield "" if n else "files", f"{archive.name:45} {about}{digest if not n else ''}".rstrip()


@contextmanager
def _transfers() -> Iterator[Callable[[str, int, int | None], None] | None]:
    """Show a bar a file on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(file=sys.stderr, emoji=False)
    if not console.is_terminal:
        yield None
        return
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
    )
    tasks: dict[str, Any] = {}

    def show(name: str, done: int, total: int | None) -> None:
        if name not in tasks:
            tasks[name] = bars.add_task(name, completed=done, total=total)
        bars.update(tasks[name], completed=done, total=total)
        if done == total:
            bars.remove_task(tasks.pop(name))

    with bars:
        yield show
