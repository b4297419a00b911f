"""``robotvision data``: look at, check, convert and fetch sequences."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from robotvision.cli.data_catalogue import fetch, list_
from robotvision.cli.options import (
    ABOVE_ZERO,
    PATH,
    echo_json,
    json_option,
    label_options,
    label_params,
    reader_option,
)

if TYPE_CHECKING:
    from robotvision.data.release import ReleaseSplit
    from robotvision.errors import Fault
    from robotvision.report.table import Cell

SHOW_AFTER_S = 2.0


task_option = click.option(
    "--task",
    "task_name",
    metavar="TASK",
    help="Whose rooms and objects the truth may hold: name or YAML file.",
)
topics_option = click.option(
    "--topic",
    "topics",
    metavar="CHANNEL=TOPIC",
    multiple=True,
    help="Topic of a robot recording's rgb, depth, left, right, pose or label; "
    "'none' leaves it out. May be repeated.",
)


def _params(
    label_file: Path | None, unlabelled: str | None, topics: tuple[str, ...]
) -> dict[str, Any]:
    """Return the parameters of the reader that the options stand for."""
    params: dict[str, Any] = {}
    for pair in topics:
        channel, sep, topic = pair.partition("=")
        if not sep:
            raise click.BadParameter(f"expected CHANNEL=TOPIC, got {pair!r}", param_hint="--topic")
        params[channel] = topic
    return params | label_params(label_file, unlabelled)


@click.group(
    epilog="\b\nExamples:\n"
    "  robotvision data info sequences/day\n"
    "  robotvision data verify sequences/* --task rooms\n"
    "  robotvision data convert idol2/dum_cloudy1 sequences/dum_cloudy1\n"
    "  robotvision data fetch vidrilo --to data"
)
def command() -> None:
    """Look at, check, convert and fetch sequences of frames, in any layout that is known.

    The layout is detected from the names in the folder; `robotvision list readers` shows them all.
    """


command.add_command(list_)
command.add_command(fetch)


@command.command(
    epilog="\b\nExamples:\n"
    "  robotvision data info sequences/day\n"
    "  robotvision data info drive.bag --topic rgb=/front/image_raw\n"
    "  robotvision data info --json sequences/day | jq .rooms"
)
@click.argument("sequences", metavar="SEQ...", nargs=-1, required=True, type=PATH)
@reader_option
@topics_option
@label_options
@json_option
def info(
    sequences: tuple[Path, ...],
    reader: str | None,
    topics: tuple[str, ...],
    label_file: Path | None,
    unlabelled: str | None,
    as_json: bool,
) -> None:
    """Show what a sequence holds: frames, rooms, channels, times."""
    from robotvision.data import open_sequence
    from robotvision.data.summary import summary

    cards, params = [], _params(label_file, unlabelled, topics)
    for path in sequences:
        with _progress(f"reading {path.name}") as progress:
            cards.append(summary(open_sequence(path, reader, **params), progress))
    if as_json:
        echo_json(cards[0] if len(cards) == 1 else {"sequences": cards})
        return
    for card in cards:
        _print_card(card)


@command.command(
    epilog="\b\nExamples:\n"
    "  robotvision data verify sequences/day sequences/night\n"
    "  robotvision data verify training1 --task imageclef2012 --json"
)
@click.argument("sequences", metavar="SEQ...", nargs=-1, required=True, type=PATH)
@task_option
@reader_option
@topics_option
@label_options
@json_option
def verify(
    sequences: tuple[Path, ...],
    task_name: str | None,
    reader: str | None,
    topics: tuple[str, ...],
    label_file: Path | None,
    unlabelled: str | None,
    as_json: bool,
) -> int:
    """Find every fault of a sequence: tables, truth and each image. Exit 2 where there is one.

    A data set that was fetched can be named by its id (kth-idol2): its archives' digests and its
    sequences' counts are checked.
    """
    from robotvision.data.catalogue import data_set_names
    from robotvision.data.verify import read_and_verify
    from robotvision.tasks import load_task

    if all(not p.exists() and str(p) in data_set_names() for p in sequences):
        from robotvision.cli.data_catalogue import verify_fetched

        return verify_fetched([str(p) for p in sequences], as_json)
    task = load_task(task_name) if task_name else None
    results, params = [], _params(label_file, unlabelled, topics)
    for path in sequences:
        with _progress(f"checking {path.name}") as progress:
            reading = read_and_verify(path, reader, task, progress, **params)
        results.append((path, reading))
        if not as_json:
            _print_checked(path, reading)
    if as_json:
        echo_json({"sequences": [_checked_json(p, r) for p, r in results]})
    return 2 if any(r.faults for _, r in results) else 0


@command.command(
    epilog="\b\nExamples:\n"
    "  robotvision data convert COLD/seq1_cloudy1 sequences/seq1_cloudy1\n"
    "  robotvision data convert drive.mp4 sequences/drive --label-file rooms.csv\n"
    "  robotvision data convert images/ sequences/drive --rate 2\n"
    "  robotvision data convert test1 handout --no-truth --no-poses\n"
    "  robotvision data convert sequences/drive lerobot/drive --to lerobot"
)
@click.argument("source", metavar="SRC", type=PATH)
@click.argument("target", metavar="DST", type=PATH)
@reader_option
@click.option(
    "--rate",
    "rate_hz",
    metavar="HZ",
    type=ABOVE_ZERO,
    help="Frames a second, for layouts without times (else 5).",
)
@task_option
@topics_option
@label_options
@click.option("--no-truth", is_flag=True, help="Leave the rooms and objects out.")
@click.option(
    "--no-poses", is_flag=True, help="Leave the robot's poses out, which give rooms away."
)
@click.option(
    "--to",
    "layout",
    type=click.Choice(["native", "lerobot"]),
    default="native",
    help="The layout: the native one, or a LeRobot data set of version 3.",
)
@click.option(
    "--keep-images",
    is_flag=True,
    help="With --to lerobot: JPEG and PNG files in its tables, not videos.",
)
def convert(
    source: Path,
    target: Path,
    reader: str | None,
    rate_hz: float | None,
    task_name: str | None,
    topics: tuple[str, ...],
    label_file: Path | None,
    unlabelled: str | None,
    no_truth: bool,
    no_poses: bool,
    layout: str,
    keep_images: bool,
) -> int:
    """Write a sequence in the native layout, or as a LeRobot data set.

    Exit 1 where an image could not be read or is not of the others' size, or a room is spelt in
    two ways. A room outside --task is refused.
    """
    from robotvision.data import open_with_notes
    from robotvision.data.convert import convert as write
    from robotvision.data.lerobot_write import write_lerobot
    from robotvision.data.task_labels import label_faults
    from robotvision.data.verify import task_for
    from robotvision.errors import InputFaults
    from robotvision.tasks import load_task

    if keep_images and layout != "lerobot":
        raise click.UsageError("--keep-images needs --to lerobot")
    rate = {} if rate_hz is None else {"rate_hz": rate_hz}
    params = _params(label_file, unlabelled, topics) | rate
    sequence, notes = open_with_notes(source, reader, **params)
    task = load_task(task_name) if task_name else None
    strange = label_faults(task_for(sequence, task), [sequence])
    if strange and task is not None:
        raise InputFaults(strange)
    parts = {"truth": not no_truth, "poses": not no_poses}
    faults: list[Fault] = []
    with _progress(f"writing {target.name}") as progress:
        if layout == "lerobot":
            notes += write_lerobot(sequence, target, images=keep_images, progress=progress, **parts)
        else:
            faults = write(sequence, target, progress=progress, **parts)
    for note in notes:
        click.echo(f"{source}: note: {note}", err=True)
    faults = [*strange, *faults]
    for fault in faults:
        click.echo(str(fault), err=True)
    faulty = f", {len(faults)} fault{'s' * (len(faults) != 1)}" if faults else ""
    click.echo(f"{target}: {len(sequence)} frames from the layout {sequence.reader}{faulty}")
    return 1 if faults else 0


@command.command(
    epilog="\b\nExamples:\n"
    "  robotvision data release night -o handout --key secret/night.key\n"
    "  robotvision data release easy hard -o handout --key secret/both.key --order shuffle\n"
    "  robotvision data release clips -o handout --key clips.key --split validation:0.3 "
    "--with-truth validation"
)
@click.argument("sequences", metavar="SEQ...", nargs=-1, required=True, type=PATH)
@click.option("-o", "--output", metavar="DIR", required=True, type=PATH, help="A new folder.")
@click.option(
    "--key",
    metavar="KEYFILE",
    required=True,
    type=PATH,
    help="Where to write which frame is which, for yourself alone: `score --key` needs it.",
)
@click.option(
    "--order",
    type=click.Choice(["keep", "shuffle"]),
    default="keep",
    help="keep: for systems that use the frames before (optional mode); shuffle: frames in random "
    "order say nothing of each other (obligatory mode).",
)
@click.option(
    "--split",
    metavar="NAME:SHARE",
    help="Release about so large a share of all frames as a part of its own, by whole segments.",
)
@click.option(
    "--with-truth",
    metavar="PART",
    multiple=True,
    help="Hand out the truth of this part, too: --with-truth validation.",
)
@click.option(
    "--blur-faces",
    metavar="MODEL",
    type=PATH,
    help="Blur what OpenCV's YuNet detector takes for faces; MODEL is its ONNX file "
    "(face_detection_yunet_2023mar.onnx of OpenCV's model zoo), which OpenCV does not bring.",
)
@reader_option
def release(
    sequences: tuple[Path, ...],
    output: Path,
    key: Path,
    order: Literal["keep", "shuffle"],
    split: str | None,
    with_truth: tuple[str, ...],
    blur_faces: Path | None,
    reader: str | None,
) -> int:
    """Write what may be handed out of test sequences: images, and nothing that gives rooms away.

    Left out: truth, poses, notes, file names, cuts, the recording's times and the metadata of
    images, which are encoded anew. Frames are numbered from 0, at a regular rate. Exit 1 where an
    image could not be read.
    """
    from robotvision.data import open_sequence
    from robotvision.data.faces import face_blur
    from robotvision.data.release import ReleaseOptions
    from robotvision.data.release import release as write

    options = ReleaseOptions(
        order,
        None if split is None else _split(split),
        with_truth,
        None if blur_faces is None else face_blur(blur_faces),
    )
    opened = [open_sequence(path, reader) for path in sequences]
    with _progress("releasing") as progress:
        written = write(opened, output, key, options, progress)
    for fault in written.faults:
        click.echo(str(fault), err=True)
    for part in written.key.sequences:
        click.echo(f"{output / part.folder}: {len(part.indices)} frames")
    click.echo(f"{key}: keep it to yourself; robotvision score --key {key} needs it")
    return 1 if written.faults else 0


def _split(text: str) -> ReleaseSplit:
    from robotvision.data.release import ReleaseSplit

    name, _, share = text.partition(":")
    try:
        value = float(share)
    except ValueError:
        value = 0.0
    if not (re.fullmatch("[a-z][a-z0-9_]*", name) and name != "test" and 0 < value < 1):
        raise click.BadParameter(
            f"expected NAME:SHARE as validation:0.3, with a share between 0 and 1, got {text!r}",
            param_hint="--split",
        )
    return ReleaseSplit(name, value)


def _print_checked(path: Path, reading: Any) -> None:
    for warning in reading.warnings:
        click.echo(f"{path}: note: {warning}", err=True)
    for fault in reading.faults:
        click.echo(str(fault), err=True)
    sequence = reading.sequence
    n = 0 if sequence is None else len(sequence)
    if reading.faults and sequence is None:
        return
    if reading.faults:
        click.echo(
            f"{path}: {len(reading.faults)} fault{'s' * (len(reading.faults) != 1)} in {n} frames",
            err=True,
        )
        return
    rooms = f"{len(sequence.room_counts())} rooms" if sequence.truth is not None else "no truth"
    click.echo(f"ok: {n} frames, {', '.join(sequence.channels)}, {rooms} ({path})")


def _checked_json(path: Path, reading: Any) -> dict[str, Any]:
    return {
        "path": str(path),
        "ok": not reading.faults,
        "frames": 0 if reading.sequence is None else len(reading.sequence),
        "faults": [_fault_json(f) for f in reading.faults],
        "warnings": reading.warnings,
    }


def _fault_json(fault: Fault) -> dict[str, Any]:
    return {
        "file": str(fault.path),
        "line": fault.line,
        "column": fault.column,
        "message": fault.message,
        "remedy": fault.remedy,
    }


def _print_card(card: dict[str, Any]) -> None:
    from rich.console import Console

    from robotvision.report.console import card as card_of
    from robotvision.report.table import Table, columns

    rows = [list(row) for row in _card_rows(card)]
    table = Table(card["name"], columns("what", "value", n_text=2), rows)
    Console(emoji=False).print(card_of(table))


def _card_rows(card: dict[str, Any]) -> Iterator[tuple[Cell, Cell]]:
    rate = card["rate_hz"]
    yield "layout", card["reader"]
    yield "frames", f"{card['frames']} in {card['segments']} segment{'s' * (card['segments'] != 1)}"
    yield "time", f"{card['duration_s']:.1f} s" + (f", {rate:.3g} frames/s" if rate else "")
    for channel, kind in card["kinds"].items():
        size = card["sizes"].get(channel)
        about = kind + (f", {size[0]}x{size[1]} pixels" if size else "")
        yield f"channel {channel}", about + (", calibrated" * (channel in card["calibrated"]))
    yield "poses", f"{card['poses']} of {card['frames']} frames" if card["poses"] else "none"
    if not card["truth"]:
        yield "rooms", "not known (no truth with it)"
    labelled = sum(card["rooms"].values())
    for n, (room, count) in enumerate(card["rooms"].items()):
        yield "" if n else "rooms", f"{count:6d}  {100 * count / labelled:5.1f} %  {room}"
    if card["truth"] and labelled < card["frames"]:
        yield "", f"{card['frames'] - labelled:6d}           without a room"
    if card["task"]:
        yield "task", card["task"]
    if card["note"]:
        yield "note", card["note"]
    yield "digest", card["digest"] or "none: images are missing (robotvision data verify)"


@contextmanager
def _progress(label: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on stderr, where that is a terminal, once the work takes longer than 2 s."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=sys.stderr, emoji=False)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task(label)
    started = time.monotonic()

    def show(_: str, done: int, total: int) -> None:
        if not bar.live.is_started and time.monotonic() - started > SHOW_AFTER_S:
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        bar.stop()
