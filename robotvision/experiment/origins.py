"""What a run's answers depend on: its plug-ins' code, the files they read, what they learnt from.

Of code the log's first line says the file or the distribution it came from and its digest, of files
and training sequences their digests, so that a run is resumed with nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robotvision import systems
from robotvision.classifiers import CLASSIFIERS
from robotvision.config import OBSERVERS
from robotvision.config.checks import build, named_parts
from robotvision.config.experiment import Experiment
from robotvision.config.schema import Given, Named, SystemConfig
from robotvision.data.digest import table_digest
from robotvision.errors import RobotVisionError
from robotvision.plugins.files import file_digest
from robotvision.plugins.identity import files_read, is_file, parts_of
from robotvision.plugins.plugin_path import search_also
from robotvision.plugins.provenance import code_of, code_owner, is_own
from robotvision.plugins.registry import Registry

if TYPE_CHECKING:
    from robotvision.experiment.prepare import Prepared
    from robotvision.recogniser.persistence import TrainedModel


def plugin_origins(
    experiment: Experiment, model: TrainedModel | None = None
) -> list[dict[str, str]]:
    """Return the plug-ins of one's own or of other packages that a configuration names.

    Each with ``kind`` and ``name`` as in the configuration, ``origin`` (its file, or distribution
    and version) and ``digest`` (empty where the code cannot be had). Those shipped are left out.
    The classes of one's own in a ``model`` are of the kind ``model``.
    """
    config, found = experiment.config, []
    named = [*named_parts(config), *((OBSERVERS, item) for item in config.observers)]
    if experiment.function is not None:
        named.append((CLASSIFIERS, experiment.function))
    for kind, name, part in (one for r, item in named for one in _with_inner(r, item)):
        if is_own(str(code_owner(part).__module__)) or "." in name:
            code = code_of(part)
            about = {"kind": kind, "name": name, "origin": code.origin, "digest": code.digest}
            found.append(about)
    for one in () if model is None else model.own:
        about = {key: one[key] for key in ("name", "origin", "digest")}
        found.append({"kind": "model", **about})
    return found


def _with_inner(registry: Registry, item: str | Named) -> Iterator[tuple[str, str, Any]]:
    """Yield the kind, the name and the class of a plug-in and of those named in its parameters."""
    if isinstance(item, Given):
        yield registry.kind, item.name, type(item.part)
        return
    name = item if isinstance(item, str) else item.name
    cls = registry.find(name)
    yield registry.kind, name, cls
    if hasattr(cls, "inner_classifiers"):
        for inner in islice(parts_of(build(registry, item)), 1, None):
            found = type(inner)
            yield registry.kind, f"{found.__module__}.{found.__qualname__}", found
        return
    waiting = [] if isinstance(item, str) else list(item.params.values())
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, Mapping) and isinstance(value.get("name"), str):
            yield registry.kind, value["name"], registry.find(value["name"])
            waiting += value.values()


def search_where_it_began(about: Mapping[str, Any]) -> None:
    """Search the folder of the configuration that a run began with for plug-ins, too."""
    if about.get("config_folder"):
        search_also(Path(about["config_folder"]))


def require_same_plugins(about: Mapping[str, Any], experiment: Experiment) -> None:
    """Raise RobotVisionError where a plug-in's code is not that which an earlier run began with."""
    before = {(p["kind"], p["name"]): p for p in about.get("plugins", ())}
    for plugin in plugin_origins(experiment):
        if plugin["kind"] == OBSERVERS.kind:
            continue  # it has no part in the answers
        known = before.get((plugin["kind"], plugin["name"]), plugin)
        if known["digest"] != plugin["digest"]:
            raise RobotVisionError(
                f"{plugin['kind']} {plugin['name']!r}: the run began with the code of "
                f"{known['origin']} as it was then, now it is that of {plugin['origin']}, so its "
                "answers would not fit together; begin a new run"
            )


def inputs_of(prepared: Prepared) -> dict[str, list[dict[str, str]]]:
    """Return the digests of what an experiment's answers depend on beside code and test sequences.

    ``files``: the model's, those that plug-ins' parameters name and those of a program's command
    (``path``, ``digest``). ``training``: the tables of the training sequences (``name``,
    ``digest``).
    """
    sequences = (prepared.sequences[spec] for spec in prepared.experiment.training_specs)
    return {
        "files": [
            {"path": str(path), "digest": file_digest(path)}
            for path in dict.fromkeys(_files(prepared.experiment))
        ],
        "training": [{"name": s.name, "digest": table_digest(s)} for s in sequences],
    }


def require_same_inputs(about: Mapping[str, Any], prepared: Prepared) -> None:
    """Raise RobotVisionError where a run began with another task, other files or other training.

    Logs of earlier versions, which do not name their inputs, are taken as they are.
    """
    if "inputs" not in about:
        return
    if about["task"] != prepared.task.model_dump(mode="json"):
        raise _changed(f"the task {prepared.task.id}")
    now, before = inputs_of(prepared), about["inputs"]
    for kind, key in (("files", "path"), ("training", "name")):
        known = [(one[key], one["digest"]) for one in before.get(kind, ())]
        found = [(one[key], one["digest"]) for one in now[kind]]
        if known != found:
            other = next(iter([one for one in known if one not in found] or found))[0]
            raise _changed("the training sequence " * (kind == "training") + other)


def _changed(what: str) -> RobotVisionError:
    return RobotVisionError(
        f"{what}: not as it was when the run began, so its answers would not fit together; begin "
        "a new run"
    )


def _files(experiment: Experiment) -> Iterator[Path]:
    """Yield the files that a configuration names, but for sequences."""
    config, folder = experiment.config, experiment.path.parent
    if experiment.model_path is not None:
        yield experiment.model_path.resolve()
    for item in (*config.features, config.classifier, config.temporal):
        if isinstance(item, Given):
            yield from files_read(item.part)
        elif isinstance(item, Named):
            yield from _files_in(item.params)
    if isinstance(config.system, SystemConfig):
        command = systems.absolute_command(config.system.command, folder)
        # a program may be executable and not readable
        yield from (Path(p) for p in command if is_file(p) and os.access(p, os.R_OK))


def _files_in(value: Any) -> Iterator[Path]:
    """Yield the files named anywhere in a plug-in's parameters."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _files_in(each)
    elif isinstance(value, str | Path) and is_file(value):
        yield Path(value)
