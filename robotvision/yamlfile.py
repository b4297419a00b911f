"""Read YAML so that every fault can be shown with its line and column, all at once.

Plain YAML guesses: ``no`` is False, ``12:30`` is 750, ``1e-3`` is a string, a repeated key wins
silently. Here scalars follow YAML 1.2's core schema (``true``/``false``, ``null``, decimal numbers
with or without exponent; all else is a string), a repeated key is a fault, and each value keeps its
mark, so that what a typed model refuses is reported where it stands.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from robotvision.errors import Fault, InputFaults, by_place, near, not_readable, raise_faults
from robotvision.regular_file import read_regular

MAX_BYTES = 2**19
MAX_NODES = 100_000
"""Anchors count each time they are named: a few lines can stand for millions of nodes."""
MAX_DEPTH = 64
MAX_FAULTS = 200
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Path_ = tuple[str | int, ...]
Mark = tuple[int, int]
M = TypeVar("M", bound="Strict")


class Strict(BaseModel):
    """Base of everything read from YAML: no unknown keys, no conversions, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as plain data, with the place of each key and value (line, column from 1).

    ``overrides`` names what put a value there in place of the file: ``--set classifier.C``.
    """

    path: Path | str
    data: Any
    keys: Mapping[Path_, Mark] = field(repr=False)
    values: Mapping[Path_, Mark] = field(repr=False)
    overrides: Mapping[Path_, str] = field(default_factory=dict, repr=False)

    def fault(self, where: Path_, message: str, remedy: str = "", *, key: bool = False) -> Fault:
        """Return a fault at ``where`` (a path of keys), named by its dotted key."""
        for path, source in self.overrides.items():
            if where[: len(path)] == path:
                name = "" if where == path else f"{dotted(where)}: "
                return Fault(source, name + message, remedy=remedy)
            if where and path[: len(where)] == where and where not in self.values:
                return Fault(source, f"{dotted(where)}: {message}", remedy=remedy)
        mark = (self.keys if key else self.values).get(where) or self.values.get(where, (1, 1))
        name = dotted(where)
        return Fault(self.path, f"{name}: {message}" if name else message, *mark, remedy=remedy)


def dotted(where: Path_) -> str:
    """Return ``("train", 0)`` as ``train[0]``."""
    text = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in where)
    return text.removeprefix(".")


def load(path: Path) -> Document:
    """Read a YAML file.

    Raises
    ------
    InputFaults
        The file cannot be read or is not YAML, or keys repeat; every fault with its place.
    """
    try:
        return loads(read_regular(path, MAX_BYTES), path)
    except OSError as e:
        raise not_readable(path, e) from e


def loads(raw: bytes | str, path: Path | str = "<text>") -> Document:
    """Read YAML from memory; ``path`` is the name used in messages. Raises InputFaults."""
    if len(raw) > MAX_BYTES:
        raise InputFaults(Fault(path, f"expected YAML of at most {MAX_BYTES >> 10} kB"))
    try:
        node = yaml.compose(raw, Loader=_LOADER)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise InputFaults(
            Fault(path, f"not YAML: {e.problem or e.context}", line, column, "mend the line")
        ) from e
    except (yaml.YAMLError, UnicodeDecodeError) as e:
        reason = str(e).splitlines()[0]
        raise InputFaults(Fault(path, f"not YAML: {reason}", remedy="save it as UTF-8")) from e
    except RecursionError as e:
        raise InputFaults(Fault(path, "nested too deeply")) from e
    walk = _Walk(path)
    try:
        data = walk.value(node, ()) if node is not None else None
    except _TooMuch:
        data = None
    raise_faults(walk.faults)
    return Document(path, data, walk.keys, walk.values)


class _TooMuch(Exception):
    """The rest is not worth looking at; what is wrong so far is noted."""


class _Walk:
    """Turn a node graph into plain data, noting marks and faults."""

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self.keys: dict[Path_, Mark] = {}
        self.values: dict[Path_, Mark] = {}
        self.faults: list[Fault] = []
        self.n_nodes = 0

    def value(self, node: yaml.Node, where: Path_) -> Any:
        self.values[where] = mark = _mark(node)
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES or len(where) > MAX_DEPTH or len(self.faults) > MAX_FAULTS:
            self.faults.append(Fault(self.path, "too large or nested too deeply", *mark))
            raise _TooMuch
        if not str(node.tag).startswith("tag:yaml.org,2002:") or "python" in node.tag:
            self.faults.append(
                Fault(self.path, f"the tag {node.tag!r} is not supported", *mark, "leave it out")
            )
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(n, (*where, i)) for i, n in enumerate(node.value)]
        style = getattr(node, "style", None)
        return node.value if style in ("'", '"', "|", ">") else scalar(node.value)

    def _mapping(self, node: yaml.MappingNode, where: Path_) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = _mark(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault(self.path, "expected a plain word as key", *mark))
                if len(self.faults) > MAX_FAULTS:
                    raise _TooMuch
                continue
            key = str(key_node.value)
            if key in data:
                first = self.keys[(*where, key)][0]
                self.faults.append(
                    Fault(
                        self.path,
                        f"{dotted((*where, key))}: the key is there twice (first in line {first})",
                        *mark,
                        "keep one",
                    )
                )
                continue
            self.keys[(*where, key)] = mark
            data[key] = self.value(value_node, (*where, key))
        return data


def scalar(text: str) -> object:
    """Resolve a plain scalar by YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text) if len(text) <= 40 else text
    if _FLOAT.match(text):
        return float(text)
    return text


