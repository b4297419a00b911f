"""Values in place of a configuration's own, by dotted key, as ``classifier.C``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from robotvision.errors import RobotVisionError
from robotvision.yamlfile import Document


def overridden(document: Document, values: Mapping[str, Any]) -> Document:
    """Return a configuration as read, with values put in place before it is checked.

    A plug-in named alone (``classifier: svm``) takes parameters (``classifier.C``); a list's items
    are counted from 0.

    Parameters
    ----------
    document : Document
        As read.
    values : Mapping[str, Any]
        Dotted key -> value.

    Raises
    ------
    RobotVisionError
        A key leads nowhere.
    """
    if not values:
        return document
    data = copy.deepcopy(document.data)
    for key, value in values.items():
        if not isinstance(key, str) or not all(key.split(".")):
            raise RobotVisionError(f"overrides: expected a key such as 'classifier.C', got {key!r}")
        data = _put(data, key.split("."), value, key)
    return replace(document, data=data)


def _put(node: Any, steps: list[str], value: Any, key: str) -> Any:
    """Return ``node`` with ``value`` where ``steps`` lead."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(node, list):
        if not step.isdecimal() or int(step) >= len(node):
            raise RobotVisionError(
                f"overrides: {key}: expected the place of one of {len(node)} items from 0, got "
                f"{step!r}"
            )
        place = int(step)
        return [_put(n, rest, value, key) if i == place else n for i, n in enumerate(node)]
    if isinstance(node, str):
        node = {"name": node}
    if node is None:
        node = {}
    if not isinstance(node, dict):
        raise RobotVisionError(f"overrides: {key}: {step!r} is below a plain value, {node!r}")
    return {**node, step: _put(node.get(step), rest, value, key)}
