#!/usr/bin/env python3
"""What the search for leaked frames catches, what honest pairs come to, and what it costs.

For the test sequences of each configuration: the share of frames that is found in a training set of
the same images, altered (`robotvision.data.overlap`). For their own, honest training: that share,
and the distance of the nearest pair of images. Then the processor time that training takes, all
threads together, and that of the search, both without a cache, in turns; medians.

    python scripts/measure_overlap.py
    python scripts/measure_overlap.py --data-root DATA configs/ie_tower.yaml
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any

import cv2
import numpy as np

from robotvision.config.checks import load_config
from robotvision.config.experiment import Experiment
from robotvision.data.fingerprint import fingerprints
from robotvision.data.overlap import Overlap, find_overlap, nearest_images
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageFile, ImageSequence
from robotvision.experiment.overlap import find_overlaps
from robotvision.experiment.prepare import Prepared, prepare
from robotvision.recogniser.training import TrainingOptions, fit_pipeline

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Change = Callable[[Pixels], Any]
N_FRAMES = 150
"""At most so many frames of a sequence are altered."""


@dataclass(frozen=True)
class AlteredFile(ImageFile):
    """An image file, altered and encoded again: as JPEG of a quality, or as PNG."""

    change: Change
    quality: int | None

    def raw(self) -> bytes:
        """Return the bytes of the altered image."""
        image = cv2.imdecode(np.frombuffer(super().raw(), np.uint8), cv2.IMREAD_COLOR)
        changed = np.clip(self.change(image), 0, 255).astype(np.uint8)
        if self.quality is None:
            return cv2.imencode(".png", changed)[1].tobytes()
        return cv2.imencode(".jpg", changed, [cv2.IMWRITE_JPEG_QUALITY, self.quality])[1].tobytes()


def scaled(width: float, height: float | None = None) -> Change:
    return lambda i: cv2.resize(i, None, fx=width, fy=height or width, interpolation=cv2.INTER_AREA)


def cropped(share: float) -> Change:
    def crop(image: Pixels) -> Any:
        height, width = image.shape[:2]
        y, x = round(share * height), round(share * width)
        return cv2.resize(image[y : height - y, x : width - x], (width, height))

    return crop


def noisy(image: Pixels) -> Any:
    return image + np.random.default_rng(0).normal(0, 10, image.shape)


CHANGES: dict[str, tuple[Change, int | None]] = {
    "saved as JPEG 50": (lambda i: i, 50),
    "saved as JPEG 20": (lambda i: i, 20),
    "saved as PNG": (lambda i: i, None),
    "half size": (scaled(0.5), 90),
    "three quarters": (scaled(0.75), 90),
    "double size": (scaled(2), 90),
    "224 x 224 pixels": (lambda i: cv2.resize(i, (224, 224)), 90),
    "brightness x 1.3": (lambda i: i * 1.3, 90),
    "brightness x 0.6": (lambda i: i * 0.6, 90),
    "brightness + 40": (lambda i: i + 40.0, 90),
    "brightness - 40": (lambda i: i - 40.0, 90),
    "gamma 0.6": (lambda i: 255 * (i / 255) ** 0.6, 90),
    "gamma 1.6": (lambda i: 255 * (i / 255) ** 1.6, 90),
    "grey": (lambda i: cv2.cvtColor(cv2.cvtColor(i, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), 90),
    "noise of 10 levels": (noisy, 90),
    "blurred (3 x 3), JPEG 50": (lambda i: cv2.GaussianBlur(i, (3, 3), 0), 50),
    "blurred (7 x 7)": (lambda i: cv2.GaussianBlur(i, (7, 7), 0), 90),
    "half size, x 1.3, JPEG 50": (lambda i: scaled(0.5)(np.clip(i * 1.3, 0, 255)), 50),
    "cropped by 2 % a side": (cropped(0.02), 90),
    "cropped by 5 % a side": (cropped(0.05), 90),
    "mirrored": (lambda i: i[:, ::-1], 90),
}


def altered(sequence: ImageSequence, change: Change, quality: int | None) -> ImageSequence:
    """Return some of a sequence's frames with their images altered, their times and poses gone."""
    step = max(1, -(-len(sequence) // N_FRAMES))

    def entry(frame: FrameEntry) -> FrameEntry:
        sources = {
            c: AlteredFile(s.path, s.kind, change, quality)
            for c, s in frame.sources.items()
            if isinstance(s, ImageFile) and s.kind is ChannelKind.COLOR
        }
        return replace(frame, sources=sources, pose=None)

    return replace(
        sequence, root=Path("/altered"), frames=tuple(map(entry, sequence.frames[::step]))
    )


def alternate(sequence: ImageSequence, first: int, has_times: bool) -> ImageSequence:
    """Return every second frame, without poses; without its time it starts at 0 again."""
    frames = sequence.frames[first::2]
    start = 0 if has_times else frames[0].timestamp_ns
    frames = tuple(replace(f, pose=None, timestamp_ns=f.timestamp_ns - start) for f in frames)
    return replace(sequence, frames=frames, root=Path(f"/alternate/{first}"))


def leaks(sequence: ImageSequence) -> Iterator[tuple[str, Overlap]]:
    """Yield what is found where a sequence is trained on in some form."""
    plain = replace(sequence, frames=tuple(replace(f, pose=None) for f in sequence.frames))
    n = len(sequence)
    yield "the sequence itself", find_overlap([sequence], [sequence])
    for name, (change, quality) in CHANGES.items():
        yield name, find_overlap([plain], [altered(sequence, change, quality)])
    yield (
        "two thirds against two thirds",
        find_overlap([plain.part(0, 2 * n // 3)], [plain.part(n // 3, n)]),
    )
    for what, has_times in (("alternate frames", True), ("the same, clocks from 0", False)):
        even, odd = (alternate(sequence, k, has_times) for k in (0, 1))
        yield what, find_overlap([even], [odd])


def print_leaks(named: dict[str, ImageSequence]) -> None:
    found = {name: dict(leaks(sequence)) for name, sequence in named.items()}
    print(f"| trained on | {' | '.join(found)} |")
    print("| --- |" + " ---: |" * len(found))
    for what in next(iter(found.values())):
        shares = " | ".join(f"{100 * of[what].share:.0f} %" for of in found.values())
        print(f"| {what} | {shares} |")


def print_honest(experiments: list[Prepared]) -> None:
    print("\n| training | test | frames | found | nearest images |")
    print("| --- | --- | ---: | ---: | ---: |")
    for prepared in experiments:
        for part in prepared.experiment.parts:
            training, test = prepared.training_sequences(part), prepared.test_sequences(part)
            for known in training:
                for asked in test:
                    overlap = find_overlap([known], [asked])
                    distances, _ = nearest_images(fingerprints(known), fingerprints(asked))
                    print(
                        f"| {known.name} | {asked.name} | {len(asked)} | {overlap.share:.1%} "
                        f"({len(overlap.others)}) | {distances.min():.3f} |"
                    )


def print_cost(paths: list[Path], data_root: Path | None, rounds: int) -> None:
    print("\n| configuration | training | search | share | with hashes kept |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for path in paths:
        experiment = load_config(path, data_root)
        took: dict[str, list[float]] = {"training": [], "search": [], "hashes kept": []}
        with tempfile.TemporaryDirectory() as folder:
            find_overlaps(prepare(experiment), Path(folder))
            for _ in range(rounds):
                for what, seconds in one_round(experiment, Path(folder)):
                    took[what].append(seconds)
        training, search, kept = (statistics.median(t) for t in took.values())
        shares = f"{search / training:.1%} | {kept / training:.1%}"
        print(f"| {path.stem} | {training:.2f} s | {search:.3f} s | {shares} |")


def one_round(experiment: Experiment, folder: Path) -> Iterator[tuple[str, float]]:
    """Yield the seconds of processor time of each step, on all threads."""
    first, second = prepare(experiment), prepare(experiment)
    training = first.training_sequences(experiment.parts[0])
    options = TrainingOptions(experiment.path)
    started = process_time()
    fit_pipeline(first.experiment.config, first.task, training, None, options=options)
    yield "training", process_time() - started
    started = process_time()
    find_overlaps(first)  # as a run does it, after training has decoded its images
    yield "search", process_time() - started
    started = process_time()
    find_overlaps(second, folder)
    yield "hashes kept", process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configs", nargs="*", type=Path, default=[Path("configs/quickstart.yaml")])
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    experiments = [prepare(load_config(p, options.data_root)) for p in options.configs]
    named = {
        s.name: s
        for p in experiments
        for part in p.experiment.parts
        for s in p.test_sequences(part)
    }
    print_leaks(named)
    print_honest(experiments)
    print_cost(options.configs, options.data_root, options.rounds)


if __name__ == "__main__":
    main()
