"""What a tracker keeps of a run: parameters, points, latency quantiles, the points as they grew."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import Any

from robotvision.errors import MissingExtraError
from robotvision.experiment.progress import Observer
from robotvision.plugins.parameters import Parameterised
from robotvision.records import FrameRecord, ScoredAnswer
from robotvision.scoring.tally import Tally

CURVE_STEPS = 200
"""Points of a curve at most: stores keep one line each."""
_NAME = re.compile(r"[^\w\-./ ]")


class Tracker(Observer, Parameterised):
    """Base of the observers that keep a run in a tracker's store.

    Everything is written at the end, so a frame costs one number in memory. ``finish`` of a
    subclass writes.
    """

    module = ""
    """What must be installed."""

    def _check(self) -> None:
        if find_spec(self.module) is None:
            raise MissingExtraError(
                f"{type(self).__name__} needs the module {self.module!r}, which is not installed; "
                "pip install 'robotvision[tracking]'"
            )

    def begin(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Keep the parameters of the run that begins."""
        self.parameters_ = dict(leaves(about.get("config", {})))
        self.parameters_ |= {"robotvision": about.get("robotvision"), "task": about["task"]["id"]}
        self.points_ = array("d")

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Keep what the frame earned."""
        self.points_.append(scored.points)

    def curve(self) -> list[tuple[int, float]]:
        """Return (frames, points so far), at most `CURVE_STEPS` of them and the last one."""
        n = len(self.points_)
        every = max(1, -(-n // CURVE_STEPS))
        places = sorted({*range(every - 1, n, every), n - 1}) if n else []
        so_far = list(accumulate(self.points_))
        return [(k + 1, so_far[k]) for k in places]


def leaves(data: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the plain values of nested data by dotted name; what is empty is left out."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(data, list):
        for k, value in enumerate(data):
            yield from leaves(value, f"{name}.{k}")
    elif data not in (None, ""):
        yield name, data


def figures(report: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a report by name: points, outcomes, latency quantiles in ms.

    ``points``, ``max_points``, ``points.low`` and ``points.high`` (the 95 % interval), ``frames``,
    ``frames.<outcome>``, ``latency.<stage>.<quantile>_ms``. What a run does not have is left out.
    """
    found: dict[str, Any] = {key: report.get(key) for key in ("points", "max_points", "frames")}
    low, high = report.get("interval") or (None, None)
    found |= {"points.low": low, "points.high": high}
    found |= {f"frames.{name}": n for name, n in report["outcomes"].items()}
    for stage, quantiles in report["latency_ns"].items():
        for name, value in quantiles.items():
            if value is not None and name != "share":
                found[f"latency.{stage}.{name}_ms"] = value / 1e6
    return {_NAME.sub("_", k): float(v) for k, v in found.items() if v is not None}
