"""``robotvision pack``: put a run and its description into one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robotvision.cli.options import PATH, echo_json, json_option

if TYPE_CHECKING:
    from robotvision.submissions.pack import Manifest, PackedProgram


EPILOG = """\b
Examples:
  robotvision pack --init card.yaml
  robotvision pack run.txt --task imageclef2012 --card card.yaml -o run.zip
  robotvision pack --program ours/ --command 'python3 main.py' --task night.yaml -o ours.zip
  robotvision pack --read run.zip --unpack run/
  robotvision pack --rehearse release.yaml run.zip
"""


@click.command("pack", epilog=EPILOG)
@click.option("--init", "template", type=PATH, help="Write a card to fill in, and exit.")
@click.option("--read", "packed", type=PATH, help="Check a pack that was handed in, and exit.")
@click.option("--unpack", "folder", type=PATH, help="With --read: put its files there.")
@click.option(
    "--rehearse",
    "release",
    type=PATH,
    metavar="RELEASE",
    help="Give the judge's verdict on each RUN (a pack, zip file, folder or run file), and exit: "
    "RELEASE is the contest's release.yaml.",
)
@click.option("--phase", help="With --rehearse: what the run is for (else the last phase).")
@json_option
@click.option(
    "--task",
    "task_name",
    help="A task's name or YAML file; with --rehearse: of a contest of several, which.",
)
@click.option(
    "--sequence",
    "sequences",
    multiple=True,
    type=PATH,
    help="The test sequence of each RUN, in order: is every frame answered?",
)
@click.option(
    "--program",
    type=PATH,
    metavar="FOLDER",
    help="In place of RUN files: a program that the organisers run, with --command.",
)
@click.option("--command", "words", help="What is started in FOLDER: 'python3 my_program.py'.")
@click.option(
    "--model", type=PATH, help="In place of RUN files: a trained model (robotvision train)."
)
@click.option("--config", type=PATH, help="With --model: the configuration it was trained by.")
@click.option("--card", "card_path", type=PATH, help="The description: a card.yaml.")
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
@click.option("-o", "--out", type=PATH, help="The zip file to write.")
@click.argument("runs", nargs=-1, type=PATH)
def command(
    template: Path | None,
    packed: Path | None,
    folder: Path | None,
    release: Path | None,
    phase: str | None,
    as_json: bool,
    task_name: str | None,
    sequences: tuple[Path, ...],
    program: Path | None,
    words: str | None,
    model: Path | None,
    config: Path | None,
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
        return _rehearse(release, runs, (phase, task_name), as_json)
    is_program = program is not None or model is not None
    for value, name in ((task_name, "--task"), (out, "-o"), (runs or is_program, "RUN")):
        if not value:
            raise click.UsageError(f"{name} is missing")
    from robotvision.submissions import pack_files, pack_program

    card["members"] = list(members) or None
    target, task = Path(str(out)), str(task_name)
    if is_program:
        started, files = _program(program, words, model, config)
        manifest = pack_program(target, task, started, files, card_path, card)
    else:
        manifest = pack_files(target, task, runs, sequences, card_path, card)
    for file in manifest.files:
        click.echo(f"{file.sha256[:12]}  {file.bytes:>9}  {file.path}")
    click.echo(f"{out}: {len(manifest.files)} files and their manifest")
    _tell_overlap(manifest)
    return 0


def _program(
    folder: Path | None, words: str | None, model: Path | None, config: Path | None
) -> tuple[PackedProgram, dict[str, Path]]:
    """Return what is started and of which files it consists."""
    import shlex

    from robotvision.submissions.pack import PackedProgram, folder_files

    if folder is not None:
        if not words or model is not None or config is not None:
            raise click.UsageError(
                "--program goes with --command, and without --model and --config"
            )
        return PackedProgram(command=tuple(shlex.split(words))), folder_files(folder)
    if model is None:
        raise click.UsageError("--config goes with --model")
    files = {path.name: path for path in (model, config) if path is not None}
    return PackedProgram(model=model.name, config=config.name if config else ""), files


def _rehearse(
    release: Path, runs: tuple[Path, ...], division: tuple[str | None, str | None], as_json: bool
) -> int:
    from robotvision.contest import rehearse

    verdicts = [(str(run), rehearse(release, run, *division)) for run in runs]
    if as_json:
        items = [{"file": name, **verdict.as_dict()} for name, verdict in verdicts]
        echo_json({"schema": 1, "submissions": items})
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
    _tell_overlap(pack.manifest)
    return 0


def _tell_overlap(manifest: Manifest) -> None:
    from robotvision.submissions.run_report import overlap_told

    for notice in overlap_told(manifest.run, manifest.overlap):
        click.echo(f"note: {notice.message}", err=True)
