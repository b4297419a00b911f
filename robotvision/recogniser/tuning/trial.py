"""One trial: train on some frames of some sequences, answer others, features extracted once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision import data
from robotvision.features.base import FeatureExtractor
from robotvision.features.extraction import Extraction, extract, needs_training
from robotvision.plugins.progress import Progress, quiet
from robotvision.recogniser.pipeline import Pipeline
from robotvision.records import Answer
from robotvision.systems.base import View


@dataclass(slots=True, eq=False)
class FeatureMemory:
    """Extraction that remembers: what several trials share is extracted once.

    Calls as `robotvision.features.extraction.extract`. What an extractor learns is learnt on a
    trial's training part alone, so those that learn are not remembered.

    Parameters
    ----------
    step : callable
        Receives what is being extracted, before and after.
    """

    step: Progress = quiet
    _known: dict[Any, Extraction] = field(default_factory=dict)

    def __call__(
        self,
        extractors: Sequence[FeatureExtractor],
        sequence: data.ImageSequence,
        cache: Path | None,
        progress: Progress = quiet,
    ) -> Extraction:
        """Return the features of a sequence."""
        extracted = [self._of(e, sequence, cache, progress) for e in extractors]
        readable = np.logical_and.reduce([f.readable for f in extracted])
        return Extraction([f.blocks[0] for f in extracted], readable, len(extracted))

    def _of(
        self,
        extractor: FeatureExtractor,
        sequence: data.ImageSequence,
        cache: Path | None,
        progress: Progress,
    ) -> Extraction:
        if needs_training(extractor):
            return extract([extractor], sequence, cache, progress)
        key = (repr(extractor), id(sequence.frames))
        if key not in self._known:
            self.step(f"extracting {type(extractor).__name__}", 0, 1)
            self._known[key] = extract([extractor], sequence, cache, progress)
            self.step(f"extracting {type(extractor).__name__}", 1, 1)
        return self._known[key]


def shown(sequence: data.ImageSequence, positions: NDArray[np.int64]) -> data.ImageSequence:
    """Return a sequence with the truth of the frames at ``positions`` alone."""
    truth = sequence.truth or {}
    indices = [sequence.frames[int(i)].index for i in positions]
    return replace(sequence, truth={i: truth[i] for i in indices})


def answers(
    pipeline: Pipeline,
    sequence: data.ImageSequence,
    positions: NDArray[np.int64],
    extraction: FeatureMemory,
    cache: Path | None,
) -> Iterator[Answer]:
    """Yield the answer for each frame at ``positions``, ascending.

    The pipeline begins anew where a frame does not follow the last in its segment, as a test would.
    A frame that cannot be read is not answered.
    """
    features = extraction([s.extractor for s in pipeline.slots], sequence, cache)
    scaled = [b * np.float32(s.scale) for b, s in zip(features.blocks, pipeline.slots, strict=True)]
    x = np.concatenate(scaled, axis=1)
    last: tuple[int, int] | None = None
    for place in positions.tolist():
        entry = sequence.frames[place]
        if last != (place - 1, entry.segment):
            pipeline.reset(View.of(sequence))
        last = (place, entry.segment)
        if features.readable[place]:
            yield pipeline.answer_vector(x[place : place + 1], entry.timestamp_ns, {}).answer
        else:
            yield Answer(None, None)
