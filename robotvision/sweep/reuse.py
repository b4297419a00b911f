"""A run from stored parts: a trained pipeline out of its file, test vectors looked up.

The answers are those of a run of its own, bit for bit: the same classifier sees the same vectors.
Only the time is not, so a run with looked-up vectors has no latency to quote.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from robotvision import data
from robotvision.config.experiment import Experiment, TestSetSpec
from robotvision.config.schema import SequenceSpec
from robotvision.experiment.prepare import Prepared
from robotvision.experiment.recognisers import Answerer, Recognisers, Trainer
from robotvision.recogniser.decision import Decision
from robotvision.recogniser.inprocess import InProcess
from robotvision.recogniser.persistence import TrainedModel
from robotvision.recogniser.pipeline import Pipeline
from robotvision.recogniser.training import Training
from robotvision.records import Frame
from robotvision.systems.base import View

Block = NDArray[np.float32]


class FeatureLookup:
    """Stands for an extractor whose vectors are known.

    Parameters
    ----------
    block : (frames, dim) float32
        The vectors of one sequence.
    rows : Mapping[int, int]
        Frame index -> its row.
    """

    channels: tuple[str, ...] = ()

    def __init__(self, block: Block, rows: Mapping[int, int]) -> None:
        self.block, self.rows = block, rows
        self.dim = block.shape[1]

    def extract(self, frame: Frame) -> Block:
        """Return the frame's vector."""
        vector: Block = self.block[self.rows[frame.index]]
        return vector


class PrecomputedFeatures(InProcess):
    """A pipeline that is handed the vectors of its test sequences, one sequence after the other.

    Parameters
    ----------
    pipeline : Pipeline
        Trained.
    lookups : iterator of list of FeatureLookup
        For each sequence in the order of the run, one for each feature.
    """

    def __init__(self, pipeline: Pipeline, lookups: Iterator[list[FeatureLookup]]) -> None:
        super().__init__(pipeline)
        self.channels = ()
        self.lookups = lookups

    def reset(self, view: View) -> None:
        """Begin the next sequence."""
        self.pipeline = self.pipeline.with_extractors(next(self.lookups))
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
        By test set, for each sequence one array a feature; empty: features are extracted.
    """

    opened: Mapping[SequenceSpec, data.ImageSequence]
    trained: Mapping[str, TrainedModel]
    blocks: Mapping[str, list[list[Block]]]


def reusing(inputs: RunInputs, trainer: Trainer) -> Recognisers:
    """Return recognisers that train nothing they were given; ``trainer`` does the rest."""

    def recognise(prepared: Prepared, part: TestSetSpec) -> Answerer:
        trained, blocks = inputs.trained.get(part.name), inputs.blocks.get(part.name)
        if trained is None:
            return trainer(prepared, part)
        pipeline = finished(trained, prepared.experiment)
        training = Training(**trained.about["training_facts"])
        if not blocks:
            return Answerer(trainer.serve(prepared, part, pipeline), training)
        lookups = _lookups(prepared, part, blocks)
        return Answerer(PrecomputedFeatures(pipeline, lookups), training)

    return recognise


def _lookups(
    prepared: Prepared, part: TestSetSpec, blocks: list[list[Block]]
) -> Iterator[list[FeatureLookup]]:
    for sequence, vectors in zip(prepared.test_sequences(part), blocks, strict=True):
        rows = sequence.positions()
        for _ in range(prepared.experiment.config.replay.loop):
            yield [FeatureLookup(block, rows) for block in vectors]


def finished(trained: TrainedModel, experiment: Experiment) -> Pipeline:
    """Return a trained pipeline with the decision of ``experiment`` and a filter of its own."""
    pipeline, config = trained.pipeline, experiment.config
    below = config.decision.unknown
    decision = Decision(
        trained.task,
        pipeline.decision.classes,
        config.decision.abstain,
        below if isinstance(below, float) else None,
    )
    # these have memory, and other runs may be under way
    temporal, zone = copy.deepcopy(pipeline.temporal), copy.copy(pipeline.zone)
    return replace(pipeline, decision=decision, temporal=temporal, zone=zone)
