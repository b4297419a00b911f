#!/usr/bin/env python3
"""How far the answers of honest systems agree beyond what their confusions explain.

Recognisers of several features and classifiers are trained and tested on a configuration's
sequences; of each pair the kappa of `robotvision.submissions.similarity`. Printed: the largest of
pairs that differ in their features, in their classifier, or in a parameter alone.

    python scripts/measure_similarity.py configs/quickstart.yaml
    python scripts/measure_similarity.py configs/ie_tower.yaml --data-root DATA
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np

import robotvision as rv
from robotvision.arrays import Ints
from robotvision.config.checks import load_config
from robotvision.experiment.prepare import prepare
from robotvision.features import cache_folder
from robotvision.submissions.similarity import agreement

FEATURES = (
    ["phog"],
    ["crfh"],
    ["hsv_histogram"],
    ["phog", "crfh"],
    ["phog", "crfh", "hsv_histogram"],
    ["gist"],
)
CLASSIFIERS = {
    "svm, C = 10": {"name": "svm", "kernel": "chi2", "C": 10},
    "svm, C = 3": {"name": "svm", "kernel": "chi2", "C": 3},
    "knn": "knn",
    "random_forest": "random_forest",
    "ridge": "ridge",
}
Kind = tuple[str, str]


def answered(
    training: list[rv.ImageSequence], test: rv.ImageSequence
) -> Iterator[tuple[Kind, Ints, Ints]]:
    """Yield features and classifier of each recogniser, the truth, and its answers."""
    truth = [test.room(k) for k in range(len(test))]
    codes = {room: k for k, room in enumerate(sorted({r for r in truth if r is not None}))}
    for features in FEATURES:
        for name, classifier in CLASSIFIERS.items():
            recogniser = rv.Recogniser(features, classifier, abstain="never")
            recogniser.fit(training, cache=cache_folder())
            answers = rv.replay(test, recogniser).answers.values()
            rooms = [None if a is None else a.room for a in answers]
            yield (
                (" + ".join(features), name),
                np.array([codes.get(r or "", -1) for r in truth]),
                np.array([codes.setdefault(r, len(codes)) if r else -1 for r in rooms]),
            )


def kind_of_pair(first: Kind, second: Kind) -> str:
    """Return in what two recognisers differ."""
    if first[0] != second[0]:
        return "other features"
    is_svm = first[1].startswith("svm") and second[1].startswith("svm")
    return "another parameter" if is_svm else "another classifier"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--data-root", type=Path)
    options = parser.parse_args()
    prepared = prepare(load_config(options.config, options.data_root))
    part = prepared.experiment.parts[0]
    (test,) = prepared.test_sequences(part)
    runs = list(answered(prepared.training_sequences(part), test))
    print("| pairs | largest kappa | same wrong answers | differences | accuracies |")
    print("| --- | ---: | ---: | ---: | --- |")
    kappas: dict[str, list[tuple[float, str]]] = {}
    for (one, truth, first), (other, _, second) in combinations(runs, 2):
        found = agreement(truth, first, second)
        right = ", ".join(f"{(x == truth).mean():.2f}" for x in (first, second))
        line = f"{found.kappa:.2f} | {found.same_errors} | {found.differences} | {right}"
        kappas.setdefault(kind_of_pair(one, other), []).append((found.kappa, line))
    for kind, found_of_kind in kappas.items():
        print(f"| {kind} ({len(found_of_kind)}) | {max(found_of_kind)[1]} |")


if __name__ == "__main__":
    main()
