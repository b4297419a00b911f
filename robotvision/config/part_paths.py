"""Files that plug-ins read, named beside them: ``{name: onnx, model: net.onnx}``.

As every path in a configuration they start at its folder, wherever a run is started from. Which
parameters are paths is read from the plug-in's signature: those annotated as ``Path`` or
``PathLike``. A plug-in of one's own may leave its parameters without annotation: there, text that
looks like a file's name (it has a suffix or a folder in it) and is one in the configuration's
folder is a path, too. ``words_for_paths`` of its class are none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from robotvision import systems
from robotvision.classifiers import CLASSIFIERS
from robotvision.config import OBSERVERS
from robotvision.config.schema import Config, Given, Named
from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES
from robotvision.plugins.registry import Registry, is_ours, named, parameters_of
from robotvision.temporal import TEMPORAL


def with_absolute_paths(config: Config, folder: Path) -> Config:
    """Return a configuration whose plug-ins' files have absolute paths.

    Parameters
    ----------
    config : Config
        As read.
    folder : Path
        Where relative paths start: that of the configuration's file.
    """

    def one(registry: Registry, item: Any) -> Any:
        if not isinstance(item, Named) or isinstance(item, Given):
            return item
        settled = _settled(registry, item.name, item.params, folder)
        if settled == item.params:
            return item
        return Named.model_validate({"name": item.name, "optional": item.optional, **settled})

    def several(registry: Registry, items: list[Any]) -> list[Any]:
        return [one(registry, item) for item in items]

    update: dict[str, Any] = {
        "features": several(FEATURES, config.features),
        "classifier": one(CLASSIFIERS, config.classifier),
        "temporal": one(TEMPORAL, config.temporal),
        "observers": several(OBSERVERS, config.observers),
    }
    if config.tune is not None:
        update["tune"] = config.tune.model_copy(
            update={
                "features": [several(FEATURES, listed) for listed in config.tune.features],
                "classifier": several(CLASSIFIERS, config.tune.classifier),
                "temporal": several(TEMPORAL, config.tune.temporal),
            }
        )
    return config.model_copy(update=update)


def _settled(
    registry: Registry, name: str, params: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Return a plug-in's parameters with absolute paths, those of nested plug-ins too."""
    try:
        cls: Any = registry.find(name)
    except RobotVisionError:
        return dict(params)  # an unknown name is told where the plug-in is built
    takes = parameters_of(cls)
    is_like_file = (lambda _: False) if is_ours(cls) else _is_file_in(folder)

    def settled(key: str, value: Any) -> Any:
        if (part := named(value)) is not None:
            return {"name": part[0], **_settled(registry, *part, folder)}
        if isinstance(value, list):
            return [settled(key, v) for v in value]
        about = takes.get(key)
        if not isinstance(value, str) or not value or os.path.isabs(value):
            return value
        is_default = about is not None and value == about.default
        if is_default or value in getattr(cls, "words_for_paths", ()):
            return value  # a word for something else, as 'default' is
        if about is None:
            is_path = key in systems.image_function.OWN_PATHS
        else:
            is_path = "Path" in str(about.annotation)
        return os.path.abspath(folder / value) if is_path or is_like_file(value) else value

    return {key: settled(key, value) for key, value in params.items()}


def _is_file_in(folder: Path) -> Callable[[str], bool]:
    def is_file(value: str) -> bool:
        is_name = bool(os.path.splitext(value)[1]) or os.sep in value
        return is_name and "\0" not in value and os.path.isfile(folder / value)

    return is_file
