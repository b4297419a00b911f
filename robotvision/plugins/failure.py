"""What a plug-in raised, in one line with the place in its own code."""

from __future__ import annotations

import sys
import traceback

from robotvision.errors import RobotVisionError


def failure(part: object, where: str, error: Exception) -> RobotVisionError:
    """Return what a plug-in raised as one line: ``where``, its repr, its file and line, the reason.

    The line is the last in the module of its class, where there is one; otherwise the last of all.
    """
    what = " ".join(str(error).split())
    head = f"{where}: " if where else ""
    if isinstance(error, RobotVisionError):
        return RobotVisionError(f"{head}{part!r}: {what}")
    steps = traceback.extract_tb(error.__traceback__)
    own = getattr(sys.modules.get(type(part).__module__), "__file__", None)
    at = next((s for s in reversed(steps) if s.filename == own), steps[-1])
    return RobotVisionError(
        f"{head}{part!r} failed at {at.filename}:{at.lineno} with {type(error).__name__}"
        + (f": {what}" if what else "")
    )
