#!/usr/bin/env python3
"""Whether what tells a real building's corridors from rooms also tells the generated ones.

A linear classifier of EfficientNet-Lite0's embedding learns the corridors of the IE Tower, floors
3 to 9, against the rooms of the rendered house. On the shipped sequences its score has to rank
corridors before rooms. Where it does not tell the tower's other floors from the house by night,
it cannot judge, and nothing is said about the building.

    python scripts/check_realism.py DATA [SEQUENCE ...]

Printed for each sequence: the share of pairs of a corridor's and a room's frame that are ranked
rightly (area under the ROC curve, 0.5 = by chance), and the corridor's place among the rooms by
mean score. Ends with 1 where the mean share is under 0.7, a corridor comes later than second (the
lift's lobby, which is no room either, may come before it), or frames that look along the corridor
are ranked less well than real ones, see below.

The truth goes by where the robot stands, so a corridor's frame may show a room through its door or
a wall at arm's length, while the tower's camera is carried along its corridors. Hence the share is
also printed for two kinds of corridor frames, each against all frames of rooms. A frame *looks
along* the corridor where both hold, and *elsewhere* where one does not:

- the robot heads along the corridor's axis but for 30 degrees, one way or the other (the axis:
  the main direction of the positions at which the sequence's corridor frames were taken);
- the middle of the image, a third of its width and height, is at least 4 m away in the median by
  the depth channel: farther than the corridor is wide or most of a room deep.

Definition and numbers come from the plan of the building and were written down before the first
share was computed by them; so was the question whether frames that look along are ranked as well as
the tower's other floors, but for 0.05. The tower has neither depth nor poses: there only all
corridor frames can be asked about. ``--embeddings`` asks other networks too; what is expected is
expected of the first.

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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from robotvision.data import ImageSequence, open_sequence
from robotvision.features.base import Extractor
from robotvision.features.efficientnet_lite0 import EfficientNetLite0
from robotvision.features.mobilenet_v2_deepsort import MobileNetV2DeepSort
from robotvision.records import Frame

SHIPPED = Path(__file__).parents[1] / "sequences"
LEAST_SHARE, LEAST_REAL, WORST_PLACE = 0.7, 0.95, 2
LESS_THAN_REAL = 0.05
STRETCH = 25
"""Frames that are trained on or tested on together: neighbours are near-copies."""
CORRIDOR = "Corridor"


ALONG_RAD, ALONG_M = np.deg2rad(30), 4.0
SECOND_ORDER = {"pooling": "second_order", "short_side": 192}
EMBEDDINGS: dict[str, Callable[[], Extractor]] = {
    "efficientnet_lite0": EfficientNetLite0,
    "mobilenet_v2": MobileNetV2DeepSort,
    "efficientnet_lite0_10": lambda: EfficientNetLite0(layers=[10], **SECOND_ORDER),
    "mobilenet_v2_12": lambda: MobileNetV2DeepSort(layers=[12], **SECOND_ORDER),
}
"""Embeddings, and the middle layers that configs/baselines/best_obligatory.yaml reads."""


def embedded(path: Path, every: int, network: Extractor) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, D) embeddings and (N,) rooms; images are cut to 4:3 and scaled alike."""
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


