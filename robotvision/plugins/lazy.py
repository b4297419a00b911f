"""Names of a package that are imported on first use (PEP 562), so that importing it stays fast."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def lazy_names(
    package: str, targets: Mapping[str, str], packages: Iterable[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    targets : Mapping[str, str]
        Name -> module that defines it; ``"module:other"`` where it bears another name there.
    packages : iterable of str
        Packages inside it that need no import of their own.
    """
    inside = frozenset(packages)

    def getattribute(name: str) -> Any:
        target = targets.get(name)
        if name in inside:
            return importlib.import_module(f"{package}.{name}")
        if target is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, other = target.partition(":")
        return getattr(importlib.import_module(module), other or name)

    return getattribute, lambda: sorted({*targets, *inside})
