"""Latency models: how long a system has each frame, where it is assumed and not measured.

``constant`` gives every frame the same; ``empirical`` draws from measured latencies, each frame on
its own (so slow frames no longer come together: the order of a run log is kept by using the log
itself); ``listed`` names each frame's. A model maps a frame's position to whole nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from robotvision.errors import Fault, InputFaults, RobotVisionError, raise_faults
from robotvision.regular_file import read_regular
from robotvision.runs.log import read_log
from robotvision.scoring.policy import milliseconds

LatencyModel = Callable[[int], int]
"""Position in the run -> nanoseconds."""

_BLOCK = 4096


def constant(latency_ns: int) -> LatencyModel:
    """Return a model that gives every frame the same."""
    return lambda k: latency_ns


def listed(latency_ns: Sequence[int]) -> LatencyModel:
    """Return a model that names each frame's latency.

    Asked for a frame beyond its end it raises a RobotVisionError.
    """

    def latency(k: int) -> int:
        if k >= len(latency_ns):
            raise RobotVisionError(
                f"latency: the list names {len(latency_ns)} frames, the run has more"
            )
        return latency_ns[k]

    return latency


class Empirical:
    """Draws each frame's latency from measured ones, with equal chance; the same for every call.

    Parameters
    ----------
    measured_ns : sequence of int
        At least one.
    seed : int
        Of the draws.
    """

    def __init__(self, measured_ns: Sequence[int], seed: int = 0) -> None:
        if not measured_ns:
            raise RobotVisionError("latency: empirical: no latency was measured to draw from")
        self._measured = list(measured_ns)
        self._draws = np.random.default_rng(seed)
        self._drawn: list[int] = []

    def __call__(self, k: int) -> int:
        """Return the latency of the frame at position ``k``."""
        while k >= len(self._drawn):
            places = self._draws.integers(0, len(self._measured), _BLOCK).tolist()
            self._drawn += [self._measured[i] for i in places]
        return self._drawn[k]


def parse_latency(text: str, measured_ns: Sequence[int], seed: int = 0) -> LatencyModel:
    """Return the model that ``constant:MS``, ``empirical[:RUN]`` or ``list:FILE`` names.

    Parameters
    ----------
    text : str
        ``RUN`` is another run's folder or log; ``FILE`` holds milliseconds, one a line.
    measured_ns : sequence of int
        What ``empirical`` draws from where it names no run.
    seed : int
        Of ``empirical``.

    Raises
    ------
    RobotVisionError
        It names none of them, or its number or file is wrong.
    """
    kind, _, rest = text.partition(":")
    if kind == "constant" and rest:
        return constant(milliseconds(rest, "latency: constant"))
    if kind == "list" and rest:
        return listed(read_list(Path(rest)))
    if kind == "empirical":
        return Empirical(_measured(Path(rest)) if rest else measured_ns, seed)
    raise RobotVisionError(
        f"latency: expected constant:MS, empirical, empirical:RUN or list:FILE, got {text!r}"
    )


def read_list(path: Path) -> list[int]:
    """Return latencies in nanoseconds from a file of milliseconds, one a line. Raises."""
    try:
        lines = read_regular(path).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        remedy = "give a text file of milliseconds, one a line"
        raise InputFaults(Fault(path, f"cannot be read ({e})", remedy=remedy)) from e
    latencies, faults = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            latencies.append(milliseconds(line.strip(), "latency"))
        except RobotVisionError as e:
            faults.append(Fault(path, str(e), number))
    raise_faults(faults)
    return latencies


def _measured(path: Path) -> list[int]:
    latencies = (f.timed.latency_ns for f in read_log(path).frames())
    return [t for t in latencies if t is not None]
