"""Time one frame's answer against scikit-learn's, both in this run, on one core.

Prints the median time of each and their ratio; a ratio below 1 is ours faster::

    python scripts/bench_classifiers.py
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression as PeerRegression
from sklearn.metrics.pairwise import chi2_kernel
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from robotvision.classifiers.calibration import Calibrated
from robotvision.classifiers.forest import RandomForest
from robotvision.classifiers.kernels import pairs
from robotvision.classifiers.knn import KNN
from robotvision.classifiers.linear import LogisticRegression
from robotvision.classifiers.svm import SVM
from robotvision.temporal import TEMPORAL

Vectors = NDArray[np.float32]
Answer = Callable[[Vectors], object]

N_FRAMES, N_BINS, N_ROOMS = 2000, 1000, 9
ROUNDS = 41


def histograms(n: int, seed: int, share: float = 1.0) -> Vectors:
    """Return ``n`` histograms, ``share`` of whose bins are in use."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, N_BINS), np.float32) ** 4
    x[rng.random(x.shape) > share] = 0
    unit: Vectors = x / x.sum(axis=1, keepdims=True)
    return unit


def compare(name: str, ours: Answer, peer: Answer, frames: Vectors) -> None:
    """Time both in turn on the same frames and print a line."""
    took: tuple[list[int], list[int]] = ([], [])
    for i in range(ROUNDS + 3):
        frame = frames[i % len(frames)][None]
        for answer, times in zip((ours, peer), took, strict=True):
            start = perf_counter_ns()
            answer(frame)
            times.append(perf_counter_ns() - start)
    a, b = (median(t[3:]) / 1e6 for t in took)
    print(f"{name:44s} {a:9.3f} ms {b:9.3f} ms   {a / b:6.3f}")


def bench_svm(share: float) -> None:
    """Compare the χ² machine with chi2_kernel and SVC, all frames being support vectors."""
    x, frames = histograms(N_FRAMES, 0, share), histograms(ROUNDS, 1, share)
    y = np.array([f"room{i % N_ROOMS}" for i in range(N_FRAMES)])
    # Labels without pattern and a high price make every frame a support vector.
    model = SVM("chi2", C=100.0, gamma=1.0, multiclass="one_vs_one").fit(x, y)
    peer = SVC(C=100.0, kernel="precomputed").fit(chi2_kernel(x, gamma=1.0), y)
    answer = Calibrated(model, 1.0)
    title = f"χ² SVM, {len(model.support_)} vectors, {share:.0%} of bins used"
    compare(
        title,
        answer.predict_proba,
        lambda v: peer.decision_function(chi2_kernel(v, x, gamma=1.0)),
        frames,
    )


def bench_training_kernel() -> None:
    """Compare the training kernel with chi2_kernel (which is single-threaded)."""
    x = histograms(N_FRAMES, 0)
    took = []
    for compute in (lambda: pairs(x, "chi2"), lambda: chi2_kernel(x)):
        start = perf_counter_ns()
        compute()
        took.append((perf_counter_ns() - start) / 1e6)
    a, b = took
    print(
        f"{f'χ² between {N_FRAMES} vectors, all cores':44s} {a:9.0f} ms {b:9.0f} ms   {a / b:6.3f}"
    )


def bench_others() -> None:
    """Compare the other classifiers with their namesakes."""
    x, frames = histograms(N_FRAMES, 0), histograms(ROUNDS, 1)
    y = np.array([f"room{i % N_ROOMS}" for i in range(N_FRAMES)])
    scaled = make_pipeline(StandardScaler(), PeerRegression(C=0.1, max_iter=20))
    for name, ours, peer in (
        ("knn, k = 5", KNN(), KNeighborsClassifier(5, weights="distance", algorithm="brute")),
        ("random forest, 100 trees", RandomForest(), RandomForestClassifier(100, random_state=0)),
        ("logistic regression", LogisticRegression(max_iter=20), scaled),
    ):
        answer = Calibrated(ours.fit(x, y), 1.0)
        compare(name, answer.predict_proba, peer.fit(x, y).predict_proba, frames)


def bench_temporal() -> None:
    """Print the time of each temporal filter for a frame."""
    rooms = [f"room{i}" for i in range(N_ROOMS)]
    tour = (rooms * 5, [float(i) for i in range(5 * N_ROOMS)])
    p = np.random.default_rng(0).dirichlet(np.ones(N_ROOMS), 5000)
    for name in TEMPORAL.names():
        temporal = TEMPORAL.create(name, {})
        temporal.fit([tour], rooms, np.full(N_ROOMS, 1 / N_ROOMS))
        times = []
        for row in p:
            start = perf_counter_ns()
            temporal.update(row, 0.1)
            times.append(perf_counter_ns() - start)
        print(f"{f'temporal filter {name}':44s} {median(times) / 1e3:9.1f} µs a frame")


def main() -> None:
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'one frame, one core':44s} {'robotvision':>12s} {'scikit-learn':>12s}   {'ratio':>6s}")
    with threadpool_limits(1):
        for share in (1.0, 0.3):
            bench_svm(share)
        bench_others()
    bench_training_kernel()
    bench_temporal()


if __name__ == "__main__":
    main()
