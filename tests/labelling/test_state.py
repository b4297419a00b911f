"""Labels are a fold of edits: what is undone had never been, and nonsense changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.errors import RobotVisionError
from robotvision.labelling.state import (
    AddObject,
    AddRoom,
    Change,
    LabelRooms,
    LabelStart,
    LabelState,
    MarkCut,
    MarkObject,
    Redo,
    RoomSpan,
    Undo,
    runs_of,
)
from tests.fixtures.labels import snapshot

N = 12
START = LabelStart(N, (RoomSpan(2, 5, "Hall"),), (5,), ((0, 3, "Chair"),))
ROOMS = st.sampled_from(["Kitchen", "Office", "Hall"])
RANGES = st.tuples(st.integers(0, N - 1), st.integers(1, N)).map(
    lambda r: (min(r[0], r[1] - 1), max(r[0] + 1, r[1]))
)
SPANS = st.builds(lambda r, room: RoomSpan(*r, room), RANGES, st.none() | ROOMS)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        LabelRooms,
        st.lists(SPANS, min_size=1, max_size=3).map(tuple),
        st.sampled_from(["given", "accepted"]),
    ),
    st.builds(MarkCut, st.integers(1, N - 1), st.booleans()),
    st.builds(
        lambda r, name, seen: MarkObject(*r, name, seen),
        RANGES,
        st.sampled_from(["Chair", "Desk"]),
        st.booleans(),
    ),
    st.builds(AddRoom, ROOMS),
    st.builds(AddObject, st.just("Lamp")),
)


@given(st.lists(CHANGES, max_size=12))
def test_undoing_everything_is_the_beginning(changes: list[Change]) -> None:
    state = LabelState(START, changes)
    after = snapshot(state)
    for _ in changes:
        state.apply(Undo())
    assert snapshot(state) == snapshot(LabelState(START))
    for _ in changes:
        state.apply(Redo())
    assert snapshot(state) == after


@given(st.lists(st.one_of(CHANGES, st.just(Undo()), st.just(Redo())), max_size=20))
def test_a_history_is_what_stands_of_it(edits: list[Change | Undo | Redo]) -> None:
    """The state is that of the changes that were not taken back, whatever came between."""
    state, stands, taken = LabelState(START), [], []
    for edit in edits:
        if isinstance(edit, Undo):
            if not stands:
                with pytest.raises(RobotVisionError, match="nothing to undo"):
                    state.apply(edit)
                continue
            taken.append(stands.pop())
        elif isinstance(edit, Redo):
            if not taken:
                with pytest.raises(RobotVisionError, match="nothing to redo"):
                    state.apply(edit)
                continue
            stands.append(taken.pop())
        else:
            stands.append(edit)
            taken.clear()
        state.apply(edit)
    assert snapshot(state) == snapshot(LabelState(START, stands))


def test_what_each_change_does() -> None:
    state = LabelState(START)
    state.apply(LabelRooms((RoomSpan(4, 8, "Office"),)))
    state.apply(LabelRooms((RoomSpan(8, 9, "Hall"), RoomSpan(2, 3, None)), "accepted"))
    state.apply(MarkCut(8))
    state.apply(MarkObject(2, 4, "Chair", False))
    assert state.rooms == [None] * 3 + ["Hall"] + ["Office"] * 4 + ["Hall"] + [None] * 3
    assert [state.origins[k] for k in (2, 3, 4, 8)] == [None, "truth", "given", "accepted"]
    assert state.segments() == [0] * 5 + [1] * 3 + [2] * 4
    assert [sorted(seen) for seen in state.objects[:3]] == [["Chair"], ["Chair"], []]
    assert state.room_names == ["Hall", "Office"]
    assert state.n_labelled == 6
    spans = (RoomSpan(3, 4, "Hall"), RoomSpan(4, 8, "Office"), RoomSpan(8, 9, "Hall"))
    assert runs_of(state.rooms) == spans


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (LabelRooms((RoomSpan(0, 1, "Office"), RoomSpan(3, 3, "Hall"))), "expected a range within"),
        (
            LabelRooms((RoomSpan(0, N + 1, "Hall"),)),
            "expected a range within 0 and 12, got 0 to 13",
        ),
        (LabelRooms((RoomSpan(0, 1, "hall"),)), "is spelt as 'Hall' already"),
        (LabelRooms((RoomSpan(0, 1, " "),)), "expected a name of 1 to 100 signs"),
        (AddRoom("Room\n1"), "expected a name"),
        (AddObject("a;b"), "';' parts objects"),
        (MarkCut(0), "expected a frame from 1 to 11, got 0"),
        (MarkObject(5, 2, "Chair"), "expected a range"),
    ],
)
def test_nonsense_changes_nothing(edit: Change, message: str) -> None:
    state = LabelState(START)
    before = snapshot(state)
    with pytest.raises(RobotVisionError, match=message):
        state.apply(edit)
    assert snapshot(state) == before
    assert state.done == []
