"""The records that pass between the rooms: what they refuse to change and how they convert."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from msgspec import UNSET

from robotvision.records import (
    NO_OBJECTS,
    SILENCE,
    Answer,
    Frame,
    FrameRecord,
    TimedAnswer,
    Truth,
)

TIMED = TimedAnswer(7, Answer("Hall", 0.5, {"chair": True}), 1, 2, 5, {"feature": 3})
TRUTH = Truth("Hall", frozenset({"table", "chair"}))


def test_a_frame_cannot_be_changed() -> None:
    """Neither the record nor its images: a system that writes into one does so on its own copy."""
    image = np.zeros((2, 2, 3), np.uint8)
    frame = Frame(0, 1, {"rgb": image})
    assert frame["rgb"] is image
    with pytest.raises(ValueError, match="read-only"):
        frame["rgb"][0] = 1
    with pytest.raises(AttributeError):
        frame.index = 3  # type: ignore[misc]


def test_latency_is_the_time_the_system_had_the_frame() -> None:
    """None where it never had the frame, or never gave it back."""
    assert TIMED.latency_ns == 3
    assert TimedAnswer(0, None, 1).latency_ns is None
    assert TimedAnswer(0, None, 1, 2).latency_ns is None


def test_a_frame_record_is_flat_and_gives_back_what_it_was_built_of() -> None:
    """Answer, times and truth come back equal, and survive a pickle."""
    record = FrameRecord.of(9, 1, TIMED, TRUTH, 4)
    assert (record.index, record.timestamp_ns, record.segment) == (7, 9, 1)
    assert (record.room, record.confidence, record.decode_ns) == ("Hall", 0.5, 4)
    assert record.truth_objects == ("chair", "table")
    assert record.timed == TIMED
    assert record.answer == TIMED.answer
    assert record.truth == TRUTH
    assert pickle.loads(pickle.dumps(record)) == record
    with pytest.raises(AttributeError):
        record.due_ns = 3  # type: ignore[misc]


def test_no_answer_is_not_the_answer_none() -> None:
    """A skipped or failed frame has no answer; a system that answers no room has one."""
    skipped = FrameRecord.of(0, 0, TimedAnswer(0, None, 1), None)
    silent = FrameRecord.of(0, 0, TimedAnswer(0, SILENCE, 1), None)
    assert skipped.room is UNSET
    assert skipped.timed.answer is None
    assert silent.room is None
    assert silent.timed.answer == SILENCE
    assert skipped != silent
    assert skipped.truth is None
    assert skipped.handover_ns is None
    assert skipped.objects is NO_OBJECTS
