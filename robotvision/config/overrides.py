"""Values in place of a configuration's own, by dotted key, as ``classifier.C``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from robotvision.errors import RobotVisionError
from robotvision.yamlfile import Document, Path_


def overridden(
    document: Document, values: Mapping[str, Any], source: str = "overrides:"
) -> Document:
    """Return a configuration as read, with values put in place before it is checked.

    A plug-in named alone (``classifier: svm``) takes parameters (``classifier.C``); a list's items
    are counted from 0.

    Parameters
    ----------
    document : Document
        As read.
    values : Mapping[str, Any]
        Dotted key -> value.
    source : str, optional
        What messages call an override, before its key: ``--set`` on the command line.

    Raises
    ------
    RobotVisionError
        A key leads nowhere.
    """
    if not values:
        return document
    data = copy.deepcopy(document.data)
    places: dict[Path_, str] = {}
    for key, value in values.items():
        if not isinstance(key, str) or not all(key.split(".")):
            raise RobotVisionError(f"{source} expected a key such as 'classifier.C', got {key!r}")
        try:
            data, place = put(data, key, value)
        except RobotVisionError as e:
            raise RobotVisionError(f"{source} {key}: {e}") from None
        places[place] = f"{source} {key}"
    return replace(document, data=data, overrides=places)


def put(data: Any, key: str, value: Any) -> tuple[Any, Path_]:
    """Return ``data`` with ``value`` at a dotted key, and the path of keys and places there.

    ``svm`` on the way becomes ``{name: svm}``; a number counts in a list: ``features.0.bins``.

    Raises
    ------
    RobotVisionError
        The key leads nowhere.
    """
    steps = key.split(".")
    data = _put(data, steps, value)
    return data, _path_of(data, steps)


def _path_of(data: Any, steps: list[str]) -> Path_:
    """Return the path of keys and places that steps take through ``data``."""
    path: Path_ = ()
    for step in steps:
        at: str | int = int(step) if isinstance(data, list) else step
        path, data = (*path, at), data[at]
    return path


def _put(node: Any, steps: list[str], value: Any) -> Any:
    """Return ``node`` with ``value`` where ``steps`` lead."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(node, list):
        if not step.isdecimal() or int(step) >= len(node):
            expected = f"expected the place of one of {len(node)} items from 0"
            raise RobotVisionError(f"{expected}, got {step!r}")
        place = int(step)
        return [_put(n, rest, value) if i == place else n for i, n in enumerate(node)]
    if isinstance(node, str):
        node = {"name": node}
    if node is None:
        node = {}
    if not isinstance(node, dict):
        raise RobotVisionError(f"{step!r} is below a plain value, {node!r}")
    return {**node, step: _put(node.get(step), rest, value)}
