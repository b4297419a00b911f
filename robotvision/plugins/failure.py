"""What a plug-in raised, in one line with the place in its own code."""

from __future__ import annotations

import inspect
import sys
import traceback

from robotvision.errors import RobotVisionError
from robotvision.plugins.provenance import code_owner


def failure(part: object, where: str, error: Exception, name: str = "") -> RobotVisionError:
    """Return what a plug-in raised as one line: ``where``, its repr, its file and line, the reason.

    The line is the last in the module of its class (of a function: its own), where there is one;
    otherwise the last of all. ``name`` stands in place of its repr.
    """
    what = " ".join(str(error).split())
    head = f"{where}: " if where else ""
    shown = name or repr(part)
    if isinstance(error, RobotVisionError):
        return RobotVisionError(f"{head}{shown}: {what}")
    steps = traceback.extract_tb(error.__traceback__)
    own = getattr(sys.modules.get(code_owner(part).__module__), "__file__", None)
    at = next((s for s in reversed(steps) if s.filename == own), steps[-1])
    return RobotVisionError(
        f"{head}{shown} failed at {at.filename}:{at.lineno} with {type(error).__name__}"
        + (f": {what}" if what else "")
    )


def place_of(part: object) -> str:
    """Return the file and line where a function, or an object's class, is defined; else ''."""
    definition = code_owner(part)
    try:
        _, line = inspect.getsourcelines(definition)
        return f"{inspect.getsourcefile(definition)}:{line}"
    except (OSError, TypeError):  # written in C, or typed into an interpreter
        return ""
