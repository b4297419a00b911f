"""Recall@K against a second, slower code written from the reference protocol's words alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robotvision.scoring.recall import DescriptorIndex, positives_within, recall_counts


def oracle(
    database: NDArray[np.float32],
    queries: NDArray[np.float32],
    places: NDArray[np.float64],
    places_of_queries: NDArray[np.float64],
    within_m: float,
    at: list[int],
) -> list[int]:
    """Return how many queries count at each K: every pair looked at, in plain Python."""
    counts = [0] * len(at)
    for q in range(len(queries)):
        distances = []
        for d in range(len(database)):
            offsets = [float(a) - float(b) for a, b in zip(database[d], queries[q], strict=True)]
            distances.append((math.fsum(o * o for o in offsets), d))
        ranking = [d for _, d in sorted(distances)]
        for i, k in enumerate(at):
            for d in ranking[:k]:
                east, north = places[d] - places_of_queries[q]
                if east * east + north * north <= within_m * within_m:
                    counts[i] += 1
                    break
    return counts


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 30),
    m=st.integers(1, 12),
    dim=st.integers(1, 6),
    levels=st.sampled_from([2, 4, 1000]),
)
def test_equals_the_oracle(seed: int, n: int, m: int, dim: int, levels: int) -> None:
    """Descriptors of few levels tie often; places on a grid of 5 m lie at 25 m exactly."""
    rng = np.random.default_rng(seed)
    database = rng.integers(0, levels, (n, dim)).astype(np.float32)
    queries = rng.integers(0, levels, (m, dim)).astype(np.float32)
    places = 500_000 + 5.0 * rng.integers(0, 20, (n, 2))
    places_of_queries = 500_000 + 5.0 * rng.integers(0, 20, (m, 2))
    at = [1, 2, 5, 50]
    index = DescriptorIndex(database)
    rankings = [index.search(q, at[-1]) for q in queries]
    positives = positives_within(places, places_of_queries, 25)
    counts = recall_counts(rankings, positives, at)
    expected = oracle(database, queries, places, places_of_queries, 25, at)
    assert [counts[k] for k in at] == expected


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 20))
def test_what_is_left_out_is_not_among_the_nearest(seed: int, k: int) -> None:
    """Descriptors far from 0 and close to each other, where a product in float32 is coarse."""
    rng = np.random.default_rng(seed)
    database = (1000 + 1e-3 * rng.standard_normal((60, 8))).astype(np.float32)
    database[20:25] = database[3]
    query = (1000 + 1e-3 * rng.standard_normal(8)).astype(np.float32)
    exact = ((database.astype(np.float64) - query) ** 2).sum(axis=1)
    expected = np.lexsort((np.arange(60), exact))[:k]
    assert DescriptorIndex(database).search(query, k).tolist() == expected.tolist()


@pytest.mark.parametrize(("metres", "expected"), [(24.999, [0]), (25.0, [0, 1]), (25.001, [0, 1])])
def test_the_limit_itself_is_within(metres: float, expected: list[int]) -> None:
    database = np.array([[0.0, 0.0], [15.0, 20.0], [18.0, 18.0]])
    (found,) = positives_within(database, np.zeros((1, 2)), metres)
    assert sorted(found.tolist()) == expected


def test_a_query_without_positives_counts_as_missed() -> None:
    """Two queries, one of them 100 m from everything: recall@K is at most a half."""
    rankings = [np.array([0, 1]), np.array([1, 0])]
    positives = [np.array([1]), np.array([], np.int64)]
    assert recall_counts(rankings, positives, [1, 2]) == {1: 0, 2: 1}


def test_more_ranks_than_images() -> None:
    ranking = DescriptorIndex(np.eye(3, dtype=np.float32)).search(np.eye(3, dtype=np.float32)[1], 9)
    assert ranking.tolist() == [1, 0, 2]
