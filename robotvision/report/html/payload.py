"""What the page's script works on: the frames of one or several runs as columns of small numbers.

Frames of several runs are laid side by side by test set, sequence, occurrence and index, so that a
position means the same frame in every run; a frame that a run does not have is null there.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Numbers
from robotvision.report.columns import OUTCOMES, RunColumns
from robotvision.report.html.images import ImageSet
from robotvision.scoring.blocks import visits

Key = tuple[str, str, int, int]
ABSENT = -2
"""Outcome code of a frame that a run does not have."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Frames of several runs side by side.

    ``places`` holds for each run the (n,) place of every position in its own columns, -1 where it
    lacks the frame. ``source`` is the run that each position's truth and times are taken from.
    """

    keys: list[Key]
    places: list[Numbers]
    source: Numbers

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def shared(self) -> NDArray[np.bool_]:
        """Whether every run has the frame."""
        everywhere: NDArray[np.bool_] = np.all([p >= 0 for p in self.places], axis=0)
        return everywhere


def keys_of(run: RunColumns) -> list[Key]:
    """Return what names each frame of a run: set, sequence, its occurrence, index."""
    seen: Counter[tuple[str, str]] = Counter()
    keys: list[Key] = []
    for s in run.record.sequences:
        name = (s.set, str(s.about["name"]))
        keys += [(*name, seen[name], f.index) for f in s.frames]
        seen[name] += 1
    return keys


def align(runs: Sequence[RunColumns]) -> Aligned:
    """Return the frames of all runs side by side, in the order in which they come first."""
    own = [{k: i for i, k in enumerate(keys_of(run))} for run in runs]
    order = dict.fromkeys(k for places in own for k in places)
    rank = {s: i for i, s in enumerate(dict.fromkeys(k[:3] for k in order))}
    keys = sorted(order, key=lambda k: (rank[k[:3]], k[3]))
    places = [np.array([p.get(k, -1) for k in keys], np.int64) for p in own]
    source = np.argmax([p >= 0 for p in places], axis=0) if keys else np.zeros(0, np.int64)
    return Aligned(keys, places, source)


def truth_names(runs: Sequence[RunColumns], aligned: Aligned) -> list[str | None]:
    """Return the true room of every position as the runs call it, None where not known."""
    names: list[str | None] = []
    for k, r in enumerate(aligned.source):
        run = runs[r]
        code = run.truth[aligned.places[r][k]]
        names.append(run.labels[code] if code >= 0 else None)
    return names


def all_labels(runs: Sequence[RunColumns]) -> list[str]:
    """Return every label of the runs' tasks."""
    return list(dict.fromkeys(label for run in runs for label in run.labels))


def payload(runs: Sequence[RunColumns], aligned: Aligned, album: ImageSet) -> dict[str, Any]:
    """Return the data of the page's script, ready for JSON."""
    labels = all_labels(runs)
    code = {label: i for i, label in enumerate(labels)}
    sequences = list(dict.fromkeys(k[:3] for k in aligned.keys))
    number = {s: i for i, s in enumerate(sequences)}
    at = [(runs[r], int(aligned.places[r][k])) for k, r in enumerate(aligned.source)]
    sequence = [number[k[:3]] for k in aligned.keys]
    segment = [int(run.segment[i]) for run, i in at]
    truth = [-1 if t is None else code[t] for t in truth_names(runs, aligned)]
    return {
        "labels": labels,
        "unknown": [run.task.unknown for run in runs if run.task.unknown][:1],
        "outcomes": list(OUTCOMES),
        "objects": list(dict.fromkeys(o for run in runs for o in run.task.objects)),
        "sequences": [_sequence_title(s) for s in sequences],
        "sequence": sequence,
        "index": [k[3] for k in aligned.keys],
        "segment": segment,
        "visit": visits(*(np.array(c, np.int64) for c in (sequence, segment, truth))).tolist(),
        "time_ms": [round(f.timestamp_ns / 1e6) for f in (run.frames[i] for run, i in at)],
        "truth": truth,
        "seen": _seen(at),
        "runs": [_run(run, p, code) for run, p in zip(runs, aligned.places, strict=True)],
        **album.columns(len(aligned)),
    }


