"""One configuration out of several places, where each fault still names the place it came from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robotvision.config.overrides import put
from robotvision.errors import Fault, InputFaults, RobotVisionError
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
        """Return the base with each dotted key set to its value, short keys first.

        Raises
        ------
        InputFaults
            A key leads nowhere.
        """
        data = copy.deepcopy(self.data)
        places: dict[Path_, Origin] = {(): self.origin}
        for key in sorted(overrides, key=lambda k: k.count(".")):
            try:
                data, place = put(data, key, copy.deepcopy(overrides[key]))
            except RobotVisionError as e:
                document, where = origins[key]
                raise InputFaults(document.fault(where, str(e))) from None
            places[place] = origins[key]
        return Merged(self.path, data, {}, {}, origins=places)
