"""The layout of the ImageCLEF 2012 Robot Vision sequences.

::

    std_cam/rgb_<n>.jpg      n from 1, not padded; .jpeg occurs
    locations/rgb.txt        rgb_17.jpg: Corridor; absent where withheld
    depth/depth_<n>.png      where there are depth images
    depth/depth_<n>.pcd      where there are point clouds

A frame's index is n - 1, so a missing image leaves its number out. The layout has no times:
frames are spaced at a nominal 5 Hz. How depth files were called in the original archives is not
known; names and folders that were seen or are likely are looked for.
"""

from __future__ import annotations

import re
from pathlib import Path

from robotvision.data.names import (
    NOMINAL_NOTE,
    NOMINAL_RATE_HZ,
    TruthRows,
    cloud_channels,
    cloud_sources,
    color_file,
    has_name,
    list_numbered,
    nominal_ns,
    text_lines,
)
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageFile, ImageSequence, Reading
from robotvision.errors import Fault
from robotvision.records import Truth

_IMAGE = re.compile(r"rgb_([0-9]{1,18})\.(?:jpe?g|png)", re.IGNORECASE)
_DEPTH = re.compile(r"(?:depth|range)_([0-9]{1,18})\.(?:png|pgm|tiff?)", re.IGNORECASE)
_CLOUD = re.compile(r"(?:depth|cloud|pcd|points?)_([0-9]{1,18})\.pcd", re.IGNORECASE)
_FOLDERS = ("depth", "depth_cam", "std_depth", "pcd", "pointclouds", "clouds", "std_cam", ".")


class ImageClef2012Reader:
    """Reads the layout of the ImageCLEF 2012 sequences."""

    title = "imageclef2012: std_cam/rgb_<n>.jpg, locations/rgb.txt"

    def detects(self, path: Path) -> bool:
        """Return whether the truth table or numbered images exist."""
        return (path / "locations" / "rgb.txt").exists() or has_name(path / "std_cam", _IMAGE)

    def read(self, path: Path) -> Reading:
        """Read images' names and the truth, noting every fault."""
        faults: list[Fault] = []
        warnings: list[str] = []
        images = list_numbered(path / "std_cam", _IMAGE, faults)
        others = {}
        depths = _first_folder(path, _DEPTH, faults)
        if depths:
            others["depth"] = ChannelKind.DEPTH_MM
        clouds = _first_folder(path, _CLOUD, faults)
        from_cloud = cloud_channels(clouds[min(clouds)], warnings) if clouds else {}
        if depths:
            from_cloud.pop("depth", None)
        frames = []
        for number in sorted(images):
            sources = {"rgb": color_file(images[number])}
            if number in depths:
                sources["depth"] = ImageFile(depths[number], ChannelKind.DEPTH_MM)
            if number in clouds:
                sources |= cloud_sources(clouds[number], from_cloud)
            frames.append(
                FrameEntry(number - 1, nominal_ns(number - 1), sources, name=images[number].name)
            )
        if not frames and not faults:
            faults.append(Fault(path / "std_cam", "no images rgb_<n>.jpg in it"))
        if frames and (missing := frames[-1].index + 1 - len(frames)):
            warnings.append(f"{missing} numbers up to {frames[-1].index + 1} have no image")
        truth = _read_truth(path / "locations" / "rgb.txt", set(images), faults)
        return Reading(
            ImageSequence(
                name=path.resolve().name,
                root=path,
                reader="imageclef2012",
                channels={"rgb": ChannelKind.COLOR, **others, **from_cloud},
                frames=tuple(frames),
                rate_hz=NOMINAL_RATE_HZ,
                truth=truth.truth if truth else None,
                note=NOMINAL_NOTE,
                truth_table=truth.path if truth else None,
                truth_lines=truth.lines if truth else {},
            ),
            faults,
            warnings,
        )


def _first_folder(path: Path, pattern: re.Pattern[str], faults: list[Fault]) -> dict[int, Path]:
    """Return the numbered files of the first likely folder that has any."""
    for folder in _FOLDERS:
        if has_name(path / folder, pattern):
            return list_numbered(path / folder, pattern, faults)
    return {}


def _read_truth(table: Path, known: set[int], faults: list[Fault]) -> TruthRows | None:
    """Return the truth of the images with the numbers in ``known``, None without a table."""
    if not table.exists():
        return None
    truth = TruthRows(table, faults)
    for line, text in text_lines(table, faults):
        name, colon, room = (part.strip() for part in text.partition(":"))
        match = _IMAGE.fullmatch(name)
        if match is None or not colon:
            faults.append(
                Fault(
                    table, f"expected a line like 'rgb_17.jpg: Corridor', got {text[:80]!r}", line
                )
            )
        elif not room:
            faults.append(Fault(table, f"{name}: the room is empty", line))
        elif int(match[1]) not in known:
            faults.append(Fault(table, f"truth for {name}, which is not in std_cam", line))
        else:
            truth.add(int(match[1]) - 1, Truth(room), line, name)
    return truth
