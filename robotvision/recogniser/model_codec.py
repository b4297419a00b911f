"""Trained objects as JSON and arrays, and back, without pickle: what a model file holds.

Numbers, text, lists and the like are JSON; arrays lie beside it in NumPy's format. An object is its
class's name and its state:

* a plug-in with scikit-learn's parameters: the parameters, with which it is built anew (and so
  checked), and the learnt attributes, those that end in an underscore;
* a dataclass: its fields; a pydantic model: its JSON; any other: its ``__dict__``.

Only classes of `TRUSTED` modules and those the caller names are ever built. Classifiers of
scikit-learn itself go through skops, which has its own list of what is safe.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
from pydantic import BaseModel
from sklearn.base import BaseEstimator

from robotvision.errors import MissingExtraError, RobotVisionError

TRUSTED = (
    "robotvision.classifiers.",
    "robotvision.features.",
    "robotvision.recogniser.decision",
    "robotvision.recogniser.objects",
    "robotvision.recogniser.pipeline",
    "robotvision.scoring.points",
    "robotvision.tasks.model",
    "robotvision.temporal.",
    "robotvision.recogniser.unknown",
)
"""Modules whose classes a model file may name; those ending in a dot are packages."""

SKLEARN_TRUSTED = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
)
"""Types inside scikit-learn's classifiers that skops leaves to us to trust."""

Store = Callable[[bytes, str], str]
Fetch = Callable[[str], bytes]


class Encoder:
    """Turns objects into JSON; ``store(content, suffix)`` keeps bytes and returns their name."""

    def __init__(self, store_array: Callable[[Any], str], store: Store) -> None:
        self._store_array = store_array
        self._store = store

    def encode(self, value: Any, where: str) -> Any:
        """Return ``value`` as JSON; ``where`` names it in messages.

        Raises
        ------
        RobotVisionError
            It holds something that cannot be saved.
        """
        if value is None or type(value) in (bool, str, int):
            return value
        if type(value) is float and math.isfinite(value):
            return value
        if isinstance(value, (list, tuple, set, frozenset, dict, Mapping, slice)):
            return self._container(value, where)
        if isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                raise _cannot(where, f"an array of {value.dtype}")
            return {"$array": self._store_array(value)}
        if isinstance(value, np.generic):
            return {"$scalar": self._store_array(np.asarray(value))}
        if isinstance(value, float):
            return {"$float": repr(value)}
        return self._object(value, where)

    def _container(self, value: Any, where: str) -> Any:
        if isinstance(value, slice):
            parts = (value.start, value.stop, value.step)
            return {"$slice": [self.encode(p, where) for p in parts]}
        if isinstance(value, Mapping):
            pairs = [
                [self.encode(k, f"{where} key"), self.encode(v, f"{where}[{k!r}]")]
                for k, v in value.items()
            ]
            plain = all(isinstance(k, str) and not k.startswith("$") for k, _ in pairs)
            return dict(pairs) if plain else {"$pairs": pairs}
        ordered = sorted(value) if isinstance(value, (set, frozenset)) else value
        items = [self.encode(v, f"{where}[{i}]") for i, v in enumerate(ordered)]
        if type(value) is list:
            return items
        kinds: dict[type, str] = {tuple: "$tuple", set: "$set", frozenset: "$frozenset"}
        if type(value) not in kinds:
            raise _cannot(where, f"a {_name(type(value))}")
        return {kinds[type(value)]: items}

    def _object(self, value: Any, where: str) -> Any:
        cls = type(value)
        if cls.__module__.partition(".")[0] == "sklearn":
            return {"$sklearn": self._store(_skops_dump(value, where), "skops")}
        if isinstance(value, Enum):
            return {"$enum": _name(cls), "value": self.encode(value.value, where)}
        if isinstance(value, BaseModel):
            return {"$model": _name(cls), "json": value.model_dump(mode="json")}
        if dataclasses.is_dataclass(value):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return {"$dataclass": _name(cls), "state": self._state(fields, where)}
        if isinstance(value, BaseEstimator):
            given = value.get_params(deep=False)
            learnt = {
                k: v
                for k, v in vars(value).items()
                if k.endswith("_") and not k.startswith("_") and k not in given
            }
            return {
                "$estimator": _name(cls),
                "params": self._state(given, where),
                "state": self._state(learnt, where),
            }
        if isinstance(value, type) or callable(value) or not hasattr(value, "__dict__"):
            raise _cannot(where, f"a {_name(cls)}")
        return {"$object": _name(cls), "state": self._state(vars(value), where)}

    def _state(self, state: Mapping[str, Any], where: str) -> dict[str, Any]:
        return {k: self.encode(v, f"{where}.{k}") for k, v in state.items()}


