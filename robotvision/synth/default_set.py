"""The default set: one building by day to learn from, and at night to be tested on."""

from __future__ import annotations

from pathlib import Path

from robotvision.plugins.progress import Progress
from robotvision.synth.drive_spec import DriveSpec
from robotvision.synth.sequence import render_sequence

N_FRAMES = 125


def default_specs(n_frames: int = N_FRAMES, seed: int = 1) -> tuple[DriveSpec, ...]:
    """Return what the sequences of the default set are rendered from.

    By night the robot drives the other way, chairs and tables have moved, and some rooms are
    hardly lit.
    """
    return (
        DriveSpec("building_cloudy", seed, light="cloudy", n_frames=n_frames, drive_seed=1),
        DriveSpec("building_sunny", seed, light="sunny", n_frames=n_frames, drive_seed=2),
        DriveSpec(
            "building_night",
            seed,
            light="night",
            n_frames=n_frames,
            drive_seed=3,
            reverse=True,
            furniture_seed=1,
        ),
    )


def write_default_set(
    folder: Path,
    n_frames: int = N_FRAMES,
    seed: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """Write the default set into ``folder``, one sequence a folder; returns their folders.

    ``progress`` is called after each frame with (sequence, frames done, frames in all).
    """
    written = []
    for spec in default_specs(n_frames, seed):
        written.append(folder / spec.name)
        render_sequence(spec, written[-1], progress)
    return written
