"""Plug-ins by name: built-ins imported on first use, entry points on a miss, dotted names.

Four ways to name a plug-in, tried in this order:

1. a built-in: ``"phog"`` stands for ``"robotvision.features.phog:PHOG"`` until first use;
2. ``@register("name")`` in local code that has been imported;
3. an entry point of that one name in the group ``robotvision.features``, ``.classifiers`` or
   ``.readers`` of an installed package;
4. a dotted name, ``"my_package.my_module.MyExtractor"`` or ``"my_package.my_module:MyExtractor"``,
   in the folders of `robotvision.plugins.plugin_path`, of what is installed or on ``PYTHONPATH``.

The same name for two classes is an error, never a silent replacement.
"""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, TypeVar, cast

from robotvision.errors import RobotVisionError, UnknownNameError, near, shortened
from robotvision.plugins.plugin_path import import_own, reach
from robotvision.plugins.provenance import note

T = TypeVar("T", bound=type)


class Registry:
    """The plug-ins of one kind.

    Parameters
    ----------
    kind : str
        What they are, in the singular, for messages: ``"feature"``.
    builtins : Mapping[str, str]
        Name -> ``"module:Class"``.
    group : str
        Entry-point group searched on a miss.
    """

    def __init__(self, kind: str, builtins: Mapping[str, str], group: str) -> None:
        self.kind = kind
        self.group = group
        self._targets: dict[str, str | type] = dict(builtins)

    def names(self) -> list[str]:
        """Return every name that can be used, sorted, without importing any plug-in."""
        return sorted({*self._targets, *(e.name for e in entry_points(group=self.group))})

    def classes(self) -> dict[str, str]:
        """Return the name of each built-in class -> ``"module:Class"``."""
        targets = (t for t in self._targets.values() if isinstance(t, str))
        return {t.partition(":")[2]: t for t in targets}

    def name_of(self, cls: type) -> str:
        """Return the name of a class: the one it is known by, else its dotted name."""
        for name, target in self._targets.items():
            if target is cls or target == _target(cls):
                return name
        return f"{cls.__module__}.{cls.__qualname__}"

    def register(self, name: str) -> Callable[[T], T]:
        """Return a class decorator that makes the class known as ``name``."""

        def add(cls: T) -> T:
            known = self._targets.get(name)
            if known is not None and _target(known) != _target(cls):
                raise RobotVisionError(
                    f"{self.kind} {name!r} is already {_target(known)}, so {_target(cls)} cannot "
                    "take the name; register it under another one"
                )
            self._targets[name] = cls
            note(cls.__module__)
            return cls

        return add

    def get(self, name: str) -> type:
        """Return the class, or the function that makes an object, called ``name``.

        Raises
        ------
        RobotVisionError
            As `find` does, or the name leads to something else.
        """
        target: Any = self.find(name)
        if not (isinstance(target, type) or inspect.isroutine(target)):
            raise RobotVisionError(
                f"{self.kind} {name!r}: expected a class, or a function that returns an object, "
                f"got {shortened(repr(target), 60)}"
            )
        return cast(type, target)  # a function, too, makes the object when it is called

    def find(self, name: str) -> Any:
        """Return whatever is called ``name``: also an object, where the name is a dotted one.

        Raises
        ------
        UnknownNameError
            No plug-in has the name.
        RobotVisionError
            The dotted name leads nowhere.
        """
        target = self._targets.get(name)
        if isinstance(target, type):
            return target
        if isinstance(target, str):
            return self._load(name, target)
        offered = tuple(entry_points(group=self.group, name=name))
        if len({e.value for e in offered}) > 1:
            raise RobotVisionError(
                f"{self.kind} {name!r} is offered by several packages: "
                f"{', '.join(sorted(e.value for e in offered))}; use the dotted name of one"
            )
        if offered:
            return self._load(name, offered[0].value)
        if "." in name or ":" in name:
            return _import_dotted(name, self)
        raise UnknownNameError(self.kind, name, self.names())

    def create(self, name: str, params: Mapping[str, Any]) -> Any:
        """Return the plug-in ``name`` built with ``params``.

        Raises
        ------
        RobotVisionError
            The plug-in does not take one of the parameters, or refuses its value.
        """
        return self.make(name, self.get(name), params)

    def make(self, name: str, cls: type, params: Mapping[str, Any]) -> Any:
        """Return what ``cls``, called ``name``, makes of ``params``; faults as in `create`."""
        if not is_ours(cls):  # ours take mappings as they are
            params = {key: self._nested(cls, value) for key, value in params.items()}
        try:
            return cls(**params)
        except (TypeError, ValueError) as e:
            reason = unknown_parameter(cls, params) or _without_init(str(e))
            inside = e.__traceback__ is not None and e.__traceback__.tb_next is not None
            if inside and inspect.isroutine(cls):  # a class says what it refuses of a parameter
                reason = f"fails: {with_place(e)}"
            raise RobotVisionError(f"{self.kind} {name!r}: {reason}") from e
        except Exception as e:  # a class or factory of the user's may raise anything
            if is_ours(cls):
                raise
            raise RobotVisionError(f"{self.kind} {name!r}: fails: {with_place(e)}") from e

    def _nested(self, cls: type, value: Any) -> Any:
        """Return a parameter with what it names built: ``{name: ..., ...}``, also in lists.

        The steps of a scikit-learn composite get the names of their classes, numbered.
        """
        if (part := named(value)) is not None:
            return self.create(*part)
        if not isinstance(value, list):
            return value
        built = [self._nested(cls, v) for v in value]
        is_composite = hasattr(cls, "named_steps") or hasattr(cls, "named_estimators")
        if is_composite and all(isinstance(v, Mapping) for v in value):
            return [(f"{type(b).__name__.lower()}{i}", b) for i, b in enumerate(built, 1)]
        return built

    def _load(self, name: str, target: str) -> type:
        module, _, attribute = target.partition(":")
        cls: type = getattr(importlib.import_module(module), attribute)
        self._targets[name] = cls
        return cls


