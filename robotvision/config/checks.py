"""Read and check a configuration: YAML in, an `Experiment` out, every fault with its place.

Relative sequence paths start at the data root: ``--data-root``, else ``ROBOTVISION_DATA``, else the
configuration's own folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from robotvision import systems
from robotvision.classifiers import CLASSIFIERS, INTEGRATIONS
from robotvision.config import OBSERVERS
from robotvision.config.experiment import Experiment, Overrides, TestSetSpec
from robotvision.config.overrides import overridden
from robotvision.config.part_paths import with_absolute_paths
from robotvision.config.requirement import parse_requirement
from robotvision.config.schema import (
    Config,
    Given,
    Named,
    Ros2SystemConfig,
    SequenceList,
    SequenceSpec,
    SystemConfig,
    TuneConfig,
    UnknownConfig,
)
from robotvision.errors import (
    Fault,
    InputFaults,
    RobotVisionError,
    UnknownNameError,
    by_place,
    near,
    shortened,
)
from robotvision.features import FEATURES
from robotvision.playback.faults import wrong_kinds
from robotvision.plugins.plugin_path import search_first
from robotvision.plugins.provenance import forget_changed
from robotvision.plugins.registry import Registry
from robotvision.tasks import Task, load_task
from robotvision.temporal import TEMPORAL
from robotvision.yamlfile import Document, Path_, load, validate

_SET = re.compile(r"\w[\w .-]*")
"""What a test set may be called."""


def load_config(
    path: Path,
    data_root: Path | None = None,
    seed: int | None = None,
    instead: Overrides | None = None,
) -> Experiment:
    """Read and check a configuration.

    Parameters
    ----------
    path : Path
        A YAML file.
    data_root : Path, optional
        Where relative sequence paths start; see the module.
    seed : int, optional
        In place of the configuration's.
    instead : Overrides, optional
        Task and sequences in place of the configuration's.

    Raises
    ------
    InputFaults
        Every fault, each with line and column.
    """
    return check_config(load(path), data_root, seed, instead)


def check_config(
    document: Document,
    data_root: Path | None = None,
    seed: int | None = None,
    instead: Overrides | None = None,
) -> Experiment:
    """Check a configuration that was read; arguments, result and faults as in `load_config`."""
    if instead is not None:
        document = overridden(document, instead.values, instead.source)
    config = _validated(document)
    if instead is not None:
        config = instead.of(config)
    if seed is not None:
        config = config.model_copy(update={"seed": seed})
    return _Check(document, config, data_root).setup()


def _validated(document: Document) -> Config:
    """Return the configuration as typed; report its sensor faults as in a file of their own."""
    wrong = list(wrong_kinds(document, ("faults",)))
    if not wrong:
        return validate(document, Config)
    others = {k: v for k, v in document.data.items() if k != "faults"}
    try:
        validate(replace(document, data=others), Config)
    except InputFaults as e:
        wrong += e.faults
    raise InputFaults(by_place(wrong))


class _Check:
    """Checks what the keys mean together; collects every fault."""

    def __init__(self, document: Document, config: Config, data_root: Path | None) -> None:
        self.document = document
        self.path = Path(document.path)
        search_first(self.path.parent)
        forget_changed()
        self.config = with_absolute_paths(config, self.path.parent)
        own = os.environ.get("ROBOTVISION_DATA")
        self.data_root = data_root or (Path(own) if own else self.path.parent)
        self.faults: list[Fault] = []

    def setup(self) -> Experiment:
        task = self._task()
        self._system()
        parts = self._parts()
        if self.faults or task is None:
            raise InputFaults(by_place(self.faults))
        return Experiment(self.config, task, parts, self.path, self.data_root)

    def _fault(self, where: Path_, message: str, remedy: str = "") -> None:
        self.faults.append(self.document.fault(where, message, remedy, key=len(where) == 1))

    def _task(self) -> Task | None:
        try:
            task = load_task(self.config.task, self.path.parent)
        except InputFaults as e:
            self.faults.extend(e.faults)
            return None
        except RobotVisionError as e:
            self.faults.append(self.document.fault(("task",), str(e)))
            return None
        if self.config.mode not in task.modes:
            self._fault(("mode",), f"the task {task.id} has only {', '.join(task.modes)}")
        return task

    def _system(self) -> None:
        config = self.config
        is_node = isinstance(config.system, Ros2SystemConfig)
        other = "system" if is_node or isinstance(config.system, SystemConfig) else "model"
        if other == "system" or config.model is not None:
            who = "a program answers" if other == "system" else "a trained model answers"
            who = "a ROS 2 node answers" if is_node else who
            keys = ("features", "classifier", "temporal", "model" if other == "system" else "train")
            for key in keys:
                if getattr(config, key):
                    self._fault(
                        (key,),
                        f"{who} here, so nothing else is trained",
                        f"leave out {key!r} or {other!r}",
                    )
            if config.feature_threads != 1:
                self._fault(
                    ("feature_threads",),
                    f"{who} here, with the features that it has",
                    "leave it out",
                )
        elif not config.features and self._is_function():
            self._function()
        else:
            if not config.features:
                self._fault((), "expected at least one feature", "add 'features: [hsv_histogram]'")
            if config.classifier is None:
                self._fault((), "expected a classifier", "add 'classifier: svm'")
            if not config.train:
                self._fault((), "expected training sequences", "add 'train: [...]'")
        if config.temporal and config.mode == "obligatory":
            self._fault(
                ("temporal",),
                "a temporal filter uses earlier frames, which the obligatory mode forbids",
                "set 'mode: optional' or leave it out",
            )
        if config.decision.unknown == "zone" and config.mode == "obligatory":
            self._fault(
                ("decision", "unknown"),
                "unknown zones are detected from earlier frames, which the obligatory mode forbids",
                "set 'mode: optional' or 'unknown: detect'",
            )
        self._replay()
        self._plugins()
        self._requirements()

    def _requirements(self) -> None:
        for i, text in enumerate(self.config.require):
            try:
                parse_requirement(text)
            except RobotVisionError as e:
                self._fault(("require", i), str(e))

    def _is_function(self) -> bool:
        """Return whether the classifier, named without features, answers from images itself."""
        given = self.config.classifier
        if given is None:
            return False
        try:
            return systems.image_function.is_named(given if isinstance(given, str) else given.name)
        except UnknownNameError:
            return False
        except RobotVisionError:
            return True  # what is wrong with a dotted name is told with the plug-ins

    def _function(self) -> None:
        config = self.config
        who = "the classifier answers from images by itself, without features"
        for key in ("temporal", "augment", "tune"):
            if getattr(config, key) is not None:
                self._fault((key,), f"{who}, so nothing is trained", f"leave out {key!r}")
        for key, default in (("integration", "concatenation"), ("feature_threads", 1)):
            if getattr(config, key) != default:
                self._fault((key,), f"{who}", f"leave out {key!r}")
        if config.system == "worker":
            self._fault(("system",), f"{who}, in this process", "leave out 'system'")
        wanted = config.decision.unknown
        if wanted in ("detect", "zone") or isinstance(wanted, UnknownConfig):
            self._fault(
                ("decision", "unknown"),
                f"{who}, so no detector of unknown rooms is trained",
                "give a confidence, as 'unknown: 0.3', or leave it out",
            )

    def _replay(self) -> None:
        replay = self.config.replay
        if replay.clock == "asap" and replay.policy != "offline":
            self._fault(
                ("replay", "policy"),
                "with the clock 'asap' a frame comes when the last answer is in, so none is late",
                "set 'clock: simulated' or 'wall', or score the run under "
                "any policy afterwards with robotvision rescore",
            )
        if isinstance(replay.deadline_ms, float) and replay.deadline_ms < 0:
            self._fault(
                ("replay", "deadline_ms"),
                f"expected a number of at least 0, got {replay.deadline_ms:g}",
            )

    def _plugins(self) -> None:
        if self.config.integration not in INTEGRATIONS:
            known = near(self.config.integration, INTEGRATIONS)
            self._fault(
                ("integration",),
                f"expected one of {', '.join(INTEGRATIONS)}, got "
                f"{self.config.integration!r}{known}",
            )
        for i, item in enumerate(self.config.features):
            self._plugin(FEATURES, item, ("features", i))
        if self.config.classifier is not None:
            given, where = self.config.classifier, ("classifier",)
            if not self.config.features and self._is_function():
                self._try(partial(build_function, given), given, where)
            else:
                self._plugin(CLASSIFIERS, given, where)
        for i, item in enumerate(self.config.observers):
            self._plugin(OBSERVERS, item, ("observers", i))
        if self.config.temporal is not None:
            self._plugin(TEMPORAL, self.config.temporal, ("temporal",))
        if self.config.tune is not None:
            self._tuned(self.config.tune)

    def _tuned(self, tune: TuneConfig) -> None:
        for i, listed in enumerate(tune.features):
            for k, item in enumerate(listed):
                self._plugin(FEATURES, item, ("tune", "features", i, k))
            if not listed:
                self._fault(("tune", "features", i), "expected at least one feature")
        for i, item in enumerate(tune.classifier):
            self._plugin(CLASSIFIERS, item, ("tune", "classifier", i))
        for i, name in enumerate(tune.integration):
            if name not in INTEGRATIONS:
                self._fault(
                    ("tune", "integration", i),
                    f"expected one of "
                    f"{', '.join(INTEGRATIONS)}, got {name!r}"
                    f"{near(name, INTEGRATIONS)}",
                )
        for i, temporal in enumerate(tune.temporal):
            if temporal is None:
                continue
            self._plugin(TEMPORAL, temporal, ("tune", "temporal", i))
            if self.config.mode == "obligatory":
                self._fault(
                    ("tune", "temporal", i),
                    "a temporal filter uses earlier frames, which the obligatory mode forbids",
                    "set 'mode: optional'",
                )

    def _plugin(self, registry: Registry, item: str | Named, where: Path_) -> None:
        self._try(partial(build, registry, item), item, where)

    def _try(self, make: Callable[[], Any], item: str | Named, where: Path_) -> None:
        """Make a plug-in, and note what is wrong with its name or parameters."""
        try:
            make()
        except RobotVisionError as e:
            named = (*where, "name") if isinstance(item, Named) else where
            overrides = self.document.overrides  # of a parameter: the fault is told there
            named = next((p for p in overrides if p[: len(where)] == where), named)
            self.faults.append(self.document.fault(named, str(e)))

    def _parts(self) -> tuple[TestSetSpec, ...]:
        train, test = self.config.train, self.config.test
        if not test:
            self._fault(("test",), "expected at least one test sequence")
        sets = test if isinstance(test, dict) else {"test": test}
        if isinstance(train, dict) and set(train) != set(sets):
            self._fault(
                ("train",),
                f"expected the same sets as 'test' ({', '.join(sets)}), got "
                f"{', '.join(train) or 'none'}",
                "give one list for all, or one list a set",
            )
            return ()
        shared = None if isinstance(train, dict) else self._specs(train, ("train",))
        parts = []
        for name, listed in sets.items():
            where: Path_ = ("test", name) if isinstance(test, dict) else ("test",)
            if not _SET.fullmatch(name):  # it stands in names of files of the run folder
                self._fault(
                    where, f"expected a name of letters, digits, blanks, _ . and -, got {name!r}"
                )
            own = self._specs(train[name], ("train", name)) if isinstance(train, dict) else shared
            parts.append(TestSetSpec(name, own or (), self._specs(listed, where)))
        return tuple(parts)

    def _specs(self, listed: SequenceList, where: Path_) -> tuple[SequenceSpec, ...]:
        specs = []
        for i, item in enumerate(listed):
            spec = SequenceSpec(path=item) if isinstance(item, str) else item
            path = Path(os.path.normpath(self.data_root / spec.path))
            if not path.exists():
                missing = f"{path}: no such folder"
                self.faults.append(
                    self.document.fault(
                        (*where, i),
                        missing,
                        f"relative paths start at {self.data_root} "
                        "(--data-root, else ROBOTVISION_DATA, else the config's folder)",
                    )
                )
            specs.append(spec.model_copy(update={"path": str(path)}))
        return tuple(specs)


def named_parts(config: Config) -> list[tuple[Registry, str | Named]]:
    """Return the plug-ins that a configuration trains: features, classifier, temporal filter.

    A classifier without features is none: it answers by itself (`Experiment.function`).
    """
    if not config.features:
        return []
    named: list[tuple[Registry, str | Named]] = [(FEATURES, item) for item in config.features]
    others = (CLASSIFIERS, config.classifier), (TEMPORAL, config.temporal)
    return named + [(registry, item) for registry, item in others if item is not None]


def build_function(item: str | Named) -> systems.image_function.ImageFunction:
    """Return what a configuration names as answering from images. Raises RobotVisionError."""
    name, params = (item, {}) if isinstance(item, str) else (item.name, item.params)
    return systems.image_function.of_name(name, params)


def build(registry: Registry, item: str | Named) -> Any:
    """Return the plug-in that a configuration names, built with its parameters, not fitted.

    Raises
    ------
    RobotVisionError
        The name is not known, a parameter is refused, or what is built is no such plug-in.
    """
    if isinstance(item, Given):
        from sklearn.base import clone

        return clone(item.part, safe=False)
    name, params = (item, {}) if isinstance(item, str) else (item.name, item.params)
    built = registry.create(name, params)
    for kind, member in _MEMBERS.get(registry.kind, ()):
        if not hasattr(built, member):
            raise RobotVisionError(
                f"{registry.kind} {name!r}: expected an object with the {kind} {member!r}, got "
                f"{shortened(repr(built), 60)}"
            )
    return built


_MEMBERS = {
    FEATURES.kind: (("method", "extract"), ("attribute", "channels")),
    CLASSIFIERS.kind: (("method", "fit"),),
    TEMPORAL.kind: (("method", "update"),),
}
"""What a plug-in of a kind must have, for functions of the user's that make one."""
