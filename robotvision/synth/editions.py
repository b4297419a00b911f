"""Stand-ins of the six editions: the same rooms, sensors, lights and layouts in our own building.

They are for trying a system and a configuration before the real data is at hand; their points say
nothing about points on the real data. What of an edition is imitated:

===================  ==========================================================================
imageclef2009        IDOL2's five rooms and file names; 20 months later the furniture has moved
                     and there are rooms not seen in training
imageclef2010-icpr   stereo; an easy training set (day), a hard one (night); unknown rooms in test
imageclef2010        stereo; validation and test on other floors than training
imageclef2012        colour + depth; three lights; training3 without toilet; test2 kidnapped
imageclef2013        colour + depth, objects; two training lights, furniture moved in the test
imageclef2014        colour + depth, objects; the test building is never seen in training
===================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robotvision.errors import RobotVisionError, UnknownNameError
from robotvision.plugins.progress import Progress, quiet
from robotvision.synth.drive_spec import DriveSpec
from robotvision.synth.layouts import Idol2Writer, ImageClef2012Writer
from robotvision.synth.sensor import earlier_gain
from robotvision.synth.sequence import render_sequence
from robotvision.tasks import load_task
from robotvision.writing import new_folder, write_text

N_FRAMES = 120
FEBRUARY_2006_NS = 1_138_915_584_000_000_000
TWENTY_MONTHS_NS = 608 * 86_400 * 1_000_000_000
STEREO = ("left", "right")
KINECT = ("rgb", "depth")

Change = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Edition:
    """How an edition is imitated.

    Parameters
    ----------
    channels : tuple of str
        What the cameras deliver.
    parts : dict
        Folder -> what its `DriveSpec` changes. ``known`` true: only the task's rooms are visited;
        ``without``: rooms not visited; ``building``: added to the seed.
    strange : tuple of str
        Rooms that are on every floor but not among the task's.
    layout : str
        ``native``, ``idol2`` or ``imageclef2012``.
    """

    channels: tuple[str, ...]
    parts: dict[str, Change]
    strange: tuple[str, ...] = ()
    layout: str = "native"
    common: Change = field(default_factory=dict)


_MOVED: Change = {"furniture_seed": 1, "drive_seed": 9, "reverse": True}

EDITIONS: dict[str, Edition] = {
    "imageclef2009": Edition(
        ("rgb",),
        {
            "training": {"known": True, "start_ns": FEBRUARY_2006_NS},
            "test": {**_MOVED, "light": "sunny", "start_ns": FEBRUARY_2006_NS + TWENTY_MONTHS_NS},
        },
        strange=("LB", "TL"),
        layout="idol2",
        common={"rate_hz": 5.0},
    ),
    "imageclef2010-icpr": Edition(
        STEREO,
        {
            "training_easy": {"known": True},
            "training_hard": {"known": True, "light": "night", "drive_seed": 2, "reverse": True},
            "test": {**_MOVED, "light": "sunny"},
        },
        strange=("ElevatorArea", "LoungeArea"),
    ),
    "imageclef2010": Edition(
        STEREO,
        {
            "training": {"known": True},
            "validation": {"floor": 2, "drive_seed": 2, "known": True},
            "test": {"floor": 1, "drive_seed": 3},
        },
        strange=("ElevatorArea", "LoungeArea"),
    ),
    "imageclef2012": Edition(
        KINECT,
        {
            "training1": {"light": "cloudy"},
            "training2": {"light": "night", "drive_seed": 2, "reverse": True},
            "training3": {"light": "sunny", "drive_seed": 3, "without": ("Toilet",)},
            "test1": {**_MOVED, "light": "cloudy"},
            "test2": {**_MOVED, "light": "night", "drive_seed": 10, "kidnappings": 4},
        },
        layout="imageclef2012",
    ),
    "imageclef2013": Edition(
        KINECT,
        {
            "training1": {"light": "cloudy"},
            "training2": {"light": "night", "drive_seed": 2, "reverse": True},
            "validation": {"light": "sunny", "drive_seed": 3},
            "test": {**_MOVED, "light": "cloudy"},
        },
    ),
    "imageclef2014": Edition(
        KINECT,
        {
            "training1": {"light": "cloudy"},
            "validation": {**_MOVED, "light": "sunny"},
            "test": {"building": 1, "floor": 1, "drive_seed": 3, "light": "cloudy"},
        },
    ),
}


def edition_specs(name: str, n_frames: int = N_FRAMES, seed: int = 1) -> dict[str, DriveSpec]:
    """Return what an edition's stand-in is rendered from, by folder.

    Raises
    ------
    UnknownNameError
        No edition is called so.
    """
    if name not in EDITIONS:
        raise UnknownNameError("edition", name, tuple(EDITIONS))
    edition, task = EDITIONS[name], load_task(name)
    specs = {}
    for folder, change in edition.parts.items():
        options = {**edition.common, **change}
        known = task.room_names if options.pop("known", False) else None
        without, light = options.pop("without", ()), options.pop("light", "cloudy")
        rooms = (*task.room_names, *edition.strange)
        visit = known if not without else tuple(r for r in rooms if r not in without)
        specs[folder] = DriveSpec(
            name=folder,
            seed=seed + options.pop("building", 0),
            rooms=rooms,
            visit=visit,
            n_frames=n_frames,
            channels=edition.channels,
            objects=task.objects,
            most_gain=earlier_gain(light),
            light=light,
            **options,
        )
    return specs


def write_edition(
    name: str,
    folder: Path,
    n_frames: int = N_FRAMES,
    seed: int = 1,
    progress: Progress = quiet,
) -> list[Path]:
    """Write an edition's stand-in into ``folder``; returns the folders of its sequences.

    Raises
    ------
    UnknownNameError
        No edition is called so.
    RobotVisionError
        One of the folders holds something already.
    """
    specs = edition_specs(name, n_frames, seed)
    for part in specs:
        if (folder / part).exists() and any((folder / part).iterdir()):
            raise RobotVisionError(f"{folder / part}: holds something already; give another --out")
    written = []
    for part, spec in specs.items():
        _write(EDITIONS[name].layout, spec, folder / part, progress)
        written.append(folder / part)
    write_text(folder / "README.md", _readme(name, n_frames, seed, tuple(specs)))
    return written


def _write(layout: str, spec: DriveSpec, path: Path, progress: Progress) -> None:
    with new_folder(path) as part:
        if layout == "idol2":
            with Idol2Writer(part) as idol2:
                render_sequence(spec, idol2, progress)
        elif layout == "imageclef2012":
            with ImageClef2012Writer(part) as imageclef2012:
                render_sequence(spec, imageclef2012, progress)
        else:
            render_sequence(spec, part, progress)


def _readme(name: str, n_frames: int, seed: int, parts: tuple[str, ...]) -> str:
    return (
        f"# A stand-in of {load_task(name).title}\n\n"
        "Generated, not the edition's own data: rooms, sensors, lights and file layout are the\n"
        "edition's, the building is not. Points on it say nothing about points on the real data.\n"
        "\n"
        f"Sequences: {', '.join(parts)}. Made by\n\n"
        f"    robotvision synth {name} --frames {n_frames} --seed {seed} --out DIR\n"
    )
