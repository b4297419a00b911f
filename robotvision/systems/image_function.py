"""What answers from an image by itself, with no feature and no training: functions and networks.

In place of features and a classifier a configuration may name, by its dotted name,

* a function that takes the image, ``classifier: my_module.predict``;
* a class whose objects are called with the image, or a function without further arguments that
  returns such an object; a torch module among them.

Which of the two a function is, its signature says: one that still needs an argument when it has
those that stand beside its name is called for every image, any other once, for what it returns.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from robotvision.classifiers import CLASSIFIERS
from robotvision.errors import RobotVisionError
from robotvision.plugins.failure import place_of
from robotvision.plugins.files import file_digest
from robotvision.plugins.identity import is_file
from robotvision.plugins.provenance import code_of
from robotvision.plugins.registry import parameters_of, unknown_parameter
from robotvision.systems.torch_module import TorchModule, is_module

OF_MODULES = ("weights", "size", "mean", "std", "outputs")
OWN_KEYS = ("channel", "rooms", *OF_MODULES)
"""What may stand beside the name besides the arguments of its class or function."""

OWN_PATHS = ("weights",)


@dataclass(frozen=True, slots=True, eq=False)
class ImageFunction:
    """A function from an image to an answer.

    Parameters
    ----------
    call : callable
        Takes the image of ``channel``, (H, W, 3) uint8 or (H, W) uint16, or the whole `Frame`
        where ``channel`` is None. Returns a room's label, None (no answer), an `Answer`, a mapping
        from rooms to probabilities, or an array of probabilities in the order of ``rooms``.
    name : str
        What reports call it.
    origin : object
        The function or object of the user's that it calls, for messages.
    channel : str or None
        The channel it reads.
    rooms : tuple of str
        What an array of probabilities stands for; none: the task's rooms, in its order.
    files : tuple of Path
        The files that its parameters name.
    """

    call: Callable[[Any], Any]
    name: str
    origin: Any
    channel: str | None = "rgb"
    rooms: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=())

    @property
    def place(self) -> str:
        """Its name, with the file and line that define it where they are known."""
        at = place_of(self.origin)
        return f"{self.name} ({at})" if at else self.name


def of_object(given: Any, channel: str | None = "rgb", rooms: Sequence[str] = ()) -> ImageFunction:
    """Return a callable, or a torch module, as what answers from an image.

    Raises
    ------
    ValueError
        A torch module does not say what its outputs stand for.
    """
    name = str(getattr(given, "__name__", type(given).__name__))
    if is_module(given):
        module = TorchModule(given, rooms or None)
        return ImageFunction(module, name, given, channel, tuple(module.rooms))
    return ImageFunction(given, name, given, channel, tuple(rooms))


def is_named(name: str) -> bool:
    """Return whether a classifier's name is that of something that answers from images.

    Raises
    ------
    RobotVisionError
        Nothing has the name.
    """
    found = CLASSIFIERS.find(name)
    if str(getattr(found, "__module__", "")).startswith(("robotvision.", "sklearn.")):
        return False
    if isinstance(found, type):
        return is_module(found) or "__call__" in dir(found)
    return callable(found)


def of_name(name: str, params: Mapping[str, Any]) -> ImageFunction:
    """Return what answers from an image under a dotted name, built with its parameters.

    Parameters
    ----------
    name : str
        Of a function, a class or an object that can be called.
    params : Mapping
        Arguments of the class or function, and `OWN_KEYS`. A key that the class or function takes
        by its signature is given to it.

    Raises
    ------
    RobotVisionError
        A parameter is refused, building it fails, or what is built cannot be asked for an image.
    """
    found = CLASSIFIERS.find(name)
    takes = parameters_of(found) if isinstance(found, type) or inspect.isroutine(found) else {}
    own = {k: params[k] for k in OWN_KEYS if k in params}
    theirs = {k: v for k, v in params.items() if k not in own or k in takes}
    ours = {k: v for k, v in own.items() if k not in takes or k == "rooms"}
    files = tuple(Path(v) for v in params.values() if isinstance(v, str) and is_file(v))
    if inspect.isroutine(found) and _n_missing(takes, theirs) == 1:
        if reason := unknown_parameter(found, theirs):
            raise RobotVisionError(f"{CLASSIFIERS.kind} {name!r}: {reason}")
        call, origin = functools.partial(found, **theirs) if theirs else found, found
    else:
        call = origin = _made(name, found, theirs)
    try:
        return _function(call, origin, name, ours, files)
    except (TypeError, ValueError) as e:
        raise RobotVisionError(f"{CLASSIFIERS.kind} {name!r}: {e}") from e


def identity_of(function: ImageFunction) -> list[Any]:
    """Return what its answers depend on beside its parameters: code and files, as plain data."""
    code = code_of(function.origin)
    return [code.digest or uuid4().hex, [file_digest(path) for path in function.files]]


def _function(
    call: Any, origin: Any, name: str, ours: Mapping[str, Any], files: tuple[Path, ...]
) -> ImageFunction:
    shown = name.replace(":", ".").rpartition(".")[2]
    channel = ours.get("channel", "rgb")
    if channel is not None and not (isinstance(channel, str) and channel):
        raise ValueError(f"channel: expected a channel's name or null, got {channel!r}")
    if is_module(call):
        options = {k: v for k, v in ours.items() if k != "channel"}
        module = TorchModule(call, **options)
        return ImageFunction(module, shown, origin, channel, tuple(module.rooms), files)
    strange = [key for key in OF_MODULES if key in ours]
    if strange:
        raise ValueError(f"no parameter {strange[0]!r}: it is none of a function that answers")
    if not callable(call):
        raise ValueError(
            f"gives {type(call).__name__!r}, which cannot be called with an image; a classifier of "
            "vectors needs 'features: [...]'"
        )
    return ImageFunction(call, shown, origin, channel, _rooms(ours.get("rooms", ())), files)


def _rooms(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(r, str) and r for r in given):
        raise ValueError(f"rooms: expected a list of rooms, got {given!r}")
    if len(set(given)) != len(given):
        raise ValueError(f"rooms: expected each room once, got {given!r}")
    return tuple(given)


def _made(name: str, found: Any, theirs: Mapping[str, Any]) -> Any:
    """Return the object of a class or of a function that makes one; an object as it is."""
    if isinstance(found, type) or inspect.isroutine(found):
        return _seeded(lambda: CLASSIFIERS.create(name, theirs))
    if theirs:
        raise RobotVisionError(
            f"{CLASSIFIERS.kind} {name!r}: is an object already, so it takes no parameter "
            f"{min(theirs)!r}; known: {', '.join(OWN_KEYS)}"
        )
    return found


def _seeded(make: Callable[[], Any]) -> Any:
    """Return what is made with torch's random numbers from a fixed seed, where torch is in use."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return make()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


def _n_missing(takes: Mapping[str, inspect.Parameter], given: Mapping[str, Any]) -> int:
    """Return how many arguments a call still needs."""
    of_any_number = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    missing = [
        p
        for p in takes.values()
        if p.default is p.empty and p.kind not in of_any_number and p.name not in given
    ]
    return len(missing)