def _sequence_title(key: tuple[str, str, int]) -> str:
    set_name, name, occurrence = key
    again = f" (pass {occurrence + 1})" if occurrence else ""
    return f"{name}{again}" if set_name == "test" else f"{set_name}: {name}{again}"


def _seen(at: list[tuple[RunColumns, int]]) -> dict[int, list[str]]:
    return {
        k: sorted(truth.objects)
        for k, (run, i) in enumerate(at)
        if (truth := run.frames[i].truth) is not None and truth.objects
    }


def _run(run: RunColumns, places: Numbers, code: dict[str, int]) -> dict[str, Any]:
    recode = np.array([*(code[label] for label in run.labels), -1])
    here = places >= 0
    outcome = (
        np.where(here, run.outcome[places], ABSENT) if len(run) else np.full(len(here), ABSENT)
    )
    answer = recode[run.answer[places]] if len(run) else np.full(len(here), -1)
    policy = run.record.about["policy"]
    deadline = policy.get("deadline_ms")
    return {
        "name": run.name,
        "max_points": run.data["max_points"],
        "best": run.bounds[1],
        "break_even": round(run.task.points.room.break_even, 4),
        "deadline_ms": deadline if isinstance(deadline, (int, float)) and deadline > 0 else None,
        "frame_ms": None if run.period_ms is None else round(run.period_ms, 2),
        "outcome": outcome.tolist(),
        "answer": np.where(here, answer, -1).tolist(),
        "late_answer": _late(run, places, code),
        "points": _rounded(run.points, places, 4),
        "object_points": _rounded(run.object_points, places, 4) if run.task.objects else [],
        "confidence": _rounded(run.confidence, places, 3),
        "latency_us": _rounded(run.latency_ns / 1e3, places, 0),
        "stages_us": {k: _rounded(v / 1e3, places, 0) for k, v in run.stages_ns.items()},
        "age_ms": _ages(run, places),
        "faults": {
            k: run.frames[i].timed.fault
            for k, i in enumerate(places.tolist())
            if i >= 0 and run.frames[i].timed.fault is not None
        },
        "stated": _stated(run, places),
        **_posterior(run, places, code),
    }


def _posterior(run: RunColumns, places: Numbers, code: dict[str, int]) -> dict[str, Any]:
    """Return the probabilities of the rooms as bytes in base64, 255 for 1, a row a frame.

    ``has_posterior`` says as bytes of 0 and 1 whether a frame has any.
    """
    values = run.posterior
    if values is None:
        return {"posterior": None}
    known = (places >= 0) & ~np.isnan(values[places, 0])
    rows = np.round(255 * np.where(known[:, None], values[places], 0)).astype(np.uint8)
    used = np.flatnonzero(rows.any(axis=0))
    return {
        "posterior": _base64(rows[:, used]),
        "posterior_rooms": [code[run.labels[j]] for j in used],
        "has_posterior": _base64(known.astype(np.uint8)),
    }


def _base64(array: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _late(run: RunColumns, places: Numbers, code: dict[str, int]) -> dict[int, int]:
    """Return what was answered where it did not count."""
    late = {}
    for k, i in enumerate(places.tolist()):
        answer = run.frames[i].timed.answer if i >= 0 else None
        if answer is not None and answer.room is not None and run.answer[i] < 0:
            late[k] = code.get(answer.room, -1)
    return late


def _stated(run: RunColumns, places: Numbers) -> dict[int, dict[str, bool]]:
    if not run.task.objects:
        return {}
    stated = {}
    for k, i in enumerate(places.tolist()):
        answer = run.judged_answer(i) if i >= 0 else None
        if answer is not None and answer.objects:
            stated[k] = dict(answer.objects)
    return stated


def _ages(run: RunColumns, places: Numbers) -> list[float | None]:
    if run.record.about["policy"]["late"] != "hold":
        return []
    ages = run.age_ns
    return [
        None if i < 0 or (age := ages[i]) is None else round(age / 1e6, 1) for i in places.tolist()
    ]


def _rounded(values: NDArray[np.float64], places: Numbers, digits: int) -> list[float | int | None]:
    if not len(values):
        return [None] * len(places)
    taken = np.where(places >= 0, values[places], np.nan)
    numbers = np.round(taken, digits).tolist()
    return [None if v != v else int(v) if v == int(v) else v for v in numbers]
