"""Where a run's plug-ins came from: the file or the distribution, and a digest of their code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robotvision.classifiers import CLASSIFIERS
from robotvision.config import OBSERVERS
from robotvision.config.checks import named_parts
from robotvision.config.experiment import Experiment
from robotvision.config.schema import Given, Named
from robotvision.errors import RobotVisionError
from robotvision.plugins.plugin_path import search_also
from robotvision.plugins.provenance import code_of, code_owner, is_own
from robotvision.plugins.registry import Registry

if TYPE_CHECKING:
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
    yield registry.kind, name, registry.find(name)
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