def named(value: Any) -> tuple[str, dict[str, Any]] | None:
    """Return name and parameters of ``{name: ..., ...}``, None where a value is nothing like it."""
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        return None
    return value["name"], {k: v for k, v in value.items() if k != "name"}


def _target(cls: type | str) -> str:
    return cls if isinstance(cls, str) else f"{cls.__module__}:{cls.__qualname__}"


def is_ours(part: Any) -> bool:
    """Return whether a class or function is one of this package."""
    return str(getattr(part, "__module__", "")).startswith("robotvision.")


def parameters_of(part: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a class or function; none where Python cannot tell."""
    try:
        return inspect.signature(part).parameters
    except (TypeError, ValueError):  # written in C, say
        return {}


def unknown_parameter(cls: Any, params: Mapping[str, Any]) -> str:
    """Name the first parameter that ``cls`` does not take, with those it does; else ''."""
    takes = inspect.signature(cls).parameters
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        return ""
    for key in params:
        if key not in takes:
            known = ", ".join(takes) or "none"
            return f"no parameter {key!r}{near(key, takes)}; parameters: {known}"
    return ""


def _without_init(message: str) -> str:
    """Turn Python's ``PHOG.__init__() got an ...`` into a line about the plug-in."""
    head, sep, tail = message.partition("__init__() ")
    return tail if sep and "." in head else message


def _import_dotted(name: str, registry: Registry) -> Any:
    module, _, attribute = name.replace(":", ".").rpartition(".")
    try:
        return getattr(import_own(module), attribute)
    except (ImportError, AttributeError) as e:
        searched = ", ".join([*reach(), "what is installed", "PYTHONPATH"])
        raise RobotVisionError(
            f"{registry.kind} {name!r}: cannot import it ({e}); searched: {searched}; known by "
            f"name: {', '.join(registry.names())}"
        ) from e
    except RobotVisionError as e:
        raise RobotVisionError(f"{registry.kind} {name!r}: {e}") from e
    except Exception as e:  # whatever the plug-in's own code raises on import
        raise RobotVisionError(
            f"{registry.kind} {name!r}: its module fails on import: {with_place(e)}; mend it"
        ) from e


def with_place(error: Exception) -> str:
    """Return an error in one line, with the file and line it came from."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}: {type(error).__name__}: {error}"


def first_line(registry: Registry, name: str) -> str:
    """Return the first line of a plug-in's docstring, or why it cannot be loaded."""
    try:
        doc = registry.get(name).__doc__ or ""
    except (ImportError, RobotVisionError) as e:
        return f"(cannot be loaded: {e})"
    return doc.strip().splitlines()[0] if doc.strip() else ""
