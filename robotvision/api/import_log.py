"""A log of answers that was made elsewhere, as a run like any other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robotvision.api.arguments import PathLike, path_of, sequences_of, task_of
from robotvision.api.run import Run
from robotvision.data.sequence import ImageSequence
from robotvision.data.task_labels import require_labels, room_totals
from robotvision.errors import RobotVisionError, repeated
from robotvision.experiment.run import describe_sequence
from robotvision.records import SILENCE, FrameRecord, Notice, TimedAnswer
from robotvision.runs.log import RunRecord
from robotvision.runs.memory import MemoryLog
from robotvision.scoring.policy import named_policy
from robotvision.submissions.answer_log import AnswerLine, Matched, match_lines, read_answer_log
from robotvision.tasks.model import Task
from robotvision.version import __version__


def import_run(
    truth: Any,
    answers: PathLike,
    *,
    folder: PathLike | None = None,
    task: Any = None,
    train: Any = (),
    mode: str = "obligatory",
    options: Mapping[str, Any] | None = None,
) -> Run:
    """Return the run that a log of answers stands for.

    Each answer is taken for what the system said of its frame, its latency for how long it had it,
    one frame at a time: a run of the clock ``asap``, to be scored under any late-frame rule. A
    frame without a line is not answered, and took no time.

    Parameters
    ----------
    truth : ImageSequence, path or list of them
        What the cameras saw, with its truth.
    answers : path
        A table with a header; see `robotvision.submissions.answer_log.read_answer_log`.
    folder : path, optional
        The run folder; None: the run is kept in memory.
    task : str, path or Task, optional
        The rules (else the sequence's own, else ``rooms``).
    train : ImageSequence, path or list of them, optional
        What the system was trained on, for a task that takes its rooms from there.
    mode : str
        ``obligatory`` or ``optional``; noted in the run.
    options : Mapping[str, Any], optional
        ``columns`` and ``units``, as in `read_answer_log`; ``drops_unmatched``, as in
        `robotvision.submissions.answer_log.match_lines`.

    Raises
    ------
    RobotVisionError
        The log is malformed, answers frames that the sequences do not have, or one of them twice.
    """
    given, path = dict(options or {}), path_of("answers", answers, "the path of a table")
    drops_unmatched = bool(given.pop("drops_unmatched", False))
    sequences = sequences_of("truth", truth)
    rules = task_of(task or sequences[0].task or "rooms")
    training = sequences_of("train", train) if train else []
    rules = rules.with_rooms(room_totals(training or sequences))
    sequences, notices = require_labels(rules, sequences)
    _require_usable(sequences)
    lines = read_answer_log(path, rules, **given)
    matched = match_lines(path, lines, sequences, drops_unmatched=drops_unmatched)
    notices += [Notice("import", note) for note in matched.notes]
    if not _has_latencies(path, matched):
        words = "the log gives no latency: late answers cannot be told, only offline applies"
        notices.append(Notice("no-latency", words))
    header = _header(path, rules, mode, sequences, notices)
    run = Run(_recorded(header, sequences, matched))
    return run if folder is None else run.save(folder)


def _require_usable(sequences: list[ImageSequence]) -> None:
    if twice := repeated(s.name for s in sequences):
        raise RobotVisionError(f"two sequences are called {twice[0]!r}: import one at a time")
    for sequence in sequences:
        if not sequence.truth:
            raise RobotVisionError(f"{sequence.root}: no truth in it to score answers by")


def _has_latencies(path: Path, matched: Matched) -> bool:
    """Return whether answers have latencies. Raises RobotVisionError where only some have."""
    lines = [line for own in matched.lines for line in own.values()]
    answered = [line for line in lines if line.answer.room is not None]
    missing = [line.line for line in answered if line.latency_ns is None]
    if missing and len(missing) < len(answered):
        raise RobotVisionError(
            f"{path}:{min(missing)}: {len(missing)} of {len(answered)} answers have no latency "
            "(the first here); give all of them one, or none"
        )
    return not missing


def _header(
    path: Path, task: Task, mode: str, sequences: list[ImageSequence], notices: list[Notice]
) -> dict[str, Any]:
    """Return the first line of the log."""
    return {
        "schema": 1,
        "robotvision": __version__,
        "task": task.model_dump(mode="json"),
        "mode": mode,
        "policy": named_policy("offline").describe(),
        "clock": "asap",
        "system": {"name": path.stem, "isolation": "not known: its answers were imported"},
        "limit": None,
        "config": {
            "task": task.id,
            "mode": mode,
            "test": [{"path": str(s.root.resolve())} for s in sequences],
            "note": f"imported from {path.resolve()}",
        },
        "warnings": [notice.as_dict() for notice in notices],
    }


def _recorded(
    header: Mapping[str, Any], sequences: list[ImageSequence], matched: Matched
) -> RunRecord:
    """Return the log of the run."""
    log = MemoryLog()
    log.write("run", header)
    for sequence, own in zip(sequences, matched.lines, strict=True):
        about = describe_sequence(sequence, _set_of(sequence, own), range(len(sequence)))
        log.write("sequence", about)
        for record in _records(sequence, own):
            log.frame(record)
    log.write("end", {"frames": sum(map(len, sequences))})
    return log.record


def _set_of(sequence: ImageSequence, lines: Mapping[int, AnswerLine]) -> str:
    """Return the test set of a sequence. Raises RobotVisionError where lines name two."""
    sets = list(dict.fromkeys(line.set for line in lines.values() if line.set))
    if len(sets) > 1:
        raise RobotVisionError(
            f"{sequence.name}: expected one test set in the log, got {', '.join(sets)}; import "
            "each alone"
        )
    return sets[0] if sets else "test"


def _records(sequence: ImageSequence, lines: Mapping[int, AnswerLine]) -> list[FrameRecord]:
    """Return the frames of a sequence as a run logs them, one after the other."""
    records, now = [], 0
    truth = sequence.truth or {}
    for position, entry in enumerate(sequence.frames):
        line = lines.get(position)
        latency = None if line is None else line.latency_ns
        began, ended = (None, None) if latency is None else (now, now + latency)
        fault = line.fault if line is not None and line.fault else None
        answer = SILENCE if line is None else line.answer
        timed = TimedAnswer(entry.index, None if fault else answer, now, began, ended, fault=fault)
        records.append(
            FrameRecord.of(entry.timestamp_ns, entry.segment, timed, truth.get(entry.index))
        )
        now += latency or 0
    return records
