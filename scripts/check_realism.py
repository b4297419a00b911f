#!/usr/bin/env python3
"""Whether what tells a real building's corridors from rooms also tells the generated ones.

A linear classifier of EfficientNet-Lite0's embedding learns the corridors of the IE Tower, floors
3 to 9, against the rooms of the rendered house. On the shipped sequences its score has to rank
corridors before rooms. Where it does not tell the tower's other floors from the house by night,
it cannot judge, and nothing is said about the building.

    python scripts/check_realism.py DATA [SEQUENCE ...]

Printed for each sequence: the share of pairs of a corridor's and a room's frame that are ranked
rightly (area under the ROC curve, 0.5 = by chance), and the corridor's place among the rooms by
mean score. Ends with 1 where the mean share is under 0.7 or a corridor comes later than second:
the lift's lobby, which is no room either, may come before it.

``--before DIR`` asks more. Its bounds were written down before the first run and come from no
figure of the generated building; each line ends in "holds" or "does not hold", and the script
with 1 where one does not:

1. What ranks the real corridors ranks the generated ones as well, but for 0.05: the mean share is
   at least that of the tower's other floors against the house by night, less 0.05.
2. In each light the sequence is nearer to real places (office and tower, all floors) than the one
   of its name in DIR, rendered by another version of the building: by the squared distance of the
   kernel means of the embeddings (Binkowski et al., 2018, their cubic kernel), unbiased.
3. A classifier that was told real frames from generated ones (logistic regression as above, on
   every other stretch of 25 frames, tested on the rest) separates them less well than real ones
   from those in DIR, in the mean of the lights.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from robotvision.data import open_sequence
from robotvision.features.efficientnet_lite0 import EfficientNetLite0
from robotvision.records import Frame

SHIPPED = Path(__file__).parents[1] / "sequences"
LEAST_SHARE, LEAST_REAL, WORST_PLACE = 0.7, 0.95, 2
LESS_THAN_REAL = 0.05
STRETCH = 25
"""Frames that are trained on or tested on together: neighbours are near-copies."""
CORRIDOR = "Corridor"


def embedded(path: Path, every: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 1280) embeddings and (N,) rooms; images are cut to 4:3 and scaled alike."""
    network = EfficientNetLite0()
    sequence = open_sequence(path)
    values, rooms = [], []
    for k in range(0, len(sequence), every):
        image = sequence.load(k, ("rgb",))["rgb"]
        height, width = image.shape[:2]
        cut = max(0, (width - height * 4 // 3) // 2)
        image = cv2.resize(image[:, cut : width - cut], (320, 240), interpolation=cv2.INTER_AREA)
        values.append(network.extract(Frame(k, 0, {"rgb": image})))
        rooms.append(sequence.room(k))
    return np.array(values), np.array(rooms)


def share(corridors: np.ndarray, rooms: np.ndarray) -> float:
    """Return the share of pairs in which the corridor has the higher score."""
    truth = np.concatenate([np.ones(len(corridors)), np.zeros(len(rooms))])
    return float(roc_auc_score(truth, np.concatenate([corridors, rooms])))


def kernel_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Return the squared distance of the kernel means of two samples, unbiased."""
    d = x.shape[1]
    xx, yy, xy = ((a @ b.T / d + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    n, m = len(x), len(y)
    within = (xx.sum() - np.trace(xx)) / (n * n - n) + (yy.sum() - np.trace(yy)) / (m * m - m)
    return float(within - 2 * xy.mean())


def separation(real: np.ndarray, generated: np.ndarray, every: int) -> float:
    """Return how well unseen stretches of frames are told apart, as the area under the curve."""
    parts = []
    for values in (real, generated):
        is_trained = (np.arange(len(values)) * every // STRETCH) % 2 == 0
        parts.append((values[is_trained], values[~is_trained]))
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced"))
    truth = np.concatenate([np.ones(len(parts[0][0])), np.zeros(len(parts[1][0]))])
    judge.fit(np.concatenate([parts[0][0], parts[1][0]]), truth)
    return share(*(judge.decision_function(part[1]) for part in parts))


def compare(
    real: np.ndarray, now: dict[str, np.ndarray], before: dict[str, np.ndarray], every: int
) -> list[bool]:
    """Print how near two versions of the generated sequences are to real places."""
    verdicts, told = [], []
    for name, values in now.items():
        near, far = (kernel_distance(real, v) for v in (values, before[name]))
        told.append([separation(real, v, every) for v in (values, before[name])])
        verdicts.append(near < far)
        print(f"{name:32} distance {near:.4f}, before {far:.4f}: {_word(near < far)}")
        print(f"{'':32} told from real ones {told[-1][0]:.3f}, before {told[-1][1]:.3f}")
    apart, was_apart = np.mean(told, 0)
    print(f"{'mean':32} told from real ones {apart:.3f}, before {was_apart:.3f}: ", end="")
    print(_word(apart < was_apart))
    return [*verdicts, bool(apart < was_apart)]


def _word(is_held: bool) -> str:
    return "holds" if is_held else "does not hold"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sequences", type=Path, nargs="*")
    parser.add_argument("--every", type=int, default=1, help="take each Nth frame only")
    parser.add_argument("--before", type=Path, help="the sequences of another version")
    options = parser.parse_args()
    every = options.every
    lower, rooms = embedded(options.data / "ie_tower_floors03to09", 2 * every)
    house, _ = embedded(options.data / "house_cloudy", every)
    corridors = lower[rooms == CORRIDOR]
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced"))
    truth = np.concatenate([np.ones(len(corridors)), np.zeros(len(house))])
    judge.fit(np.concatenate([corridors, house]), truth)

    tower, rooms = embedded(options.data / "ie_tower_floors10to12", 2 * every)
    night, _ = embedded(options.data / "house_night", every)
    scores = judge.decision_function(tower[rooms == CORRIDOR]), judge.decision_function(night)
    real = share(*scores)
    print(f"{'other floors, house by night':32} {real:.3f}")
    if real < LEAST_REAL:
        print(f"the classifier cannot judge: expected at least {LEAST_REAL}")
        return 1

    shares, places, now = [], [], {}
    for path in options.sequences or sorted(SHIPPED.glob("building_*")):
        values, rooms = embedded(path, every)
        now[path.name] = values
        score = judge.decision_function(values)
        means = {str(room): float(score[rooms == room].mean()) for room in np.unique(rooms)}
        order = sorted(means, key=lambda room: -means[room])
        places.append(order.index(CORRIDOR) + 1)
        shares.append(share(score[rooms == CORRIDOR], score[rooms != CORRIDOR]))
        print(f"{path.name:32} {shares[-1]:.3f}   place {places[-1]} of {len(order)}, {order[:3]}")
    print(f"{'mean':32} {np.mean(shares):.3f}   expected at least {LEAST_SHARE}")
    if options.before:
        bound = real - LESS_THAN_REAL
        is_alike = bool(np.mean(shares) >= bound)
        print(f"{'as well as real ones':32} at least {bound:.3f}: {_word(is_alike)}")
        office, _ = embedded(options.data / "office_rgbd", 2 * every)
        places_of_old = {name: embedded(options.before / name, every)[0] for name in now}
        every_floor = np.concatenate([office, lower, tower])
        return int(not all([is_alike, *compare(every_floor, now, places_of_old, every)]))
    return int(np.mean(shares) < LEAST_SHARE or max(places) > WORST_PLACE)


if __name__ == "__main__":
    sys.exit(main())
