"""What a plug-in raised, in one line with the place in its own code."""

from __future__ import annotations

import inspect
import sys
import sysconfig
import traceback
from pathlib import Path

from robotvision.errors import RobotVisionError
from robotvision.plugins.provenance import code_owner

_OURS = str(Path(__file__).resolve().parents[1])


def failure(part: object, where: str, error: Exception, name: str = "") -> RobotVisionError:
    """Return what a plug-in raised as one line: ``where``, its repr, its file and line, the reason.

    The line is the last in the module of its class (of a function: its own); where there is none,
    as for a Pipeline around it, the last of the user's own code; otherwise the last of all.
    ``name`` stands in place of its repr.
    """
    what = " ".join(str(error).split())
    head = f"{where}: " if where else ""
    shown = name or repr(part)
    if isinstance(error, RobotVisionError):
        return RobotVisionError(f"{head}{shown}: {what}")
    steps = traceback.extract_tb(error.__traceback__)
    users = [step for step in steps if _is_users(step.filename)]
    at = next((s for s in reversed(users) if s.filename == _file(part)), (users or steps)[-1])
    return RobotVisionError(
        f"{head}{shown} failed at {at.filename}:{at.lineno} with {type(error).__name__}"
        + (f": {what}" if what else "")
    )


def raised_in(part: object, error: Exception) -> bool:
    """Return whether an exception came through the module that defines a plug-in."""
    own = _file(part)
    return own is not None and any(
        step.filename == own for step in traceback.extract_tb(error.__traceback__)
    )


def _file(part: object) -> str | None:
    """Return the file of the module that defines a plug-in."""
    return getattr(sys.modules.get(code_owner(part).__module__), "__file__", None)


def _is_users(filename: str) -> bool:
    """Return whether a file is neither Python's, nor installed, nor one of this package."""
    folders = (_OURS, sysconfig.get_path("stdlib"))
    return "site-packages" not in filename and not filename.startswith(folders)


def place_of(part: object) -> str:
    """Return the file and line where a function, or an object's class, is defined; else ''."""
    definition = code_owner(part)
    try:
        _, line = inspect.getsourcelines(definition)
        return f"{inspect.getsourcefile(definition)}:{line}"
    except (OSError, TypeError):  # written in C, or typed into an interpreter
        return ""
