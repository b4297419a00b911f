"""Random forest (Breiman 2001), trained by scikit-learn, asked one frame at a time.

All trees are laid into one table and a frame goes down all of them at once: a step a level, in
place of a call a tree.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import FLOOR, Classifier, Scores, Vectors
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields


@parameter_fields
class RandomForest(Classifier):
    """Random forest.

    Parameters
    ----------
    n_trees : int
        Trees, 1 to 10,000.
    max_depth : int or None
        Levels of a tree; None: as many as it takes.
    min_leaf : int
        Training frames a leaf holds at least.
    max_features : float or 'sqrt'
        Share of the features looked at for each split, or the square root of their number.
    balanced : bool
        Weigh each room by the inverse of its share of the frames.
    random_state : int or None
        Seed; None: the run's seed where calibration trains it, else 0.
    """

    n_trees: int = 100
    max_depth: int | None = None
    min_leaf: int = 1
    max_features: float | str = "sqrt"
    balanced: bool = False
    random_state: int | None = None

    def _check(self) -> None:
        params.whole("n_trees", self.n_trees, high=10_000)
        if self.max_depth is not None:
            params.whole("max_depth", self.max_depth)
        params.whole("min_leaf", self.min_leaf)
        if self.max_features != "sqrt":
            params.number("max_features", self.max_features, high=1)
        params.flag("balanced", self.balanced)
        if self.random_state is not None:
            params.whole("random_state", self.random_state, low=0, high=2**32 - 1)

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        from sklearn.ensemble import RandomForestClassifier

        features = self.max_features
        forest = RandomForestClassifier(
            n_estimators=self.n_trees,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_leaf,
            max_features=features if isinstance(features, str) else float(features),
            class_weight="balanced_subsample" if self.balanced else None,
            random_state=self.random_state or 0,
            n_jobs=len(os.sched_getaffinity(0)),
        ).fit(x, y)
        trees = [t.tree_ for t in forest.estimators_]
        starts = np.cumsum([0, *(t.node_count for t in trees)])
        self.roots_ = starts[:-1].astype(np.int64)
        leaf = np.concatenate([t.children_left for t in trees]) < 0
        here = np.arange(starts[-1])
        shift = np.repeat(self.roots_, np.diff(starts))
        # A leaf leads to itself, so that short trees wait while the tall ones are walked.
        left = np.where(leaf, here, np.concatenate([t.children_left for t in trees]) + shift)
        right = np.where(leaf, here, np.concatenate([t.children_right for t in trees]) + shift)
        self.children_ = np.stack([left, right], axis=1).astype(np.int64)
        self.features_ = np.where(leaf, 0, np.concatenate([t.feature for t in trees]))
        self.thresholds_ = np.concatenate([t.threshold for t in trees])
        self.depth_ = max(int(t.max_depth) for t in trees)
        values = np.concatenate([t.value[:, 0, :] for t in trees])
        self.votes_ = values / values.sum(axis=1, keepdims=True)

    def votes(self, x: NDArray[np.float32]) -> Scores:
        """Return the mean of the trees' votes for one vector, (k,), summing to 1."""
        nodes = self.roots_
        for _ in range(self.depth_):
            right = x[self.features_[nodes]] > self.thresholds_[nodes]
            nodes = self.children_[nodes, right.view(np.int8)]
        mean: Scores = self.votes_[nodes].mean(axis=0)
        return mean

    def _row(self, x: NDArray[np.float32]) -> Scores:
        return np.log(np.maximum(self.votes(x), FLOOR))
