"""A place recogniser in a line: features and a classifier, by name or as objects; or a function."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError
from sklearn.base import BaseEstimator

from robotvision.api.arguments import first_fault, path_of, sequences_of, task_of
from robotvision.classifiers import CLASSIFIERS
from robotvision.config.checks import build
from robotvision.config.schema import Config, Given, Named, SequenceSpec
from robotvision.data.sequence import ImageSequence
from robotvision.data.task_labels import room_totals
from robotvision.errors import RobotVisionError, wrong_type
from robotvision.experiment.overlap import training_records
from robotvision.features import FEATURES
from robotvision.features.base import FeatureExtractor
from robotvision.plugins.registry import Registry
from robotvision.recogniser.function import FunctionSystem, require_rooms
from robotvision.recogniser.inprocess import InProcess
from robotvision.recogniser.persistence import load_pipeline, save_pipeline
from robotvision.recogniser.pipeline import Pipeline
from robotvision.recogniser.training import TrainingOptions, fit_pipeline
from robotvision.systems.base import System
from robotvision.systems.image_function import ImageFunction, is_named, of_name, of_object
from robotvision.tasks.model import Task
from robotvision.temporal import TEMPORAL


class Recogniser(BaseEstimator):  # type: ignore[misc]
    """Features, a classifier, a decision; or a function that answers by itself.

    Parameters are kept as given (scikit-learn's rule); what `fit` learns ends in an underscore.

    Parameters
    ----------
    features : list or callable
        Each a name (``"phog"``), a mapping (``{"name": "crfh", "scales": [1, 2]}``) or an
        extractor (``CRFH(scales=[1, 2])``). Or a function that answers by itself, without features
        and classifier: from an image to a room's label, None (no answer), an `Answer`, a mapping
        from rooms to probabilities, or an array of probabilities in the order of the task's rooms.
        It needs no `fit` where the task has rooms of its own.
    classifier : str, mapping, estimator or callable
        A name, a mapping, any scikit-learn classifier; or, without features, such a function, also
        by its name (``"my_module.predict"``), or a torch module whose attribute ``rooms`` says
        what its outputs stand for.
    temporal : str, mapping or filter, optional
        A filter over the answers of successive frames: the optional mode.
    integration : str
        How several features are joined.
    abstain : "auto", "never" or float
        When no answer is given: below the task's break-even confidence, never, below a number.
    unknown : "auto", "never", "detect", "zone" or float
        When the answer is the task's unknown label.
    channel : str or None
        What a function receives: the image of this channel; None: the whole `Frame`.
    seed : int
        Of whatever is drawn at random in training.
    feature_threads : int
        How many features of a frame are computed at a time, 1 to 64.

    Attributes
    ----------
    task_ : Task
        With its rooms settled.
    training_ : Training or None
        What it was trained on; None of a function or a loaded model.
    sequences_ : list of ImageSequence
        What it was trained on.

    Examples
    --------
    >>> import robotvision as rv
    >>> rv.Recogniser(["phog", {"name": "crfh", "scales": [1, 2]}], "svm")
    Recogniser(classifier='svm',
               features=['phog', {'name': 'crfh', 'scales': [1, 2]}])
    """

    def __init__(
        self,
        features: Any = (),
        classifier: Any = "svm",
        *,
        temporal: Any = None,
        integration: str = "concatenation",
        abstain: Any = "auto",
        unknown: Any = "auto",
        channel: str | None = "rgb",
        seed: int = 0,
        feature_threads: int = 1,
    ) -> None:
        self.features = features
        self.classifier = classifier
        self.temporal = temporal
        self.integration = integration
        self.abstain = abstain
        self.unknown = unknown
        self.channel = channel
        self.seed = seed
        self.feature_threads = feature_threads

    @property
    def function(self) -> ImageFunction | None:
        """What answers in place of features and a classifier; None: nothing does.

        Raises RobotVisionError where it cannot be asked.
        """
        for given in (self.features, self.classifier):
            if callable(given) and not isinstance(given, type) and not _is_estimator(given):
                try:
                    return of_object(given, self.channel)
                except ValueError as e:
                    raise RobotVisionError(f"classifier: {e}") from e
        named = self.classifier.get("name") if isinstance(self.classifier, Mapping) else None
        name = self.classifier if named is None else named
        is_alone = isinstance(self.features, list | tuple) and not self.features
        if not (is_alone and isinstance(name, str) and is_named(name)):
            return None
        params = dict(self.classifier) if isinstance(self.classifier, Mapping) else {"name": name}
        return of_name(params.pop("name"), {"channel": self.channel, **params})

    @property
    def mode(self) -> str:
        """The mode its answers belong to: ``optional`` where earlier frames count."""
        has_memory = self.temporal is not None or self.unknown == "zone"
        return "optional" if has_memory else "obligatory"

    def fit(self, sequences: Any, task: Any = "rooms", *, cache: Any = None) -> Self:
        """Train on sequences with truth; return self.

        Parameters
        ----------
        sequences : ImageSequence, path or list of them
            A function learns nothing from them but the task's rooms.
        task : str, path or Task
            The rules; rooms that wait for training are settled here.
        cache : path, optional
            Folder of extracted features, to be reused.

        Raises
        ------
        RobotVisionError
            A parameter is refused, or the sequences cannot be trained on.
        """
        config, function = self.config(), self.function
        rules, opened = task_of(task), sequences_of("sequences", sequences)
        folder = None if cache is None else path_of("cache", cache)
        if function is not None:
            self.task_ = rules.with_rooms(room_totals(opened))
            require_rooms(function, self.task_)
            self._pipeline, self.training_ = None, None
        else:
            self._pipeline, self.task_, self.training_ = fit_pipeline(
                config, rules, opened, folder, options=TrainingOptions("sequences")
            )
        self.sequences_: list[ImageSequence] = opened
        return self

    def config(self) -> Config:
        """Return its parameters as a configuration without sequences. Raises RobotVisionError."""
        function = self.function
        given = () if callable(self.features) else self.features
        if isinstance(given, str | Mapping) or not hasattr(given, "__iter__"):
            raise wrong_type("features", "a list of names, mappings or extractors", self.features)
        features = [
            _item(f"features[{i}]", f, FEATURES, _is_extractor) for i, f in enumerate(given)
        ]
        if function is not None and self.temporal is not None:
            raise RobotVisionError("temporal: expected none beside a function that answers itself")
        if function is not None and self.unknown in ("detect", "zone"):
            raise RobotVisionError(
                "unknown: expected a confidence or 'never' beside a function that answers itself: "
                "no detector is trained"
            )
        if function is not None and features:
            raise RobotVisionError("features: expected none beside a function that answers itself")
        if function is None and not features:
            raise RobotVisionError(
                "features: expected at least one, e.g. features=['phog'], or a function from an "
                "image to a room"
            )
        classifier = temporal = None
        if function is None:
            classifier = _item("classifier", self.classifier, CLASSIFIERS, _is_estimator)
        if self.temporal is not None:
            temporal = _item("temporal", self.temporal, TEMPORAL, _is_filter)
        try:
            config = Config.model_validate(
                {
                    "task": "rooms",
                    "mode": self.mode,
                    "test": [],
                    "integration": self.integration,
                    "decision": {"abstain": self.abstain, "unknown": self.unknown},
                    "seed": self.seed,
                    "feature_threads": self.feature_threads,
                }
            )
        except ValidationError as e:
            raise first_fault(e) from None
        parts = {"features": features, "classifier": classifier, "temporal": temporal}
        return config.model_copy(update=parts)

    def system(self, task: Task | None = None) -> System:
        """Return it as a system that answers frames.

        Parameters
        ----------
        task : Task, optional
            For a function that was not fitted: the task, its rooms settled.

        Raises
        ------
        RobotVisionError
            It was not trained.
        """
        function = self.function
        if function is not None:
            rules = getattr(self, "task_", None) or task
            if rules is None:
                raise RobotVisionError("the task's rooms are not known: call fit() first")
            unknown = self.unknown if isinstance(self.unknown, float) else None
            return FunctionSystem(function, rules, self.abstain, unknown)
        return InProcess(self.pipeline_)

    @property
    def pipeline_(self) -> Pipeline:
        """The trained pipeline. Raises RobotVisionError where there is none."""
        pipeline: Pipeline | None = getattr(self, "_pipeline", None)
        if pipeline is None:
            raise RobotVisionError("the recogniser is not trained: call fit(sequences) first")
        return pipeline

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the trained pipeline to a model file, as ``robotvision train`` does; return it."""
        target = path_of("path", path)
        opened = self.sequences_
        specs = [SequenceSpec(path=str(s.root), reader=s.reader) for s in opened]
        about = {"training": training_records(opened, specs)}
        save_pipeline(target, self.pipeline_, self.task_, about)
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str], trust: Sequence[str] = ()) -> Recogniser:
        """Load a model file that `save` or ``robotvision train`` wrote.

        Parameters
        ----------
        path : path
            The model file.
        trust : sequence of str
            Dotted names of classes of your own that it may hold: loading it runs their code.

        Raises
        ------
        RobotVisionError
            It is no model file, or holds what is not trusted.
        """
        if isinstance(trust, str) or not all(isinstance(name, str) for name in trust):
            raise wrong_type("trust", "a list of dotted names", trust)
        model = load_pipeline(path_of("path", path), trusted=trust)
        recogniser = cls(
            [slot.extractor for slot in model.pipeline.slots], model.pipeline.classifier
        )
        recogniser.temporal = model.pipeline.temporal
        recogniser.feature_threads = model.pipeline.feature_threads
        recogniser._pipeline, recogniser.task_ = model.pipeline, model.task
        recogniser.training_, recogniser.sequences_ = None, []
        return recogniser


def _is_estimator(given: Any) -> bool:
    return not isinstance(given, type) and hasattr(given, "fit") and hasattr(given, "predict")


def _is_extractor(given: Any) -> bool:
    return not isinstance(given, type) and isinstance(given, FeatureExtractor)


def _is_filter(given: Any) -> bool:
    return not isinstance(given, type) and hasattr(given, "update") and hasattr(given, "reset")


def _item(
    name: str, given: Any, registry: Registry, is_plugin: Callable[[Any], bool]
) -> str | Named:
    """Return a part as a configuration holds it; names and parameters are tried at once."""
    item: str | Named
    if is_plugin(given):
        return Given.of(given, registry.name_of(type(given)).rpartition(".")[2])
    if isinstance(given, str):
        item = given
    elif isinstance(given, Mapping) and isinstance(given.get("name"), str):
        item = Named(**given)
    else:
        kind = registry.kind
        raise wrong_type(name, f"a {kind}'s name, {{'name': ...}} or an object", given)
    try:
        build(registry, item)
    except RobotVisionError as e:
        raise RobotVisionError(f"{name}: {e}") from e
    return item
