"""What runs share: each step once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from robotvision.sweep.plan import load_plan
from robotvision.sweep.steps import Graph, graph_of

Grid = Callable[..., Path]


def graph(path: Path, live: bool = False) -> Graph:
    plan = load_plan(path)
    return graph_of(plan, plan.runs, live=live)


def test_shared_steps_are_there_once(grid: Grid) -> None:
    """Two extractors and three sequences are six extractions, whatever else the grid asks for."""
    found = graph(
        grid("""
        grid:
          features:
            one: [hsv_histogram]
            two: [depth_histogram]
            both: [hsv_histogram, depth_histogram]
          classifier: [knn, svm]
          decision.abstain: [auto, never, 0.5]
          mode: [optional]
          temporal: [null, bayes]
        splits: {leave_one_out: [a, b, c]}
        """)
    )
    assert len(found.runs) == 3 * 2 * 3 * 2 * 3
    assert len(found.extracts) == 2 * 3
    assert len(found.trains) == 3 * 2 * 2 * 3  # no threshold is trained for; a filter is tuned


def test_a_learning_extractor_learns_once_a_training_set(grid: Grid) -> None:
    """Its vectors belong to what it learnt: two classifiers share them, two splits do not."""
    found = graph(
        grid("""
        grid: {features: [sift_bow], classifier: [knn, svm]}
        splits: {leave_one_out: [a, b]}
        """)
    )
    assert (len(found.learns), len(found.extracts), len(found.trains)) == (2, 4, 4)


def test_test_frames_are_extracted_live_where_time_counts(grid: Grid) -> None:
    """With a running clock, or where latencies are wanted, nothing is looked up."""
    plain = grid("grid: {seed: [0, 1]}")
    assert all(run.extracts for run in graph(plain).runs.values())
    assert not any(run.extracts for run in graph(plain, live=True).runs.values())
    timed = grid(
        "grid: {replay.clock: [simulated], replay.policy: [deadline], replay.deadline_ms: [50.0]}"
    )
    assert not any(run.extracts for run in graph(timed).runs.values())


def test_spoilt_tours_have_vectors_of_their_own(grid: Grid) -> None:
    """A declared sensor fault changes the test images, not those trained on."""
    found = graph(grid("grid: {faults: {none: null, dark: {faults: [{kind: exposure, ev: -2}]}}}"))
    assert (len(found.extracts), len(found.trains), len(found.runs)) == (3, 1, 2)


def test_settled_features_are_shared(grid: Grid) -> None:
    """What only the sequences settle is settled first: left out, or its channel found."""
    found = graph(
        grid("""
        grid:
          features:
            plain: [hsv_histogram]
            auto: [{name: phog, channel: auto}]
            lacks: [hsv_histogram, {name: gist, channel: left, optional: true}]
          decision.abstain: [auto, never]
        """)
    )
    assert (len(found.runs), len(found.trains), len(found.extracts)) == (6, 2, 4)
    assert all(run.extracts for run in found.runs.values())


def test_views_of_training_frames_are_steps(grid: Grid) -> None:
    """Mirrored frames are extracted beside the plain ones, which all runs share."""
    found = graph(grid("grid: {augment: {no: null, mirror: {mirror: true}}}"))
    assert (len(found.runs), len(found.trains), len(found.extracts)) == (2, 2, 3)
    assert [s.view.mirror for s in found.extracts.values()].count(True) == 1
