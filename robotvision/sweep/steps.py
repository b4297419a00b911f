"""What runs share, as a graph: learn, extract, train, run; each step once.

``learn``    an extractor that learns (a vocabulary, say), by extractor and training set
``extract``  vectors of a sequence, by extractor and sequence (with its declared faults), one for
             each view that training has of it
``train``    a classifier, by features, classifier, integration, temporal filter (it is tuned on
             held-out frames), training set, seed, rules and code; no threshold of the decision
             enters it
``run``      replay and score; its test vectors are looked up where no time is judged

A program and a model file bring their own and stand alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from robotvision.config.checks import build, named_parts
from robotvision.config.experiment import Experiment, TestSetSpec, unknown_rule
from robotvision.config.schema import Config, DecisionConfig, Named, SequenceSpec
from robotvision.features import FEATURES
from robotvision.features.extraction import needs_training
from robotvision.playback.faults import FaultPlan
from robotvision.recogniser.augment import AugmentedView, views
from robotvision.sweep.plan import Plan, RunSpec, SequenceInfo, digest, plain
from robotvision.tasks.model import Task
from robotvision.version import __version__

Feature = str | Named
PLAIN = AugmentedView()


@dataclass(frozen=True, slots=True)
class FitFeatures:
    """An extractor to be trained on sequences."""

    feature: Feature
    train: tuple[SequenceSpec, ...]


@dataclass(frozen=True, slots=True)
class ExtractFeatures:
    """Vectors of one sequence by one extractor, trained by the step ``learn`` where it learns."""

    feature: Feature
    spec: SequenceSpec
    faults: FaultPlan | None
    learn: str | None
    view: AugmentedView = PLAIN


@dataclass(frozen=True, slots=True)
class TrainRecogniser:
    """A pipeline to be trained; ``learns`` and ``extracts`` are the steps it waits for."""

    config: Config
    task: Task
    train: tuple[SequenceSpec, ...]
    learns: tuple[str | None, ...]
    extracts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SweepRun:
    """A run: the training of each test set, and the vectors of its sequences, feature by feature.

    ``extracts`` maps a test set to one tuple of steps a sequence; without it frames are extracted
    as they come, as in a run of its own.
    """

    spec: RunSpec
    trains: Mapping[str, str]
    extracts: Mapping[str, tuple[tuple[str, ...], ...]]


@dataclass(slots=True)
class Graph:
    """Every step by its key."""

    learns: dict[str, FitFeatures] = field(default_factory=dict)
    extracts: dict[str, ExtractFeatures] = field(default_factory=dict)
    trains: dict[str, TrainRecogniser] = field(default_factory=dict)
    runs: dict[str, SweepRun] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.learns) + len(self.extracts) + len(self.trains) + len(self.runs)


def graph_of(plan: Plan, runs: Iterable[RunSpec], *, live: bool = False) -> Graph:
    """Return the steps that ``runs`` of the plan need.

    Parameters
    ----------
    live : bool
        Extract test frames as they come, so that a run's latency is that of the whole pipeline.
    """
    builder = _Builder(plan, live)
    for run in runs:
        builder.add(run)
    return builder.graph


def is_timed(setup: Experiment) -> bool:
    """Return whether a run's points depend on how long an answer takes."""
    replay = setup.config.replay
    return replay.clock != "asap" or replay.policy != "offline"


class _Builder:
    def __init__(self, plan: Plan, live: bool) -> None:
        self.known: Mapping[SequenceSpec, SequenceInfo] = plan.known
        self.parts = plan.parts
        self.live = live
        self.graph = Graph()
        self.learning: dict[str, bool] = {}

    def add(self, run: RunSpec) -> None:
        setup = run.setup
        trains: dict[str, str] = {}
        extracts: dict[str, tuple[tuple[str, ...], ...]] = {}
        if setup.is_trained and run.features is not None:
            for part in setup.parts:
                trains[part.name] = self._train(setup, part, run.features)
                if not (self.live or is_timed(setup) or setup.config.system != "inprocess"):
                    extracts[part.name] = tuple(
                        tuple(
                            self._extract(f, s, setup.config.faults, part.train)
                            for f in run.features
                        )
                        for s in part.test
                    )
        self.graph.runs[run.key] = SweepRun(run, trains, extracts)

    def _train(self, setup: Experiment, part: TestSetSpec, features: tuple[Feature, ...]) -> str:
        config = _training_config(setup).model_copy(update={"features": list(features)})
        trained_on = setup.training_specs
        rooms: Counter[str] = Counter()
        for spec in trained_on:
            rooms.update(self.known[spec].rooms)
        task = setup.task.with_rooms(rooms) if rooms else setup.task
        about = config.model_dump(mode="json", exclude_defaults=True)
        code = [self.parts.of(registry, item) for registry, item in named_parts(config)]
        rules = task.model_dump(mode="json")
        key = digest([__version__, about, rules, self._ids(part.train), code])
        if key not in self.graph.trains:
            augmented = (
                [AugmentedView()]
                if config.augment is None
                else views(config.augment.mirror, config.augment.light)
            )
            learns = tuple(self._learn(f, part.train) for f in features)
            extracts = tuple(
                self._extract(f, s, None, part.train, view)
                for f in features
                for s in part.train
                for view in augmented
            )
            self.graph.trains[key] = TrainRecogniser(config, task, part.train, learns, extracts)
        return key

    def _learn(self, feature: Feature, train: tuple[SequenceSpec, ...]) -> str | None:
        text = json.dumps(plain(feature), sort_keys=True)
        if text not in self.learning:
            self.learning[text] = needs_training(build(FEATURES, feature))
        if not self.learning[text]:
            return None
        key = digest([__version__, text, self._ids(train), self.parts.of(FEATURES, feature)])
        self.graph.learns.setdefault(key, FitFeatures(feature, train))
        return key

    def _extract(
        self,
        feature: Feature,
        spec: SequenceSpec,
        faults: FaultPlan | None,
        train: tuple[SequenceSpec, ...],
        view: AugmentedView = PLAIN,
    ) -> str:
        learn = self._learn(feature, train)
        declared_faults = None if faults is None else faults.model_dump(mode="json")
        seen = [view.mirror, view.light]
        key = digest([plain(feature), self.known[spec].digest, declared_faults, learn, seen])
        self.graph.extracts.setdefault(key, ExtractFeatures(feature, spec, faults, learn, view))
        return key

    def _ids(self, specs: tuple[SequenceSpec, ...]) -> list[str]:
        return [self.known[s].digest for s in specs]


def _training_config(setup: Experiment) -> Config:
    """Return the configuration with all that training does not depend on at its defaults."""
    own, default = setup.config, Config(task=setup.config.task, test=[])
    others = ("mode", "train", "test", "model", "trust", "replay", "faults", "system", "observers")
    late = (*others, "out", "note")
    is_detected = unknown_rule(own, setup.task) != "never"
    decision = DecisionConfig(unknown=own.decision.unknown if is_detected else "never")
    return own.model_copy(update={**{k: getattr(default, k) for k in late}, "decision": decision})
