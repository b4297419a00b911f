"""A run from kept parts: a trained pipeline out of its file, test vectors looked up.

The answers are those of a run of its own, bit for bit: the same classifier sees the same vectors.
Only the time is not, so a run with looked-up vectors has no latency to quote.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robotvision import data
from robotvision.config.checks import Experiment, SequenceSpec, TestSetSpec
from robotvision.experiment.prepare import Preparation
from robotvision.experiment.progress import Observer
from robotvision.recogniser.decision import Decision
from robotvision.recogniser.inprocess import InProcess
from robotvision.recogniser.persistence import TrainedModel
from robotvision.recogniser.pipeline import FeatureSlot, Pipeline
from robotvision.recogniser.training import Training
from robotvision.records import Frame
from robotvision.systems.base import System, View

Block = NDArray[np.float32]


class FeatureLookup:
    """Stands for an extractor whose vectors are known.

    Parameters
    ----------
    dim : int
        Length of a vector.
    """

    channels: tuple[str, ...] = ()

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.block: Block = np.zeros((0, dim), np.float32)
        self.rows: Mapping[int, int] = {}

    def extract(self, frame: Frame) -> Block:
        """Return the frame's vector."""
        vector: Block = self.block[self.rows[frame.index]]
        return vector


class PrecomputedFeatures(InProcess):
    """A pipeline that is handed the vectors of its test sequences, one sequence after the other."""

    def __init__(
        self, pipeline: Pipeline, tours: Iterator[tuple[Mapping[int, int], Sequence[Block]]]
    ) -> None:
        cues = [
            FeatureSlot(c.name, FeatureLookup(c.place.stop - c.place.start), c.place, c.scale)
            for c in pipeline.cues
        ]
        super().__init__(with_cues(pipeline, cues))
        self.tours = tours

    def reset(self, view: View) -> None:
        """Begin the next sequence."""
        rows, blocks = next(self.tours)
        for cue, block in zip(self.pipeline.cues, blocks, strict=True):
            cue.extractor.block, cue.extractor.rows = block, rows  # type: ignore[attr-defined]
        super().reset(view)


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a run is made from.

    Parameters
    ----------
    opened : Mapping[SequenceSpec, Sequence]
        Every sequence.
    trained : Mapping[str, TrainedModel]
        By test set; empty: the run trains by itself.
    blocks : Mapping[str, list of list of arrays]
        By test set, for each sequence one array a feature; empty: frames are extracted.
    """

    opened: Mapping[SequenceSpec, data.ImageSequence]
    trained: Mapping[str, TrainedModel]
    blocks: Mapping[str, list[list[Block]]]


class PreparedRun(Preparation):
    """A preparation that opens and trains nothing it was given.

    Parameters
    ----------
    parts : RunInputs
        What is there already; the rest as in `Preparation`.
    """

    def __init__(
        self,
        setup: Experiment,
        cache: Path | None,
        observer: Observer,
        log_path: Path,
        parts: RunInputs,
    ) -> None:
        self.parts = parts
        super().__init__(setup, cache, observer, log_path)
        for part in setup.parts:
            trained = parts.trained.get(part.name)
            if trained is not None:
                self.pipelines[part.train] = finished(trained, setup)
                self.training[part.name] = Training(**trained.about["training_facts"])

    def _open_all(self) -> None:
        self.opened.update(self.parts.opened)

    def system(self, part: TestSetSpec) -> System:
        """Return the system that answers a test set."""
        blocks = self.parts.blocks.get(part.name)
        pipeline = self.pipelines.get(part.train)
        if not blocks or pipeline is None:
            return super().system(part)
        return PrecomputedFeatures(pipeline, self._tours(part, blocks))

    def _tours(
        self, part: TestSetSpec, blocks: list[list[Block]]
    ) -> Iterator[tuple[Mapping[int, int], Sequence[Block]]]:
        for spec, found in zip(part.test, blocks, strict=True):
            rows = {f.index: i for i, f in enumerate(self.opened[spec].frames)}
            for _ in range(self.setup.config.replay.loop):
                yield rows, found


def finished(trained: TrainedModel, setup: Experiment) -> Pipeline:
    """Return a trained pipeline with the decision of ``setup`` and a filter of its own."""
    pipeline, config = trained.pipeline, setup.config
    wish = config.decision.unknown
    decision = Decision(
        trained.task,
        pipeline.decision.classes,
        config.decision.abstain,
        wish if isinstance(wish, float) else None,
    )
    temporal = copy.deepcopy(pipeline.temporal)  # it has memory, and other runs may be under way
    return Pipeline(
        pipeline.cues, pipeline.classifier, decision, temporal, pipeline.objects, pipeline.unknown
    )


def with_cues(pipeline: Pipeline, cues: list[FeatureSlot]) -> Pipeline:
    """Return the pipeline with other extractors in place."""
    mine = copy.copy(pipeline)
    mine.cues = mine._ready = cues
    return mine
