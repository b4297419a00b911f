"""``robotvision pack``: put a run and its description into one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from robotvision.submissions.pack import Manifest

_PATH: Any = click.Path(path_type=Path)

EPILOG = """\b
Examples:
  robotvision pack --init card.yaml
  robotvision pack run.txt --task imageclef2012 --card card.yaml -o run.zip
  robotvision pack --read run.zip --unpack run/
"""


@click.command("pack", epilog=EPILOG)
@click.option("--init", "template", type=_PATH, help="Write a card to fill in, and exit.")
@click.option("--read", "packed", type=_PATH, help="Check a pack that was handed in, and exit.")
@click.option("--unpack", "folder", type=_PATH, help="With --read: put its files there.")
@click.option("--task", "task_name", help="A task's name or YAML file.")
@click.option(
    "--sequence",
    "sequences",
    multiple=True,
    type=_PATH,
    help="The test sequence of each RUN, in order: is every frame answered?",
)
@click.option("--card", "card_path", type=_PATH, help="The description: a card.yaml.")
@click.option("--group", help="Who hands it in.")
@click.option("--method", help="How an answer is computed.")
@click.option("--retrieval", type=click.Choice(["visual", "depth", "mixed"]))
@click.option("--run-type", type=click.Choice(["automatic", "manual"]))
@click.option("--mode", type=click.Choice(["obligatory", "optional"]))
@click.option("--time-per-frame-ms", type=float)
@click.option("--machine", help="What the time was taken on.")
@click.option("--additional-resources", help="Data or networks beside the training sequences.")
@click.option("-o", "--out", type=_PATH, help="The zip file to write.")
@click.argument("runs", nargs=-1, type=_PATH)
def command(
    template: Path | None,
    packed: Path | None,
    folder: Path | None,
    task_name: str | None,
    sequences: tuple[Path, ...],
    card_path: Path | None,
    out: Path | None,
    runs: tuple[Path, ...],
    **card: Any,
) -> int:
    """Pack a RUN file for each test set with its description card, to hand in.

    An incomplete run or card is refused, with everything that is missing listed.
    """
    from robotvision.submissions.card import write_template

    if template is not None:
        write_template(template)
        click.echo(f"{template}: fill it in, then pack the run with --card {template}")
        return 0
    if packed is not None:
        return _read(packed, folder)
    for value, name in ((task_name, "--task"), (out, "-o"), (runs, "RUN")):
        if not value:
            raise click.UsageError(f"{name} is missing")
    from robotvision.submissions.pack import pack_files

    manifest = pack_files(Path(str(out)), str(task_name), runs, sequences, card_path, card)
    for file in manifest.files:
        click.echo(f"{file.sha256[:12]}  {file.bytes:>9}  {file.path}")
    click.echo(f"{out}: {len(manifest.files)} files and their manifest")
    _tell_overlap(manifest)
    return 0


def _read(path: Path, folder: Path | None) -> int:
    from robotvision.submissions.card import as_yaml
    from robotvision.submissions.pack import read_pack, unpack

    pack = read_pack(path)
    if folder is not None:
        unpack(pack, folder)
    click.echo(f"{path}: ok: {pack.manifest.run}, task {pack.manifest.task}")
    click.echo(as_yaml(pack.card), nl=False)
    _tell_overlap(pack.manifest)
    return 0


def _tell_overlap(manifest: Manifest) -> None:
    from robotvision.submissions.run_report import overlap_told

    for notice in overlap_told(manifest.run, manifest.overlap):
        click.echo(f"note: {notice.message}", err=True)
