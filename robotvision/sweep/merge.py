"""One configuration out of several places, where each fault still names the place it came from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robotvision.errors import Fault
from robotvision.yamlfile import Document, Path_, dotted

Origin = tuple[Document, Path_]


@dataclass(frozen=True, slots=True)
class Merged(Document):
    """A configuration put together from a base and overrides.

    ``origins`` maps a path in the configuration to the document and the path it was taken from.
    """

    origins: Mapping[Path_, Origin] = field(default_factory=dict, repr=False)

    def fault(self, where: Path_, message: str, remedy: str = "", *, key: bool = False) -> Fault:
        """Return a fault at the place that ``where`` came from."""
        for n in range(len(where), -1, -1):
            origin = self.origins.get(where[:n])
            if origin is not None:
                document, start = origin
                source = (*start, *where[n:])
                if key and n == len(where) and n and isinstance(start[-1], int):
                    source = start[:-1]  # the key stands there, the value is one of a list
                return _nearest(document, source, message, remedy, key)
        return _nearest(self, where, message, remedy, key)


def _nearest(document: Document, where: Path_, message: str, remedy: str, key: bool) -> Fault:
    for n in range(len(where), -1, -1):
        tables = (document.keys, document.values) if key else (document.values, document.keys)
        mark = tables[0].get(where[:n]) or tables[1].get(where[:n])
        if mark is not None:
            name = dotted(where)
            text = f"{name}: {message}" if name else message
            return Fault(document.path, text, *mark, remedy=remedy)
    return Fault(document.path, f"{dotted(where)}: {message}", 1, 1, remedy=remedy)


@dataclass(slots=True)
class Merger:
    """Puts overrides into a base.

    Parameters
    ----------
    data : dict
        The base's keys.
    origin : Origin
        Where the base stands.
    path : Path
        Of the file whose folder relative paths start at.
    """

    data: dict[str, Any]
    origin: Origin
    path: Path

    def merged(self, overrides: Mapping[str, Any], origins: Mapping[str, Origin]) -> Merged:
        """Return the base with each dotted key set to its value, short keys first."""
        data = copy.deepcopy(self.data)
        places: dict[Path_, Origin] = {(): self.origin}
        for key in sorted(overrides, key=lambda k: k.count(".")):
            places[put(data, key, copy.deepcopy(overrides[key]))] = origins[key]
        return Merged(self.path, data, {}, {}, origins=places)


def put(data: dict[str, Any], key: str, value: Any) -> Path_:
    """Set a dotted key and return its path; ``svm`` on the way becomes ``{name: svm}``.

    A number counts in a list: ``features.0.bins``.
    """
    steps = key.split(".")
    where: list[str | int] = []
    at: Any = data
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        place: str | int = step
        if isinstance(at, list) and step.isdigit() and int(step) < len(at):
            place = int(step)
        elif isinstance(at, list):
            return tuple(where)  # not in the list: the model says what it expected there
        where.append(place)
        if following is None:
            at[place] = value
            break
        below = at[int(place)] if isinstance(at, list) else at.get(step)
        if isinstance(below, str):
            below = {"name": below}
        elif not isinstance(below, (dict, list)):
            below = {}
        at[place] = below
        at = below
    return tuple(where)
