"""What a plug-in takes, read from its signature and its docstring (numpydoc)."""

from __future__ import annotations

import inspect
import re
from dataclasses import asdict, dataclass
from typing import Any

_ENTRY = re.compile(r"([\w*]+(?:, [\w*]+)*)(?: : (.+))?\Z")
_DEFAULT = re.compile(r"(?:^|, ?| )(?:default\b.*|optional)\Z")
_ROLE = re.compile(r"`{1,2}([^`]+)`{1,2}")
NAMED = "name"
_LONGEST_EXAMPLE = 3


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a plug-in; ``type`` and ``text`` as its docstring has them, with the range."""

    name: str
    type: str
    default: Any
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A plug-in in words: what it computes, its parameters, where the method is from."""

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    source: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"parameters": [asdict(p) for p in self.parameters]}

    def example(self) -> str:
        """Return it as a configuration names it: YAML in one line, some parameters spelt out."""
        return in_one_line({NAMED: self.name, **self.some_parameters()})

    def some_parameters(self) -> dict[str, Any]:
        """Return those it cannot do without, and some more with their defaults."""
        first = [p for p in self.parameters if p.required] + [
            p for p in self.parameters if not p.required and p.default is not None
        ]
        shown = {p.name: "..." if p.required else _plain(p.default) for p in first}
        return dict(list(shown.items())[:_LONGEST_EXAMPLE])


def describe(name: str, cls: type) -> Part:
    """Return a plug-in in words.

    Parameters that the class's own docstring does not have are looked for in those of its bases.
    """
    documented: dict[str, tuple[str, str]] = {}
    for base in reversed(cls.__mro__):
        documented |= _parameters(inspect.cleandoc(base.__doc__ or ""))
    parameters = []
    for p in inspect.signature(cls).parameters.values():
        if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
            continue
        kind, text = documented.get(p.name, ("", ""))
        required = p.default is p.empty
        default = None if required else _plain(p.default)
        parameters.append(Parameter(p.name, kind, default, required, text))
    lines = inspect.cleandoc(cls.__doc__ or "").splitlines() or [""]
    module = inspect.getmodule(cls)
    source = inspect.cleandoc(getattr(module, "__doc__", None) or "")
    return Part(name, _words(lines[0]), tuple(parameters), _words(source))


def _parameters(doc: str) -> dict[str, tuple[str, str]]:
    """Return the parameters of a numpydoc docstring: name -> (type, text)."""
    _, rule, rest = doc.partition("Parameters\n----------\n")
    if not rule:
        return {}
    found: dict[str, tuple[str, list[str]]] = {}
    names: list[str] = []
    lines = rest.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following.startswith("---") or not (line.strip() or names):
            break
        if line and not line[0].isspace():
            match = _ENTRY.match(line)
            if match is None:
                break
            names = match[1].split(", ")
            kind = _DEFAULT.sub("", match[2] or "").strip()
            found |= {n: (kind, []) for n in names}
        else:
            for n in names:
                found[n][1].append(line.strip())
    return {n: (_words(kind), _words(" ".join(text).strip())) for n, (kind, text) in found.items()}


def in_one_line(data: Any) -> str:
    """Return plain data as YAML in one line."""
    import yaml

    text = yaml.safe_dump(data, default_flow_style=True, sort_keys=False, width=10**6)
    return str(text).strip()


def _words(text: str) -> str:
    return _ROLE.sub(r"\1", text)


def _plain(value: Any) -> Any:
    """Return a default as JSON and YAML have it."""
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
