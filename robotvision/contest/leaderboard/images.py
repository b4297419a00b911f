"""What the cameras saw of the frames of a contest, for the pages of its runs.

Apart from the pages themselves, which are made where no image can be read, too (the scoring program
of a contest platform).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robotvision.contest.leaderboard.contest import Contest
from robotvision.contest.leaderboard.site import ImageWriter
from robotvision.data import open_sequence
from robotvision.errors import RobotVisionError
from robotvision.report.html.images import ImageFolder, collect_frames


def image_writer(contest: Contest, places: Sequence[Path]) -> ImageWriter:
    """Return what writes the images of a contest's frames.

    Parameters
    ----------
    contest : Contest
    places : sequence of Path
        The sequence of each test set, its frames numbered as the contest's are.

    Raises
    ------
    RobotVisionError
        There is not one sequence a test set, or one cannot be read or lacks frames.
    """
    if len(places) != len(contest.sets):
        raise RobotVisionError(
            f"images: expected a sequence for each test set ({', '.join(contest.sets)}), got "
            f"{len(places)}"
        )
    parts = []
    for place, (name, truth) in zip(places, contest.sets.items(), strict=True):
        sequence = open_sequence(place)
        indices = truth.frames.indices.tolist()
        missing = set(indices) - {e.index for e in sequence.frames}
        if missing:
            raise RobotVisionError(
                f"{place}: {len(missing):,} of the {len(indices):,} frames of the test set {name} "
                f"are not in it, the first {min(missing)}; give the frames that were handed out"
            )
        parts.append((sequence, indices))
    return lambda folder, address: collect_frames(parts, ImageFolder(folder, address))
