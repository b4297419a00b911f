"""The questions that Codabench asks with each submission: those of a run's card.

A pack answers them itself; a bare run file comes without a card, and the platform asks its owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

from robotvision.submissions.card import Card

TITLES = {
    "group": "Team",
    "method": "Method: features, classifier, when it keeps silent",
    "retrieval": "What it looks at",
    "run_type": "Did somebody look at test frames (manual)?",
    "mode": "Mode: each frame on its own (obligatory)?",
    "time_per_frame_ms": "Time for one frame in ms",
    "machine": "Machine that took this time",
    "additional_resources": "Used beside the task's training sequences",
    "other": "Anything else",
    "members": "Members of the team",
}
"""Field of a card -> what participants read."""
LEFT_OUT = ("primary",)
"""The platform has its own rule for which submission is on the board."""
ON_BOARD = ("group", "method")


def fact_sheet(modes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the fact sheet, its questions by key.

    Parameters
    ----------
    modes : sequence of str
        Those that the competition takes.
    """
    return {
        key: _question(key, info.annotation, info.is_required(), modes)
        for key, info in Card.model_fields.items()
        if key not in LEFT_OUT
    }


def _question(key: str, kind: Any, is_required: bool, modes: Sequence[str]) -> dict[str, Any]:
    options = list(get_args(kind)) if get_origin(kind) is Literal else []
    if key == "mode":
        options = [mode for mode in options if mode in modes]
    return {
        "key": key,
        "type": "select" if options else "text",
        "title": TITLES[key],
        "selection": options or "",
        "is_required": str(is_required).lower(),
        "is_on_leaderboard": str(key in ON_BOARD).lower(),
    }
