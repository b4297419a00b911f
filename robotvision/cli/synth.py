"""``robotvision synth``: generate a building and sequences of a robot driving through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from math import radians
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from robotvision.cli.options import (
    ABOVE_ZERO,
    PATH,
    F,
    added,
    echo_json,
    error_console,
    json_option,
)

if TYPE_CHECKING:
    from robotvision.plugins.progress import Progress

EPILOG = """\b
Examples:
  robotvision synth default --out sequences
  robotvision synth tour --out night --light night --floor 1 --frames 200
  robotvision synth tour --out pair --channels left,right --rooms Corridor,Kitchen,Toilet
  robotvision synth imageclef2012 --out stand_in --frames 60
  robotvision synth --trajectory idol2_names/ --out tours --only dum_cloudy1,dum_night2 --every 6
  robotvision synth --trajectory poses.csv --out tours --layout native --light sunny
  robotvision synth --trajectory idol2_names/ --out plan --limit 0      # the plan alone
"""

_FOLDER = click.Path(path_type=Path, file_okay=False)
_LIGHT = click.Choice(["sunny", "cloudy", "night"])
_GAIN = click.FloatRange(1, 32)


def _size(_: click.Context, __: click.Parameter, text: str) -> tuple[int, int]:
    """Return width and height of ``WxH``."""
    from robotvision.errors import RobotVisionError

    try:
        width, height = (int(v) for v in text.lower().split("x"))
    except ValueError as e:
        raise RobotVisionError(
            f"--size: expected a size such as 320x240, got {text!r}; give width x height"
        ) from e
    return width, height


def _labels(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """Return labels that stand with commas between; None: none is given."""
    return tuple(x.strip() for x in (text or "").split(",") if x.strip()) or None


def _from_zero(*names: str, high: float | None = None, **shown: Any) -> Callable[[F], F]:
    """Return an option of a number from 0, its default, to ``high``; whole where that is."""
    if isinstance(high, float):
        return click.option(*names, default=0.0, type=click.FloatRange(0, high), **shown)
    return click.option(*names, default=0, type=click.IntRange(0, high), **shown)


_out = click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=_FOLDER,
    help="Folder to write to; made where it is not there.",
)
_seed = click.option("--seed", default=1, type=click.IntRange(0), help="Building.")
_furniture = _from_zero("--furniture", "furniture_seed", help="Another number moves the furniture.")
_size_option = click.option("--size", default="320x240", metavar="WxH", callback=_size)


def _set_options(n_frames: int) -> Callable[[F], F]:
    """Add what a set of sequences is written by; ``n_frames``: of each where none are given."""
    frames = click.option(
        "--frames", type=click.IntRange(1), help=f"Frames a sequence [{n_frames}]."
    )
    return lambda command: added(command, _out, frames, _seed, json_option)


@click.group(epilog=EPILOG, invoke_without_command=True)
@click.option(
    "--trajectory",
    "trajectories",
    multiple=True,
    metavar="NAMES|CSV",
    type=PATH,
    help="Drive along real poses: a list of IDOL2 file names, a CSV file or a folder of "
    "such; again for more. One building is laid out around all of them.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=_FOLDER,
    help="With --trajectory: folder to write to, one folder a tour.",
)
@click.option(
    "--layout",
    type=click.Choice(["idol2", "native"]),
    default="idol2",
    help="native: colour, depth and poses.",
)
@click.option(
    "--light",
    type=_LIGHT,
    default="cloudy",
    help="Of tours whose file's name tells of no light.",
)
@click.option(
    "--only",
    metavar="TOURS",
    callback=_labels,
    help="Render these of the tours, with commas [all].",
)
@click.option(
    "--every", default=1, type=click.IntRange(1), metavar="K", help="One frame each K poses."
)
@click.option("--limit", type=click.IntRange(0), metavar="N", help="At most N frames a tour.")
@_seed
@_furniture
@_size_option
@click.option(
    "--most-gain",
    default=8.0,
    type=_GAIN,
    metavar="GAIN",
    help="As far as the exposure of tours by night is raised.",
)
@click.option("--workers", type=click.IntRange(1), help="Processes [one a core].")
@json_option
@click.pass_context
def command(ctx: click.Context, /, trajectories: tuple[Path, ...], **options: Any) -> int | None:
    """Generate a building and a robot's tours through it, with exact truth.

    `default` writes the three small sequences that come with robotvision, `tour` any one tour,
    and the name of an edition a stand-in of that edition: the same rooms, sensors, lights and
    file layout, in a building of our own. With --trajectory the robot drives along given poses,
    through rooms laid out around where each label occurs; the same command goes on where it was
    stopped.
    """
    if ctx.invoked_subcommand is None and trajectories:
        return _trajectory(trajectories, **options)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        ctx.exit(2)
    for option in ctx.command.params:
        if ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{option.opts[0]} goes with --trajectory and no command; give the "
                f"options of {ctx.invoked_subcommand!r} after its name"
            )
    return None


def _trajectory(
    trajectories: tuple[Path, ...], out: Path | None, light: str, as_json: bool, **options: Any
) -> int:
    from robotvision.synth.trajectory import read_tracks
    from robotvision.synth.trajectory_plan import lay_out
    from robotvision.synth.trajectory_render import RenderSpec, render_tracks, summary

    if out is None:
        raise click.UsageError("--trajectory needs --out, the folder to write to")
    spec = RenderSpec(**_given(**options))
    tracks = read_tracks(trajectories, light)
    with error_console().status("laying rooms out around the tours"):
        laid_out = lay_out(tracks)
    with _progress() as tell:
        result = render_tracks(laid_out, out, spec, tell)
    facts = summary(result, out)
    _report_tours(facts, as_json)
    return 130 if result.stopped else 0


def _report_tours(facts: dict[str, Any], as_json: bool) -> None:
    for doubt in facts["doubts"]:
        click.echo(doubt, err=True)
    if facts["stopped"]:
        click.echo("stopped: what is done is kept; the same command goes on", err=True)
    if as_json:
        echo_json(facts)
        return
    for tour in facts["sequences"]:
        click.echo(f"{tour['path']}  {tour['frames']} of {tour['wanted']} frames, {tour['light']}")
    click.echo(
        f"{facts['plan']}  {facts['poses']} poses, {facts['in_own_room']} in the room of their "
        f"label, at least {facts['clearance_m']:.2f} m from walls and furniture"
    )


@command.command()
@_set_options(125)
def default(out: Path, frames: int | None, seed: int, as_json: bool) -> None:
    """Write the default set: building_cloudy and building_sunny to train on, building_night."""
    from robotvision.synth.default_set import N_FRAMES, write_default_set

    with _progress() as tell:
        written = write_default_set(out, frames or N_FRAMES, seed, tell)
    _report(written, as_json)


@command.command()
@_out
@click.option("--light", type=_LIGHT, default="cloudy")
@_from_zero("--floor", help="Even: a straight corridor; odd: one with a corner.")
@click.option("--frames", "n_frames", default=130, type=click.IntRange(1))
@click.option("--rate", "rate_hz", default=2.0, type=ABOVE_ZERO, help="Frames a second.")
@_seed
@_furniture
@_from_zero("--drive", "drive_seed", help="Another number changes the way and the noise.")
@click.option("--reverse", is_flag=True, help="Drive from the other end.")
@_from_zero("--kidnappings", help="How often the robot is carried elsewhere.")
@click.option(
    "--channels", default="rgb,depth", callback=_labels, help="Of rgb, depth, left, right."
)
@_size_option
@click.option(
    "--rooms",
    metavar="LABELS",
    callback=_labels,
    help="Labels of the floor's rooms, with commas; any label of an edition.",
)
@click.option(
    "--visit", metavar="LABELS", callback=_labels, help="The rooms the robot enters [all]."
)
@click.option(
    "--look-round",
    "look_round_deg",
    type=click.FloatRange(0, 360),
    metavar="DEG",
    help="How far the robot pans at its stops in rooms; 360: once right round [57].",
)
@_from_zero(
    "--doors-shut",
    high=1.0,
    metavar="SHARE",
    help="Share of the rooms' doors that are shut while the robot is elsewhere; open fronts "
    "have none.",
)
@_from_zero(
    "--people",
    high=100,
    help="People who stand about, for the whole tour; another --drive places them anew.",
)
@_from_zero(
    "--clutter",
    high=100,
    help="Boxes, chairs, bags and the like left about; another --drive places them anew.",
)
@click.option(
    "--camera-height",
    "camera_height_m",
    default=1.12,
    type=click.FloatRange(0.2, 2.4),
    metavar="M",
    help="Metres above the floor.",
)
@click.option(
    "--camera-pitch",
    type=click.FloatRange(-45, 45),
    metavar="DEG",
    help="How far the camera looks up; negative: down [-3.15].",
)
@_from_zero(
    "--shutter",
    "shutter_ms",
    high=1000.0,
    metavar="MS",
    help="How long the shutter is open: colour is smeared as far as the camera turns meanwhile "
    "(not by what rushes past).",
)
@click.option(
    "--most-gain",
    type=_GAIN,
    metavar="GAIN",
    help="As far as the exposure is raised in the dark; by default 8 by night, 3.5 by day."
    " Before it was 3.2 by night: the shipped sequences and stand-ins keep that.",
)
@_from_zero(
    "--exposure-jumps",
    high=4.0,
    metavar="STOPS",
    help="Exposure jumps by up to so many stops, about every eight frames.",
)
@json_option
def tour(out: Path, as_json: bool, **options: Any) -> None:
    """Write one tour in the native layout.

    The same options give the same bytes on one machine; sequence.yaml notes all that are not at
    their defaults. A tour to test what holds where the view changes, beside a plain one:
    --reverse --drive 2 --furniture 1 --people 6 --clutter 6 --doors-shut 0.5 --look-round 360.
    """
    from robotvision.synth.drive_spec import DriveSpec
    from robotvision.synth.hardship import Hardship
    from robotvision.synth.sequence import render_sequence

    options = _given(**options)
    if (pitch := options.pop("camera_pitch", None)) is not None:
        options["camera_pitch_rad"] = radians(pitch)
    hard = {f.name: options.pop(f.name) for f in fields(Hardship) if f.name in options}
    spec = DriveSpec(out.name or "tour", hard=Hardship(**hard), **options)
    with _progress() as tell:
        render_sequence(spec, out, tell)
    _report([out], as_json)


EDITIONS = (
    "imageclef2009", "imageclef2010-icpr", "imageclef2010", "imageclef2012", "imageclef2013",
    "imageclef2014",
)  # fmt: skip


def _edition(name: str) -> click.Command:
    @click.command(
        name,
        short_help=f"Write a stand-in of {name}.",
        help=f"Write a stand-in of {name}: its rooms, sensors, lights and file "
        "layout in a building of our own, one folder a sequence.",
    )
    @_set_options(120)
    def write(out: Path, frames: int | None, seed: int, as_json: bool) -> None:
        from robotvision.synth.editions import N_FRAMES, write_edition

        with _progress() as tell:
            written = write_edition(name, out, frames or N_FRAMES, seed, tell)
        _report(written, as_json)

    return write


for _name in EDITIONS:
    command.add_command(_edition(_name))


def _given(size: tuple[int, int], **options: Any) -> dict[str, Any]:
    """Return the fields of a specification that options give; the others keep its defaults."""
    width, height = size
    given = {name: value for name, value in options.items() if value is not None}
    return {"width": width, "height": height, **given}


@contextmanager
def _progress() -> Iterator[Progress]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=error_console()) as bar:
        tasks: dict[str, Any] = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done)

        yield tell


def _report(paths: list[Path], as_json: bool) -> None:
    if as_json:
        echo_json({"sequences": [str(p) for p in paths]})
        return
    for path in paths:
        size = sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
        click.echo(f"{path}  {size / 1e6:.1f} MB")
