"""The truth of sequences in the labels of a task: aliases read, misspellings refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from robotvision.data.sequence import ImageSequence
from robotvision.errors import Fault, raise_faults
from robotvision.records import Notice
from robotvision.tasks.model import Task
from robotvision.tasks.truth_labels import TruthLabels, alias_notices, own_labels


def truth_labels(sequence: ImageSequence) -> TruthLabels:
    """Return the labels of a sequence's truth, each with its first line."""
    rooms: dict[str, int | None] = {}
    objects: dict[str, int | None] = {}
    for index, truth in (sequence.truth or {}).items():
        line = sequence.truth_lines.get(index)
        rooms.setdefault(truth.room, line)
        for name in truth.objects:
            objects.setdefault(name, line)
    path = sequence.truth_table or sequence.root
    return TruthLabels(sequence.name, path, rooms, dict(sorted(objects.items())))


def room_totals(sequences: Iterable[ImageSequence]) -> Counter[str]:
    """Return the number of frames of each true room of several sequences, as spelt."""
    totals: Counter[str] = Counter()
    for sequence in sequences:
        totals.update(sequence.room_counts())
    return totals


def label_faults(task: Task, sequences: Iterable[ImageSequence]) -> list[Fault]:
    """Return a fault for each label of a truth that the task cannot count, at its first line.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    sequences : iterable of ImageSequence
    """
    return [fault for s in sequences for fault in truth_labels(s).faults(task)]


def in_labels_of(task: Task, sequence: ImageSequence) -> ImageSequence:
    """Return a sequence whose truth has the task's own labels in place of their aliases."""
    if not truth_labels(sequence).aliases(task):
        return sequence
    truth = {index: own_labels(task, t) for index, t in (sequence.truth or {}).items()}
    return replace(sequence, truth=truth)


def require_labels(
    task: Task, sequences: Sequence[ImageSequence]
) -> tuple[list[ImageSequence], list[Notice]]:
    """Return sequences in the task's own labels, and a notice on the aliases that were read.

    Raises
    ------
    InputFaults
        A label is misspelt, or is a room that the task cannot count; each with its first line.
    """
    faults = label_faults(task, sequences)
    raise_faults(faults)
    notices = alias_notices(task, map(truth_labels, sequences))
    return [in_labels_of(task, s) for s in sequences], notices
