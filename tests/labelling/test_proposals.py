"""Proposals: the chain against sums over all its paths, and a person's answers that suffice."""

from __future__ import annotations

import itertools
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.data import open_sequence
from robotvision.labelling.embedding import embed
from robotvision.labelling.proposals import Proposer, chain_posterior, change_scores, range_ends

ROOT = Path(__file__).parents[2]


def all_paths(evidence: np.ndarray, switch: np.ndarray) -> np.ndarray:
    """Return what `chain_posterior` computes, by going through every path of states."""
    n, k = evidence.shape
    total = np.zeros((n, k))
    for path in itertools.product(range(k), repeat=n):
        weight = np.exp(sum(evidence[i, s] for i, s in enumerate(path)))
        for i in range(1, n):
            same = path[i] == path[i - 1]
            weight *= 1 - switch[i] if same else switch[i] / (k - 1)
        for i, s in enumerate(path):
            total[i, s] += weight
    return total / total.sum(axis=1, keepdims=True)


@given(st.integers(1, 5), st.integers(2, 3), st.integers(0, 10**6))
def test_the_chain_is_the_sum_over_its_paths(n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    evidence, switch = rng.normal(0, 3, (n, k)), rng.uniform(0.01, 0.6, n)
    assert np.allclose(chain_posterior(evidence, switch), all_paths(evidence, switch))


@given(st.integers(2, 12), st.integers(0, 10**6))
def test_changes_by_hand(n: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)
    expected = [
        np.linalg.norm(vectors[k : k + 3].mean(0) - vectors[max(0, k - 3) : k].mean(0))
        for k in range(1, n)
    ]
    assert np.allclose(change_scores(vectors), [0, *expected], atol=1e-5)


def test_ends_of_ranges() -> None:
    """Of two frames and more, within the sequence."""
    labelled = np.array([1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1], bool)
    assert sorted(range_ends(labelled)) == [2, 6, 9]


def blocks(*rooms: int, n_each: int = 10, noise: float = 0.3) -> np.ndarray:
    """Return vectors that are alike within a room."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(max(rooms) + 1, 16))
    return np.concatenate([means[r] + noise * rng.normal(size=(n_each, 16)) for r in rooms])


def test_one_label_a_room_gives_the_others() -> None:
    """A room that comes again is recognised; a labelled frame is never in doubt, nor changed."""
    proposer = Proposer(blocks(0, 1, 0, 2))
    labels = [-1] * 40
    labels[5], labels[15], labels[35] = 0, 1, 2
    proposals = proposer.propose(labels, 3)
    assert proposals.rooms.tolist() == [0] * 10 + [1] * 10 + [0] * 10 + [2] * 10
    assert proposals.doubt[[5, 15, 35]].tolist() == [0, 0, 0]
    assert set(proposals.borders) == {10, 20, 30}
    labels[25] = 2  # whatever the images say
    assert proposer.propose(labels, 3).rooms[25] == 2


def test_doubt_leads_to_a_room_that_is_not_named_yet() -> None:
    proposer = Proposer(blocks(0, 1, 2))
    first = proposer.propose([-1] * 30, 0)
    assert first.rooms.tolist() == [-1] * 30
    assert first.next is not None
    labels = [0] * 10 + [-1] * 20
    proposals = proposer.propose(labels, 1)
    assert proposals.next in range(10, 30)
    assert proposals.doubt[10:].min() > 0.5
    assert proposer.propose([0] * 30, 1).next is None


def test_one_frame_and_frames_without_an_image() -> None:
    one = Proposer(np.ones((1, 4))).propose([-1], 0)
    assert (one.rooms.tolist(), one.next, one.borders) == ([-1], 0, ())
    dark = Proposer(np.zeros((5, 4))).propose([0, -1, -1, -1, 1], 2)
    assert np.isfinite(dark.doubt).all()


@pytest.mark.parametrize("name", ["building_cloudy", "building_night"])
def test_a_persons_answers_suffice(name: str) -> None:
    """27 answers where the page asks for them, on CRFH alone, make 98 % of the frames right.

    ``scripts/check_labelling.py`` is the long form, on any sequence.
    """
    check = runpy.run_path(str(ROOT / "scripts/check_labelling.py"))
    sequence = open_sequence(ROOT / "sequences" / name)
    vectors = embed(sequence, None, feature="crfh").vectors
    few, enough = check["labelled"](sequence, vectors, [3, 27], 13)
    assert few < 0.6
    assert enough >= 0.98
