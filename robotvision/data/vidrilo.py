"""The layout of ViDRILO (Visual and Depth Robot Indoor Localization with Objects).

::

    ConfigurationVidriloPrecomputedFeatures.mat          may be absent: then no truth
    Sequence1/visualInformation/<image>                Sequence1 to Sequence5
    Sequence1/depthInformation/<same name or number>.pcd may be absent

Either one ``Sequence<n>`` folder is read or the folder around them; then each is a segment. The
struct ``Configuration`` has an entry a sequence; its first field holds the images' names, its
third the rooms' numbers from 1. The order of the room names is derived: it is that of the kit of
ImageCLEF 2014, made by the same group of the same recordings' rooms. The folder of the clouds is
recollected. There are no times: frames are spaced at a nominal 5 Hz.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from robotvision.data.matlab_labels import labels_apart
from robotvision.data.names import (
    NOMINAL_NOTE,
    NOMINAL_RATE_HZ,
    cloud_channels,
    cloud_sources,
    color_file,
    list_images,
    names_in,
    nominal_ns,
)
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence, Reading
from robotvision.errors import Fault
from robotvision.records import Truth

ROOMS = (
    "Corridor",
    "Hall",
    "ProfessorOffice",
    "StudentOffice",
    "TechnicalRoom",
    "Toilet",
    "Secretary",
    "VideoConference",
    "Warehouse",
    "ElevatorArea",
)
"""In the order of their numbers, from 1. Derived: the order of the kit of ImageCLEF 2014."""

CONFIGURATION = "ConfigurationVidriloPrecomputedFeatures.mat"
VISUAL = "visualInformation"
NOTE = f"the order of the room numbers is derived from ImageCLEF 2014's; {NOMINAL_NOTE}"

_SEQUENCE = re.compile(r"sequence([1-9][0-9]{0,2})", re.IGNORECASE)
_CLOUDS = ("depthInformation", VISUAL, "pointClouds", "pcd")


@dataclass(frozen=True, slots=True)
class Labels:
    """Images and room numbers of one sequence, as the configuration gives them."""

    names: list[str]
    rooms: list[int]


class VidriloReader:
    """Reads the layout of ViDRILO."""

    title = "vidrilo: Sequence<n>/visualInformation, ConfigurationVidrilo...mat"

    def detects(self, path: Path) -> bool:
        """Return whether ``visualInformation`` exists, there or in a ``Sequence<n>``."""
        return (path / VISUAL).is_dir() or bool(_list_sequences(path))

    def read(self, path: Path) -> Reading:
        """Read names and labels, noting every fault."""
        faults: list[Fault] = []
        warnings: list[str] = []
        folders = _list_sequences(path) or {_number(path): path}
        mat = next(
            (
                p
                for p in (path / CONFIGURATION, path.resolve().parent / CONFIGURATION)
                if p.exists()
            ),
            None,
        )
        labels = _read_configuration(mat, faults) if mat else None
        frames: list[FrameEntry] = []
        truth: dict[int, Truth] = {}
        channels = {"rgb": ChannelKind.COLOR}
        for number, folder in folders.items():
            known = None
            if labels is not None and mat is not None:
                known = _select_labels(labels, number, mat, faults)
            clouds = _list_clouds(folder, faults)
            from_cloud = cloud_channels(clouds[min(clouds)], warnings) if clouds else {}
            channels |= from_cloud
            names = known.names if known else list_images(folder / VISUAL, faults)
            for i, name in enumerate(names):
                index = len(frames)
                image = folder / VISUAL / name
                sources = {"rgb": color_file(image)}
                cloud = clouds.get(Path(name).stem) or clouds.get(_last_number(name))
                if cloud is not None:
                    sources |= cloud_sources(cloud, from_cloud)
                frames.append(
                    FrameEntry(index, nominal_ns(index), sources, segment=number - 1, name=name)
                )
                if known:
                    truth[index] = Truth(ROOMS[known.rooms[i] - 1])
        if not frames and not faults:
            faults.append(Fault(path, f"no images in {VISUAL}"))
        sequence = ImageSequence(
            name=path.resolve().name,
            root=path,
            reader="vidrilo",
            channels=channels,
            frames=tuple(frames),
            rate_hz=NOMINAL_RATE_HZ,
            truth=truth if labels is not None else None,
            note=NOTE,
            truth_table=mat,
        )
        return Reading(sequence, faults, warnings)


def _list_sequences(path: Path) -> dict[int, Path]:
    """Return the ``Sequence<n>`` folders in ``path`` by their number, in order."""
    try:
        folders = {
            int(m[1]): p
            for p in path.iterdir()
            if (m := _SEQUENCE.fullmatch(p.name)) and (p / VISUAL).is_dir()
        }
    except OSError:
        return {}
    return dict(sorted(folders.items()))


def _number(path: Path) -> int:
    match = _SEQUENCE.fullmatch(path.resolve().name)
    return int(match[1]) if match else 1


def _last_number(name: str) -> str:
    """Return the last number in a file name without its leading zeros."""
    numbers = re.findall(r"[0-9]+", Path(name).stem)
    return numbers[-1].lstrip("0") or "0" if numbers else ""


def _list_clouds(folder: Path, faults: list[Fault]) -> dict[str, Path]:
    """Return the clouds of a sequence, by stem and, where that is unambiguous, by number."""
    for place in _CLOUDS:
        names = [n for n in names_in(folder / place) if n.lower().endswith(".pcd")]
        if names:
            numbered = {_last_number(n): folder / place / n for n in sorted(names)}
            by_number = numbered if len(numbered) == len(names) and "" not in numbered else {}
            return by_number | {Path(n).stem: folder / place / n for n in names}
    return {}


def _read_configuration(mat: Path, faults: list[Fault]) -> list[dict[str, Any]] | None:
    """Return names and room numbers of each entry of the struct ``Configuration``."""
    entries = labels_apart("vidrilo", mat)
    if isinstance(entries, str):
        faults.append(Fault(mat, entries))
        return None
    return entries


def _select_labels(
    entries: list[dict[str, Any]], number: int, mat: Path, faults: list[Fault]
) -> Labels | None:
    """Return one sequence's images and rooms; None where they do not make sense."""
    if number > len(entries):
        faults.append(Fault(mat, f"no entry for Sequence{number}: it has {len(entries)}"))
        return None
    entry, where = entries[number - 1], f"Configuration({number})"
    names = [PureWindowsPath(n).name for n in entry["names"]]
    rooms = entry["rooms"]
    if rooms is None or len(names) != len(rooms):
        n = "other values" if rooms is None else f"{len(rooms)} rooms"
        faults.append(
            Fault(
                mat,
                f"{where}: expected as many room numbers in its third field as image "
                f"names in its first, got {len(names)} names and {n}",
            )
        )
        return None
    bad = [i for i, r in enumerate(rooms) if not 1 <= r <= len(ROOMS)]
    for i in bad:
        faults.append(
            Fault(
                mat,
                f"{where}, image {i + 1}: expected a room number from 1 to "
                f"{len(ROOMS)}, got {rooms[i]}",
            )
        )
    nameless = [i for i, n in enumerate(names) if n in ("", ".", "..") or "\0" in n]
    for i in nameless:
        faults.append(Fault(mat, f"{where}, image {i + 1}: its name is empty"))
    return None if bad or nameless else Labels(names, rooms)
