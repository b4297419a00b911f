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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sequences", type=Path, nargs="*")
    parser.add_argument("--every", type=int, default=2, help="take each Nth frame only")
    options = parser.parse_args()
    every = options.every
    tower, rooms = embedded(options.data / "ie_tower_floors03to09", 2 * every)
    house, _ = embedded(options.data / "house_cloudy", every)
    corridors = tower[rooms == CORRIDOR]
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

    shares, places = [], []
    for path in options.sequences or sorted(SHIPPED.glob("building_*")):
        values, rooms = embedded(path, every)
        score = judge.decision_function(values)
        means = {str(room): float(score[rooms == room].mean()) for room in np.unique(rooms)}
        order = sorted(means, key=lambda room: -means[room])
        places.append(order.index(CORRIDOR) + 1)
        shares.append(share(score[rooms == CORRIDOR], score[rooms != CORRIDOR]))
        print(f"{path.name:32} {shares[-1]:.3f}   place {places[-1]} of {len(order)}, {order[:3]}")
    print(f"{'mean':32} {np.mean(shares):.3f}   expected at least {LEAST_SHARE}")
    return int(np.mean(shares) < LEAST_SHARE or max(places) > WORST_PLACE)


if __name__ == "__main__":
    sys.exit(main())
