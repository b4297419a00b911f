"""``robotvision pack``: put a run and its description into one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from robotvision.cli.options import json_option

_PATH: Any = click.Path(path_type=Path)

EPILOG = """\b
Examples:
  robotvision pack --init card.yaml
  robotvision pack run.txt --task imageclef2012 --card card.yaml -o run.zip
  robotvision pack --read run.zip --unpack run/
  robotvision pack --rehearse release.yaml run.zip
"""


@click.command("pack", epilog=EPILOG)
@click.option("--init", "template", type=_PATH, help="Write a card to fill in, and exit.")
@click.option("--read", "packed", type=_PATH, help="Check a pack that was handed in, and exit.")
@click.option("--unpack", "folder", type=_PATH, help="With --read: put its files there.")
@click.option(
    "--rehearse",
    "release",
    type=_PATH,
    metavar="RELEASE",
    help="Give the judge's verdict on each RUN (a pack, zip file, folder or run file), and exit: "
    "RELEASE is the contest's release.yaml.",
)
@click.option("--phase", help="With --rehearse: what the run is for (else the last phase).")
@json_option
@click.option("--task", "task_name", help="A task's name or YAML file.")
@click.option(
    "--sequence",
    "sequences",
    multiple=True,
    type=_PATH,
    help="The test sequence of each RUN, in order: is every frame answered?",
)
@click.option("--card", "card_path", type=_PATH, help="The description: a card.yaml.")
@click.option("--group", "--team", help="Who hands it in: the team.")
@click.option("--member", "members", multiple=True, help="Who is in it; may repeat.")
@click.option("--primary", is_flag=True, default=None, help="Of several runs, rank this one.")
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
    release: Path | None,
    phase: str | None,
    as_json: bool,
    task_name: str | None,
    sequences: tuple[Path, ...],
    card_path: Path | None,
    out: Path | None,
    runs: tuple[Path, ...],
    members: tuple[str, ...],
    **card: Any,
) -> int:
    """Pack a RUN file for each test set with its description card, to hand in.

    An incomplete run or card is refused, with everything that is missing listed. --rehearse gives
    the verdict that the judge will give, everything but the points. Exit code 1: it is refused.
    """
    from robotvision.submissions.card import write_template

    if template is not None:
        write_template(template)
        click.echo(f"{template}: fill it in, then pack the run with --card {template}")
        return 0
    if packed is not None:
        return _read(packed, folder)
    if release is not None:
        if not runs:
            raise click.UsageError("RUN is missing: what is to be rehearsed")
        return _rehearse(release, runs, phase, as_json)
    for value, name in ((task_name, "--task"), (out, "-o"), (runs, "RUN")):
        if not value:
            raise click.UsageError(f"{name} is missing")
    from robotvision.submissions.pack import pack_files

    card["members"] = list(members) or None
    manifest = pack_files(Path(str(out)), str(task_name), runs, sequences, card_path, card)
    for file in manifest.files:
        click.echo(f"{file.sha256[:12]}  {file.bytes:>9}  {file.path}")
    click.echo(f"{out}: {len(manifest.files)} files and their manifest")
    return 0


def _rehearse(release: Path, runs: tuple[Path, ...], phase: str | None, as_json: bool) -> int:
    from robotvision.contest import rehearse

    verdicts = [(str(run), rehearse(release, run, phase)) for run in runs]
    if as_json:
        import json

        items = [{"file": name, **verdict.as_dict()} for name, verdict in verdicts]
        click.echo(json.dumps({"schema": 1, "submissions": items}))
    else:
        for name, verdict in verdicts:
            for line in verdict.lines(name):
                click.echo(line)
    return 0 if all(verdict.is_accepted for _, verdict in verdicts) else 1


def _read(path: Path, folder: Path | None) -> int:
    from robotvision.submissions.card import as_yaml
    from robotvision.submissions.pack import read_pack, unpack

    pack = read_pack(path)
    if folder is not None:
        unpack(pack, folder)
    click.echo(f"{path}: ok: {pack.manifest.run}, task {pack.manifest.task}")
    click.echo(as_yaml(pack.card), nl=False)
    return 0
