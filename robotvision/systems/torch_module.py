"""A torch module that classifies images: one image in, probabilities of the rooms out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.features.deep import IMAGENET_MEAN, IMAGENET_STD, network_input
from robotvision.plugins import params

OUTPUTS = ("logits", "probabilities")


class TorchModule:
    """Asks a torch module for each image.

    The image is resized to ``size`` and normalised as ``(pixel - mean) / std`` on the scale of
    8-bit pixels: (1, 3, height, width) float32. The module is in evaluation mode, on the CPU.

    Parameters
    ----------
    module : torch.nn.Module
        Returns one number for each of ``rooms``, in their order.
    rooms : list of str or None, default None
        What the outputs stand for; None: the module's own attribute ``rooms``.
    weights : path or None, default None
        A file with its state dict (``torch.save(module.state_dict(), path)``); None: as it is.
    size : (height, width), default (224, 224)
        Of the image it gets, 1 to 4096 each.
    mean, std : three numbers, default ImageNet's
        Subtracted from and divided by, per colour, on the scale 0 to 255; ``std`` above 0.
    outputs : {"logits", "probabilities"}, default 'logits'
        What it returns: the softmax of logits is taken.
    """

    def __init__(
        self,
        module: Any,
        rooms: Sequence[str] | None = None,
        weights: str | Path | None = None,
        size: Sequence[int] = (224, 224),
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        outputs: str = "logits",
    ) -> None:
        self.module = module
        self.rooms = _rooms(module, rooms)
        self.size, self.mean, self.std, self.outputs = size, mean, std, outputs
        params.wholes("size", size, length=2, high=4096)
        params.numbers("mean", mean, length=3)
        params.numbers("std", std, length=3, above=0)
        params.choice("outputs", outputs, OUTPUTS)
        if weights is not None:
            _load_weights(module, weights)
        module.eval()

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probability of each room, (rooms,).

        Raises
        ------
        RobotVisionError
            The image is no colour image, or the module's output is not one number a room.
        """
        import torch

        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise RobotVisionError(
                "expected a colour image, (H, W, 3) uint8, got an array of shape "
                f"{image.shape} {image.dtype}; name a colour channel with 'channel'"
            )
        tensor = torch.from_numpy(network_input(image, self.size, self.mean, self.std))
        with torch.inference_mode():
            output = self.module(tensor)
        if not isinstance(output, torch.Tensor):
            raise RobotVisionError(f"gave a {type(output).__name__}, expected a tensor")
        values: NDArray[np.float64] = output.detach().cpu().numpy().astype(np.float64)
        if values.size != len(self.rooms):
            raise RobotVisionError(
                f"gave an output of shape {values.shape}, expected (1, {len(self.rooms)}): one "
                f"number for each of {', '.join(self.rooms)}"
            )
        if self.outputs == "probabilities" or not np.isfinite(values).all():
            return values.ravel()  # whoever asked looks for NaN
        exponents = np.exp(values.ravel() - values.max())
        shares: NDArray[np.float64] = exponents / exponents.sum()
        return shares


def is_module(thing: Any) -> bool:
    """Return whether an object, or a class's objects, are torch modules; torch is not imported."""
    cls = thing if isinstance(thing, type) else type(thing)
    return any(
        base.__module__ == "torch.nn.modules.module" and base.__name__ == "Module"
        for base in cls.__mro__
    )


def _rooms(module: Any, given: Sequence[str] | None) -> list[str]:
    rooms = getattr(module, "rooms", None) if given is None else given
    is_list = isinstance(rooms, Sequence) and not isinstance(rooms, str)
    if not is_list or not rooms or not all(isinstance(room, str) and room for room in rooms):
        raise params.refuse(
            "rooms",
            "the rooms in the order of the module's outputs, as 'rooms: [Corridor, Kitchen]' "
            "beside its name or as its attribute 'rooms'",
            rooms,
        )
    if len(set(rooms)) != len(rooms):
        raise params.refuse("rooms", "each room once", rooms)
    return list(rooms)


def _load_weights(module: Any, path: str | Path) -> None:
    import torch

    if not Path(path).is_file():
        raise ValueError(f"weights: expected a file with a state dict, there is none at {path}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, Mapping):
            raise TypeError(f"it holds a {type(state).__name__}")
        module.load_state_dict(state)
    except Exception as e:  # torch's errors of a bad file share no base class
        reason = " ".join(str(e).split())
        raise ValueError(
            f"weights: {path}: expected the state dict of {type(module).__name__} ({reason})"
        ) from e
