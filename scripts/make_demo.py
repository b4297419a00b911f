"""Make ``sequences/demo_day`` and ``sequences/demo_night``, which the wheel brings for the demo.

They are the colour images of two sequences of the generated building at half their size.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2

from robotvision.data import open_sequence
from robotvision.data.images import encode_jpeg
from robotvision.data.native import SequenceWriter

SEQUENCES = Path(__file__).parent.parent / "sequences"
SIZE = (160, 120)
SOURCES = {"demo_day": "building_cloudy", "demo_night": "building_night"}


def main() -> None:
    for name, source in SOURCES.items():
        sequence = open_sequence(SEQUENCES / source)
        shutil.rmtree(SEQUENCES / name, ignore_errors=True)
        with SequenceWriter(
            SEQUENCES / name,
            name,
            {"rgb": "color"},
            rate_hz=sequence.rate_hz,
            task=sequence.task,
            note=f"{source} at {SIZE[0]}x{SIZE[1]}, colour alone: scripts/make_demo.py",
        ) as writer:
            for position, entry in enumerate(sequence.frames):
                image = sequence.load(position, ("rgb",))["rgb"]
                small = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
                writer.add(
                    entry.timestamp_ns,
                    {"rgb": encode_jpeg(small, 85)},
                    segment=entry.segment,
                    pose=entry.pose,
                    room=(sequence.truth or {})[entry.index],
                    index=entry.index,
                )
        print(f"{name}: {len(sequence)} frames")


if __name__ == "__main__":
    main()
