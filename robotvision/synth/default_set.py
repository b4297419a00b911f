"""The default set: one building by day to learn from, and at night to be tested on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from robotvision.plugins.progress import Progress, quiet
from robotvision.synth.drive_spec import DriveSpec
from robotvision.synth.sensor import earlier_gain
from robotvision.synth.sequence import render_sequence

N_FRAMES = 125
JPEG_QUALITY = 75
"""So that what is shipped stays small; edges are found as well as at 90."""


def default_specs(n_frames: int = N_FRAMES, seed: int = 1) -> tuple[DriveSpec, ...]:
    """Return what the sequences of the default set are rendered from.

    By night the robot drives the other way, chairs and tables have moved, and some rooms are
    hardly lit.
    """
    day = DriveSpec(
        "building_cloudy", seed, n_frames=n_frames, drive_seed=1, jpeg_quality=JPEG_QUALITY
    )
    sunny = replace(day, name="building_sunny", light="sunny", drive_seed=2)
    night = replace(
        day,
        name="building_night",
        light="night",
        drive_seed=3,
        reverse=True,
        furniture_seed=1,
        most_gain=earlier_gain("night"),
    )
    return day, sunny, night


def write_default_set(
    folder: Path,
    n_frames: int = N_FRAMES,
    seed: int = 1,
    progress: Progress = quiet,
) -> list[Path]:
    """Write the default set into ``folder``, one sequence a folder; returns their folders.

    ``progress`` is called after each frame with (sequence, frames done, frames in all).
    """
    written = []
    for spec in default_specs(n_frames, seed):
        written.append(folder / spec.name)
        render_sequence(spec, written[-1], progress)
    return written