def _mark(node: yaml.Node) -> Mark:
    return node.start_mark.line + 1, node.start_mark.column + 1


def validate(document: Document, model: type[M], *, context: Any = None) -> M:
    """Return the document as ``model``.

    Raises
    ------
    InputFaults
        Whatever the model refuses, every fault with line and column.
    """
    if not isinstance(document.data, dict):
        raise InputFaults(
            document.fault((), f"expected keys and values, got {_show(document.data)}")
        )
    try:
        text = json.dumps(document.data, allow_nan=False)
    except ValueError:
        where = next(w for w in document.values if _is_bad_number(_at(document.data, w)))
        raise InputFaults(document.fault(where, "expected a finite number")) from None
    try:
        return model.model_validate_json(text, context=context)
    except ValidationError as e:
        schema = model.model_json_schema()
        faults = dict.fromkeys(_faults(document, e, schema))
        raise InputFaults(by_place(faults)) from None


def _faults(document: Document, error: ValidationError, schema: dict[str, Any]) -> Iterator[Fault]:
    for item in error.errors(include_url=False):
        where = _place(document.data, item["loc"])
        kind, got = item["type"], item["input"]
        if kind == "extra_forbidden":
            known = list(_properties(schema, where[:-1]))
            yield document.fault(
                where,
                f"unknown key{near(str(where[-1]), known)}",
                f"known: {', '.join(known)}" if known else "",
                key=True,
            )
        elif kind == "missing":
            key = item["loc"][-1]
            yield document.fault(where, f"the key {key!r} is missing", f"add '{key}:'", key=True)
        elif kind in ("value_error", "assertion_error"):
            yield document.fault(where, str(item["ctx"]["error"]))
        else:
            expected = expectation(schema, where) or item["msg"]
            remedy = ""
            if "text" in expected and isinstance(got, (int, float, bool)) and "[" not in expected:
                remedy = f'put it in quotes: "{got}"'
            yield document.fault(where, f"expected {expected}, got {_show(got)}", remedy)


def _place(data: Any, loc: tuple[str | int, ...]) -> Path_:
    """Return the part of a pydantic location that is really in the data."""
    where: Path_ = ()
    for step in loc:
        inside = (isinstance(data, dict) and step in data) or (
            isinstance(data, list) and isinstance(step, int) and step < len(data)
        )
        if inside:
            data, where = data[step], (*where, step)
    return where


def _at(data: Any, where: Path_) -> Any:
    for step in where:
        data = data[step]
    return data


def _is_bad_number(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _show(value: Any) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value) if isinstance(value, (bool, dict, list)) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _variants(node: dict[str, Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the alternatives of a schema node with references followed."""
    if "$ref" in node:
        yield from _variants(root["$defs"][node["$ref"].rpartition("/")[2]], root)
    elif options := node.get("anyOf") or node.get("oneOf") or node.get("allOf"):
        for option in options:
            yield from _variants(option, root)
    else:
        yield node


def _nodes(root: dict[str, Any], where: Path_) -> list[dict[str, Any]]:
    nodes = list(_variants(root, root))
    for step in where:
        below: list[dict[str, Any]] = []
        for node in nodes:
            inner = (
                node.get("items")
                if isinstance(step, int)
                else node.get("properties", {}).get(step, node.get("additionalProperties"))
            )
            if isinstance(inner, dict):
                below += _variants(inner, root)
        nodes = below
    return nodes


def _properties(root: dict[str, Any], where: Path_) -> Iterator[str]:
    for node in _nodes(root, where):
        yield from node.get("properties", {})


def expectation(root: dict[str, Any], where: Path_) -> str:
    """Return in words what a JSON schema expects at ``where``: ``"a number above 0"``."""
    words = dict.fromkeys(filter(None, map(_expected, _nodes(root, where))))
    return " or ".join(w for w in words if w != "nothing" or len(words) == 1)


def _expected(node: dict[str, Any]) -> str:
    if "enum" in node:
        return "one of " + ", ".join(map(str, node["enum"]))
    if "const" in node:
        return f"{node['const']!r}"
    kind = node.get("type")
    noun = {
        "number": "a number",
        "integer": "a whole number",
        "string": "text",
        "boolean": "true or false",
        "array": "a list",
        "object": "keys and values",
        "null": "nothing",
    }.get(str(kind), "")
    limits = [
        f"{word} {node[key]}"
        for key, word in (
            ("exclusiveMinimum", "above"),
            ("minimum", "of at least"),
            ("exclusiveMaximum", "below"),
            ("maximum", "of at most"),
        )
        if key in node
    ]
    if kind == "array" and node.get("minItems"):
        limits.append(f"of at least {node['minItems']}")
    return " ".join([noun, " and ".join(limits)]).strip()


def dump_yaml(data: Any) -> str:
    """Return plain data as YAML, keys in their order."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
