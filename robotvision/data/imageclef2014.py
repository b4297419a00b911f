"""The layout of the ImageCLEF 2014 Robot Vision kit.

::

    trainingVisual/visual_<n>.png                  n from 1, not padded
    trainingDepth/depth_<n>.pcd                    organised clouds, metres; may be absent
    validationVisual/visualValidation_<n>.png      depthValidation_<n>.pcd likewise
    Configuration*.mat                             the truth: in the folder of these, or above it

A sequence is read from the folder of one part's images (``trainingVisual``), or from the folder
around it where there is one part or ``part`` names it. Names and the training folders are verified,
the name of the folder of validation images is not, so any folder of such images will do. The frames
stand in random order: each is a segment of its own. There are no times: frames are spaced at a
nominal 5 Hz.
"""

from __future__ import annotations

import re
from pathlib import Path

from robotvision.data.kit2014 import read_kit
from robotvision.data.names import (
    NOMINAL_NOTE,
    NOMINAL_RATE_HZ,
    cloud_channels,
    cloud_sources,
    color_file,
    has_name,
    list_numbered,
    names_in,
    nominal_ns,
)
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence, Reading
from robotvision.errors import Fault
from robotvision.records import Truth

TASK = "imageclef2014"
NOTE = f"frames in random order, each a segment of its own; {NOMINAL_NOTE}"

_IMAGE = re.compile(r"visual([A-Za-z]*)_[0-9]{1,18}\.png", re.IGNORECASE)


class ImageClef2014Reader:
    """Reads the layout of the ImageCLEF 2014 kit.

    Parameters
    ----------
    part : str, optional
        ``training`` or ``validation``, where the folder holds several.
    """

    title = "imageclef2014: trainingVisual/visual_<n>.png, trainingDepth, Configuration*.mat"

    def __init__(self, part: str | None = None) -> None:
        self.part = part

    def detects(self, path: Path) -> bool:
        """Return whether images named ``visual_<n>.png`` exist, there or in a folder of it."""
        return bool(_visual_folders(path))

    def read(self, path: Path) -> Reading:
        """Read images' names and the truth, noting every fault."""
        faults: list[Fault] = []
        warnings: list[str] = []
        visual = self._visual_folder(path, faults)
        infix = None if visual is None else _infix(visual, faults)
        if visual is None or infix is None:
            return Reading(None, faults)
        images = list_numbered(visual, _pattern("visual", infix, "png"), faults)
        clouds = _clouds(visual, infix, faults)
        from_cloud = cloud_channels(clouds[min(clouds)], warnings) if clouds else {}
        frames = [
            FrameEntry(
                number - 1,
                nominal_ns(number - 1),
                {"rgb": color_file(images[number])}
                | (cloud_sources(clouds[number], from_cloud) if number in clouds else {}),
                segment=number - 1,
                name=images[number].name,
            )
            for number in sorted(images)
        ]
        mat, truth = _truth(visual, {f.name: f.index for f in frames}, faults, warnings)
        if clouds and (alone := len(images.keys() - clouds.keys())):
            warnings.append(f"{alone} of {len(frames)} images have no cloud")
        sequence = ImageSequence(
            name=_part_of(visual),
            root=path if path != visual else visual.resolve().parent,
            reader="imageclef2014",
            channels={"rgb": ChannelKind.COLOR, **from_cloud},
            frames=tuple(frames),
            rate_hz=NOMINAL_RATE_HZ,
            truth=truth,
            task=TASK,
            note=NOTE,
            truth_table=mat,
        )
        return Reading(sequence, faults, warnings)

    def _visual_folder(self, path: Path, faults: list[Fault]) -> Path | None:
        folders = {_part_of(folder): folder for folder in _visual_folders(path)}
        if self.part is not None:
            folders = {name: f for name, f in folders.items() if name == self.part}
        if len(folders) == 1:
            return next(iter(folders.values()))
        what = f"of the part {self.part!r}" if self.part is not None else "visual_<n>.png"
        if folders:
            names = ", ".join(f.name for f in folders.values())
            faults.append(Fault(path, f"holds several parts: {names}", remedy="name one of them"))
        else:
            faults.append(Fault(path, f"no images {what} in it"))
        return None


def _visual_folders(path: Path) -> list[Path]:
    """Return the folders of images: ``path`` itself, or those in it."""
    if has_name(path, _IMAGE):
        return [path]
    try:
        inside = sorted(p for p in path.iterdir() if "visual" in p.name.lower() and p.is_dir())
    except OSError:
        return []
    return [folder for folder in inside if has_name(folder, _IMAGE)]


def _part_of(visual: Path) -> str:
    """Return ``training`` for the folder ``trainingVisual``."""
    name = visual.resolve().name
    return re.sub(r"_?visual$", "", name, flags=re.IGNORECASE) or name


def _infix(visual: Path, faults: list[Fault]) -> str | None:
    """Return what stands between ``visual`` and the number: ``Validation``, or nothing."""
    infixes = {m[1] for name in names_in(visual) if (m := _IMAGE.fullmatch(name))}
    if len(infixes) == 1:
        return infixes.pop()
    names = ", ".join(f"visual{infix}_<n>.png" for infix in sorted(infixes))
    faults.append(Fault(visual, f"holds images of several parts: {names}", remedy="part them"))
    return None


def _pattern(kind: str, infix: str, extension: str) -> re.Pattern[str]:
    return re.compile(rf"{kind}{infix}_([0-9]{{1,18}})\.{extension}", re.IGNORECASE)


def _clouds(visual: Path, infix: str, faults: list[Fault]) -> dict[int, Path]:
    """Return the clouds beside the images, by number: in a folder of depth, or among them."""
    pattern = _pattern("depth", infix, "pcd")
    around = visual.resolve().parent
    beside = sorted(p for p in around.iterdir() if "depth" in p.name.lower() and p.is_dir())
    for folder in (*beside, visual):
        if has_name(folder, pattern):
            return list_numbered(folder, pattern, faults)
    return {}


def _truth(
    visual: Path, known: dict[str, int], faults: list[Fault], warnings: list[str]
) -> tuple[Path | None, dict[int, Truth] | None]:
    """Return the truth of the images in ``known`` (name -> frame index) and the file it is from."""
    place = visual.resolve()
    mats = next(
        (found for f in (place, *place.parents[:2]) if (found := sorted(_configurations(f)))), []
    )
    truth: dict[int, Truth] = {}
    source: Path | None = None
    for mat in mats:
        for part in read_kit(mat, faults):
            for name in part.truth.keys() & known.keys():
                if truth.setdefault(known[name], part.truth[name]) != part.truth[name]:
                    message = f"{part.part}: {name} has another truth than in {source}"
                    faults.append(Fault(mat, message, remedy="keep one of the files"))
                source = source or mat
    if not truth:
        if mats:
            warnings.append(f"none of these images in {', '.join(m.name for m in mats)}: no truth")
        return None, None
    if alone := len(known) - len(truth):
        warnings.append(f"{alone} of {len(known)} images have no truth in the configuration files")
    return source, dict(sorted(truth.items()))


def _configurations(folder: Path) -> list[Path]:
    names = (name for name in names_in(folder) if name.lower().endswith(".mat"))
    return [folder / name for name in names if name.lower().startswith("configuration")]