def looks_along(sequence: ImageSequence, every: int) -> np.ndarray:
    """Return (N,) whether a frame looks along the corridor, were it one of the corridor's.

    Raises
    ------
    SystemExit
        The sequence has no depth or a frame has no pose.
    """
    if "depth" not in sequence.channels or any(f.pose is None for f in sequence.frames):
        raise SystemExit(f"{sequence.name}: what is looked at needs depth and poses")
    poses = np.array([f.pose for f in sequence.frames])[::every]
    rooms = np.array([sequence.room(k) for k in range(0, len(sequence), every)])
    places = poses[rooms == CORRIDOR, :2]
    x, y = np.linalg.svd(places - places.mean(0), full_matrices=False)[2][0]
    off_axis = np.arccos(np.clip(np.abs(x * np.cos(poses[:, 2]) + y * np.sin(poses[:, 2])), 0, 1))
    ahead = []
    for k in range(0, len(sequence), every):
        depth = sequence.load(k, ("depth",))["depth"]
        height, width = depth.shape
        middle = depth[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
        known = middle[middle > 0]
        ahead.append(float(np.median(known)) / 1000 if len(known) else 0.0)
    return (off_axis <= ALONG_RAD) & (np.array(ahead) >= ALONG_M)


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


def learnt(options: argparse.Namespace, network: Extractor) -> tuple[Any, float, np.ndarray]:
    """Learn the tower's corridors against the house's rooms.

    Returns
    -------
    The classifier, its share on the other floors against the house by night, and the (N, D)
    embeddings of all floors.
    """
    every = options.every
    lower, rooms = embedded(options.data / "ie_tower_floors03to09", 2 * every, network)
    house, _ = embedded(options.data / "house_cloudy", every, network)
    corridors = lower[rooms == CORRIDOR]
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced"))
    truth = np.concatenate([np.ones(len(corridors)), np.zeros(len(house))])
    judge.fit(np.concatenate([corridors, house]), truth)
    tower, rooms = embedded(options.data / "ie_tower_floors10to12", 2 * every, network)
    night, _ = embedded(options.data / "house_night", every, network)
    scores = judge.decision_function(tower[rooms == CORRIDOR]), judge.decision_function(night)
    return judge, share(*scores), np.concatenate([lower, tower])


def shares_of(
    path: Path, score: np.ndarray, rooms: np.ndarray, every: int
) -> tuple[float, float, float, int]:
    """Print and return a sequence's shares (all, along, elsewhere) and its corridor's place."""
    is_along = looks_along(open_sequence(path), every)
    is_corridor = rooms == CORRIDOR
    kinds = (is_corridor, is_corridor & is_along, is_corridor & ~is_along)
    shares = [share(score[kind], score[~is_corridor]) if kind.any() else np.nan for kind in kinds]
    means = {str(room): float(score[rooms == room].mean()) for room in np.unique(rooms)}
    order = sorted(means, key=lambda room: -means[room])
    place = order.index(CORRIDOR) + 1
    counted = "".join(f"{s:9.3f} {k.sum():4}" for s, k in zip(shares, kinds, strict=True))
    print(f"{path.name:32}{counted}   {place} of {len(order)}, {order[:3]}", flush=True)
    return shares[0], shares[1], shares[2], place


def ask(options: argparse.Namespace, name: str) -> bool:
    """Print what a network's embedding says of the sequences; whether it is as expected."""
    network, every = EMBEDDINGS[name](), options.every
    print(f"{name:32}{'all':>9}{'along':>14}{'elsewhere':>14}        place, first three")
    judge, real, floors = learnt(options, network)
    print(f"{'other floors, house by night':32}{real:9.3f}", flush=True)
    if real < LEAST_REAL:
        print(f"the classifier cannot judge: expected at least {LEAST_REAL}")
        return False
    found, now = [], {}
    for path in options.sequences or sorted(SHIPPED.glob("building_*")):
        values, rooms = embedded(path, every, network)
        now[path.name] = values
        found.append(shares_of(path, judge.decision_function(values), rooms, every))
    whole, along, elsewhere, _ = np.nanmean(found, 0)
    print(f"{'mean':32}{whole:9.3f}{along:14.3f}{elsewhere:14.3f}")
    bound = real - LESS_THAN_REAL
    is_alike, is_alike_along = bool(whole >= bound), bool(along >= bound)
    for what, is_held in (("all", is_alike), ("along", is_alike_along)):
        print(f"{f'{what}: as well as real ones':32} at least {bound:.3f}: {_word(is_held)}")
    if not options.before:
        places = [place for *_, place in found]
        is_guarded = bool(whole >= LEAST_SHARE) and max(places) <= WORST_PLACE
        least = f"at least {LEAST_SHARE}, place {WORST_PLACE} or before"
        print(f"{'all: no worse than known':32} {least}: {_word(is_guarded)}")
        return is_guarded and is_alike_along
    office, _ = embedded(options.data / "office_rgbd", 2 * every, network)
    places_of_old = {n: embedded(options.before / n, every, network)[0] for n in now}
    return all([is_alike, *compare(np.concatenate([office, floors]), now, places_of_old, every)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sequences", type=Path, nargs="*")
    parser.add_argument("--every", type=int, default=1, help="take each Nth frame only")
    parser.add_argument("--before", type=Path, help="the sequences of another version")
    first, *_ = EMBEDDINGS
    parser.add_argument("--embeddings", nargs="+", choices=EMBEDDINGS, default=[first])
    options = parser.parse_args()
    is_as_expected, *_ = [ask(options, name) for name in options.embeddings]
    return int(not is_as_expected)


if __name__ == "__main__":
    sys.exit(main())
