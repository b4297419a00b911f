"""Room visits and sums over them: hand-worked cases."""

from __future__ import annotations

import numpy as np

from robotvision.scoring.blocks import block_sums, visits


def test_a_visit_ends_where_room_segment_or_sequence_changes() -> None:
    sequence = np.array([0, 0, 0, 0, 0, 1])
    segment = np.array([0, 0, 0, 1, 1, 1])
    room = np.array([2, 2, 3, 3, 3, 3])
    assert visits(sequence, segment, room).tolist() == [0, 0, 1, 2, 2, 3]
    assert visits(sequence[:0], segment[:0], room[:0]).tolist() == []


def test_sums_by_block_are_those_of_a_loop() -> None:
    values = np.array([[1.0, 0], [2, 1], [4, 1], [8, 0]])
    sums, sizes = block_sums(values, np.array([5, 5, 9, 5]))
    assert sums.tolist() == [[11, 1], [4, 1]]
    assert sizes.tolist() == [3, 1]
