#!/usr/bin/env python3
"""Example recogniser: the room whose stored mean colour is nearest to the frame's.

Usage: mean_color.py MEANS, a file of lines "red green blue room".
"""

import sys

from robotvision.client import Client

with open(sys.argv[1], encoding="utf-8") as f:
    means = [line.rstrip("\n").split(" ", 3) for line in f]

for frame in Client(channels=["rgb"], name="mean-color"):
    rgb = frame["rgb"].reshape(-1, 3)
    mean = [int(rgb[:, c].sum()) / len(rgb) for c in range(3)]
    candidates = (
        (sum((float(m) - x) ** 2 for m, x in zip(known, mean, strict=True)), room)
        for *known, room in means
    )
    distance, room = min(candidates, key=lambda c: c[0])
    frame.answer(room, confidence=1 / (1 + distance))
