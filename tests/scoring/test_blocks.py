"""Room visits and sums over them: hand-worked cases."""

from __future__ import annotations

import numpy as np

from robotvision.scoring.blocks import block_sums, count_blocks, visits


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
    nothing, none = block_sums(values[:0], np.zeros(0, np.int64))
    assert (nothing.shape, none.shape, none.dtype) == ((0, 2), (0,), np.float64)


def test_blocks_count_the_same_in_any_order() -> None:
    values, blocks = np.arange(6.0)[:, None], np.array([3, 3, 5, 5, 5, 9])
    order = [4, 0, 5, 2, 1, 3]
    in_order, shuffled = block_sums(values, blocks), block_sums(values[order], blocks[order])
    assert all((a == b).all() for a, b in zip(in_order, shuffled, strict=True))
    assert count_blocks(blocks) == count_blocks(blocks[order]) == 3
    assert count_blocks(blocks[:0]) == 0
