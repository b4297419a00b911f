"""A trained pipeline in one file, and back: what ``train`` writes and ``replay`` reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robotvision.errors import Fault, InputFaults
from robotvision.plugins.plugin_path import search_also
from robotvision.plugins.provenance import code_of_module
from robotvision.recogniser.decision import Decision
from robotvision.recogniser.inprocess import InProcess
from robotvision.recogniser.model_file import load_model, own_classes, save_model
from robotvision.recogniser.objects import ObjectRecogniser
from robotvision.recogniser.pipeline import FeatureSlot, Pipeline
from robotvision.records import Notice
from robotvision.tasks.model import Task

SUFFIX = ".rvmodel"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A pipeline with the task it was trained for and what its file says of it.

    ``own`` are the classes in it that were trusted by name: where the code of each comes from
    (``name``, ``origin``, ``digest``), and came from when it was saved.
    """

    pipeline: Pipeline
    task: Task
    about: Mapping[str, Any]
    own: tuple[Mapping[str, str], ...] = ()

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What readers of a report must know: code that is not what it was when it was saved."""
        changed = [
            c for c in self.own if c["digest"] and c["saved_digest"] not in ("", c["digest"])
        ]
        return tuple(
            Notice(
                "model-code-changed",
                f"{c['name']}: the code of {c['origin']} is not what it was when the model was "
                f"saved ({c['saved_origin']}), so its answers may differ",
                {"name": c["name"]},
            )
            for c in changed
        )


def task_digest(task: Task) -> str:
    """Return a digest of a task's rules, its rooms settled."""
    rules = task.model_dump(mode="json", include={"id", "rooms", "unknown", "objects", "points"})
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def save_pipeline(
    path: Path, pipeline: Pipeline, task: Task, about: Mapping[str, Any] | None = None
) -> None:
    """Write a trained pipeline to a model file.

    Parameters
    ----------
    path : Path
        Replaced, once the file is whole.
    task : Task
        Its rooms settled.
    about : Mapping, optional
        Plain data to keep beside it: configuration, digests of the training sequences.

    Raises
    ------
    RobotVisionError
        A plug-in holds something that cannot be kept, or the file cannot be written.
    """
    parts: dict[str, object] = {"classifier": pipeline.classifier}
    for i, slot in enumerate(pipeline.slots):
        parts[f"cue{i}"] = slot.extractor
    for name in ("temporal", "unknown", "zone"):
        if getattr(pipeline, name) is not None:
            parts[name] = getattr(pipeline, name)
    objects = pipeline.objects
    if objects is not None:
        for i, classifier in enumerate(objects.classifiers):
            parts[f"object{i}"] = classifier
    decision = pipeline.decision
    data = {
        **dict(about or {}),
        "task": task.id,
        "task_digest": task_digest(task),
        "rules": task.model_dump(mode="json"),
        "cues": [[s.name, s.place.start, s.place.stop, s.scale] for s in pipeline.slots],
        "decision": {
            "classes": decision.classes,
            "threshold": decision.threshold,
            "unknown_below": decision.unknown_below,
        },
        "objects": [] if objects is None else list(objects.names),
        "feature_threads": pipeline.feature_threads,
    }
    save_model(path, parts, data)


def load_pipeline(path: Path, task: str | None = None, trusted: Sequence[str] = ()) -> TrainedModel:
    """Read a trained pipeline from a model file.

    Parameters
    ----------
    path : Path
    task : str, optional
        The id of the task it must be for.
    trusted : sequence of str
        Dotted names of plug-in classes that may be built, beside this package's own.

    Raises
    ------
    InputFaults
        Not a model file, damaged, or for another task: one line.
    """
    parts, about = load_model(path, task=task, trusted=trusted)
    try:
        rules = Task.model_validate_json(json.dumps(about["rules"]))
        slots = [
            FeatureSlot(str(name), parts[f"cue{i}"], slice(int(start), int(stop)), float(scale))
            for i, (name, start, stop, scale) in enumerate(about["cues"])
        ]
        decision = Decision(
            rules,
            [str(c) for c in about["decision"]["classes"]],
            float(about["decision"]["threshold"]),
            about["decision"]["unknown_below"],
        )
        pipeline = Pipeline(
            slots,
            parts["classifier"],
            decision,
            parts.get("temporal"),
            _objects(parts, about, rules),
            parts.get("unknown"),
            parts.get("zone"),
            int(about.get("feature_threads", 1)),
        )
    except (KeyError, TypeError, ValueError) as e:
        raise InputFaults(
            Fault(
                path,
                f"its contents do not fit together ({type(e).__name__}: {e})",
                remedy="train again with robotvision train",
            )
        ) from e
    return TrainedModel(pipeline, rules, about, tuple(_own(path)))


def _own(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield where the code of a model's own classes comes from, now and when it was saved."""
    for name, saved in own_classes(path).items():
        code = code_of_module(name.rpartition(".")[0])
        before = {f"saved_{key}": str(value) for key, value in saved.items()}
        yield {"name": name, "origin": code.origin, "digest": code.digest, **before}


def _objects(
    parts: Mapping[str, Any], about: Mapping[str, Any], task: Task
) -> ObjectRecogniser | None:
    names = about["objects"]
    if not names or task.points.objects is None:
        return None
    classifiers = [parts[f"object{i}"] for i in range(len(names))]
    return ObjectRecogniser(names, classifiers, task.points.objects)


def build_system(about: Mapping[str, Any]) -> InProcess:
    """Return the system of a model file: what a worker process serves.

    ``about`` holds its ``path``, the classes ``trusted`` in it by who wrote it just now, and the
    ``folders`` in which modules of one's own are searched first, as they were there.
    """
    for folder in about["folders"]:
        search_also(Path(folder))
    return InProcess(load_pipeline(Path(about["path"]), trusted=about["trusted"]).pipeline)