class Decoder:
    """Turns JSON back into objects; ``fetch_array`` and ``fetch`` give what was stored by name.

    Parameters
    ----------
    trusted : sequence of str
        Dotted names of classes to trust besides those of `TRUSTED`.
    """

    def __init__(
        self, fetch_array: Callable[[str], Any], fetch: Fetch, trusted: Sequence[str] = ()
    ) -> None:
        self._fetch_array = fetch_array
        self._fetch = fetch
        self._trusted = frozenset(t.replace(":", ".") for t in trusted)

    def decode(self, data: Any) -> Any:
        """Return the object that ``data`` describes.

        Raises
        ------
        RobotVisionError
            It names a class that is not trusted or not there.
        """
        if isinstance(data, list):
            return [self.decode(d) for d in data]
        if not isinstance(data, dict):
            return data
        kind = next(iter(data), "")
        if not kind.startswith("$"):
            return {k: self.decode(v) for k, v in data.items()}
        return self._special(kind, data[kind], data)

    def _special(self, kind: str, value: Any, data: dict[str, Any]) -> Any:
        simple: dict[str, Callable[[Any], Any]] = {
            "$array": self._fetch_array,
            "$scalar": lambda v: self._fetch_array(v)[()],
            "$float": float,
            "$slice": lambda v: slice(*map(self.decode, v)),
            "$pairs": lambda v: {self.decode(k): self.decode(x) for k, x in v},
            "$tuple": lambda v: tuple(map(self.decode, v)),
            "$set": lambda v: set(map(self.decode, v)),
            "$frozenset": lambda v: frozenset(map(self.decode, v)),
            "$sklearn": lambda v: _skops_load(self._fetch(v)),
        }
        if kind in simple:
            return simple[kind](value)
        cls = build = self._class(value)
        if kind == "$enum":
            return cls(self.decode(data["value"]))
        if kind == "$model" and issubclass(cls, BaseModel):
            return cls.model_validate_json(json.dumps(data["json"]))
        state = {str(k): self.decode(v) for k, v in data["state"].items()}
        if kind == "$dataclass" and dataclasses.is_dataclass(cls):
            return build(**state)
        if kind == "$estimator" and issubclass(cls, BaseEstimator):
            made = cls(**{k: self.decode(v) for k, v in data["params"].items()})
        elif kind == "$object":
            made = cls.__new__(cls)
        else:
            raise RobotVisionError(f"{kind} of {value!r} is not known")
        vars(made).update(state)
        return made

    def _class(self, name: Any) -> Any:
        module, _, attribute = str(name).partition(":")
        dotted = f"{module}.{attribute}"
        inside = any(module.startswith(t) if t.endswith(".") else module == t for t in TRUSTED)
        if not (inside or dotted in self._trusted):
            raise RobotVisionError(
                f"it holds {dotted}, which is not trusted; if you trust the file, name the "
                "class as trusted"
            )
        try:
            cls: Any = importlib.import_module(module)
            for part in attribute.split("."):
                cls = getattr(cls, part)
        except (ImportError, AttributeError) as e:
            raise RobotVisionError(f"it holds {dotted}, which is not installed ({e})") from e
        if not isinstance(cls, type) or _name(cls) != name:
            raise RobotVisionError(f"it names {dotted}, which is no class of that module")
        return cls


def _name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _cannot(where: str, what: str) -> RobotVisionError:
    return RobotVisionError(
        f"{where}: {what} cannot be saved; keep what was learnt in arrays, numbers and text"
    )


def _skops() -> Any:
    try:
        import skops.io
    except ImportError as e:
        raise MissingExtraError(
            "a model with a classifier of scikit-learn itself is kept with skops, which is not "
            "installed; pip install 'robotvision[models]'"
        ) from e
    return skops.io


def _skops_dump(value: Any, where: str) -> bytes:
    io = _skops()
    content: bytes = io.dumps(value)
    strange = sorted(set(io.get_untrusted_types(data=content)) - set(SKLEARN_TRUSTED))
    if strange:
        raise _cannot(where, f"a {type(value).__name__} that holds {', '.join(strange)}")
    return content


def _skops_load(content: bytes) -> Any:
    io = _skops()
    strange = sorted(set(io.get_untrusted_types(data=content)) - set(SKLEARN_TRUSTED))
    if strange:
        raise RobotVisionError(f"it holds {', '.join(strange)}, which is not trusted")
    return io.loads(content, trusted=list(SKLEARN_TRUSTED))
