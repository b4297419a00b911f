"""Find images that links lead out of their sequence.

A sequence from a stranger must not show other files of this machine: neither by an image that is
a link, nor by a folder that is one. Links that stay inside are left alone, and so is a link to the
sequence's own folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from robotvision.data.sequence import ImageFile, ImageSequence
from robotvision.errors import Fault

REMEDY = "put the image itself there"


def leading_out(sequence: ImageSequence) -> Iterator[Fault]:
    """Yield a fault for each image that lies outside the sequence's folder, links followed.

    Every folder is looked at once, and an image only where its folder lists it as a link.
    """
    root = os.path.realpath(sequence.root)
    folders: dict[str, tuple[bool, frozenset[str]]] = {}
    for position, entry in enumerate(sequence.frames):
        for channel, source in entry.sources.items():
            if not isinstance(source, ImageFile):
                continue
            folder, name = os.path.split(source.path)
            if folder not in folders:
                folders[folder] = _is_inside(folder, root), _links(folder)
            is_inside, links = folders[folder]
            if is_inside and (name not in links or _is_inside(str(source.path), root)):
                continue
            is_below = source.path.is_relative_to(sequence.root)
            shown = source.path.relative_to(sequence.root) if is_below else source.path
            message = f"{channel}: {shown}: a link that leaves the sequence's folder"
            if entry.line is None:
                yield Fault(source.path, message, remedy=REMEDY)
            else:
                yield sequence.fault(position, message, REMEDY)


def _is_inside(path: str, root: str) -> bool:
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return True  # a name that no file can have: reading it reports that
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def _links(folder: str) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(e.name for e in entries if e.is_symlink())
    except OSError:
        return frozenset()  # no such folder: reading its images reports that
