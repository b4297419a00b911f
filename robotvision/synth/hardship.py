"""What makes a tour hard: looks round, doors, people, clutter, blur, exposure; and its note."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from robotvision.errors import RobotVisionError
from robotvision.synth.path import LOOK_ROUND

LOOK_ROUND_DEG = math.degrees(LOOK_ROUND)
FULL_TURN_DEG = 360.0


@dataclass(frozen=True, slots=True)
class Hardship:
    """What a tour is made hard by; all of it is off by default.

    Parameters
    ----------
    look_round_deg : float
        How far the robot pans at its stops in rooms, half to either side; 360: once right round.
    doors_shut : float
        Share of the rooms whose door is shut while the robot neither enters nor leaves, 0 to 1.
        Doors hang in the rooms that have a door leaf, not in open fronts.
    people, clutter : int
        People, and things left about, that stand somewhere on the floor where the robot can pass.
    shutter_ms : float
        How long the shutter is open: what is blurred by the camera's turn meanwhile.
    exposure_jumps : float
        The exposure jumps by up to so many stops, anew about every eight frames.
    """

    look_round_deg: float = LOOK_ROUND_DEG
    doors_shut: float = 0.0
    people: int = 0
    clutter: int = 0
    shutter_ms: float = 0.0
    exposure_jumps: float = 0.0

    @property
    def has_blockers(self) -> bool:
        """Whether anything stands about."""
        return self.people > 0 or self.clutter > 0

    @property
    def given(self) -> dict[str, float]:
        """The options that are not at their defaults, by name."""
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if getattr(self, f.name) != f.default
        }

    def check(self, where: str) -> None:
        """Raise RobotVisionError where a number is out of its range."""
        ranges: dict[str, tuple[float, float]] = {
            "look_round_deg": (0, FULL_TURN_DEG),
            "doors_shut": (0, 1),
            "people": (0, 100),
            "clutter": (0, 100),
            "shutter_ms": (0, 1000),
            "exposure_jumps": (0, 4),
        }
        for name, (low, high) in ranges.items():
            check_range(where, name, getattr(self, name), low, high)


PLAIN = Hardship()
"""Nothing hard."""


def check_range(where: str, name: str, value: float, low: float, high: float) -> None:
    """Raise RobotVisionError where ``value`` is not in [low, high]."""
    if not low <= value <= high:
        raise RobotVisionError(f"{where}: {name}: expected {low:g} to {high:g}, got {value:g}")
