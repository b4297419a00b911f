"""Features of any network that the timm library knows, by its name: DINOv2, ConvNeXt, SigLIP, ...

The image's size and normalisation are those of the network's own data configuration. What is given
is timm's own output: pooled, the class token, or every patch. timm is Wightman's "PyTorch Image
Models" (2019).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from robotvision.errors import RobotVisionError, near
from robotvision.features.base import Extractor, Vector, color_of
from robotvision.features.deep import Tensor, need, network_input, unit_length, weights_file
from robotvision.features.downloads import hub_file
from robotvision.plugins import params
from robotvision.plugins.files import file_digest
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame


@dataclass(frozen=True, slots=True)
class _Network:
    """A network with its input: height and width, and mean and deviation on the scale of pixels."""

    module: Any
    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]


@parameter_fields
class TimmBackbone(Extractor):
    """The output of a network of timm, without its classifying layer.

    Parameters
    ----------
    model : str
        As in ``timm.list_models()``: ``vit_small_patch14_dinov2.lvd142m``, ``convnext_tiny``, ...
        What follows the dot names the weights.
    weights : "hub", path or None, default 'hub'
        ``"hub"``: timm's weights from the Hugging Face hub, downloaded once, before any frame is
        timed; a path: a file of your own (a state dict, ``.pth`` or ``.safetensors``); None:
        untrained, from a fixed seed, for tests.
    output : str, default 'pooled'
        ``pooled``: what goes into the classifying layer; ``class``: the class token; ``patches``:
        every patch's features, one after the other, row by row.
    size : (height, width) or None
        The image is resized to this, 1 to 4096 each, without cropping; None: the network's own.
    unit_length : bool, default False
        Divide the vector (with ``patches`` that of each patch) by its Euclidean length.
    """

    loads_on_first_use: ClassVar[bool] = True

    model: str
    weights: str | os.PathLike[str] | None = "hub"
    output: str = "pooled"
    size: Sequence[int] | None = None
    unit_length: bool = False
    channel: str = "rgb"

    def _check(self) -> None:
        params.word("model", self.model)
        if self.weights is not None and not isinstance(self.weights, (str, os.PathLike)):
            raise params.refuse("weights", "'hub', a file's path or nothing", self.weights)
        params.choice("output", self.output, ("pooled", "class", "patches"))
        if self.size is not None:
            params.wholes("size", self.size, length=2, high=4096)
        params.flag("unit_length", self.unit_length)
        params.word("channel", self.channel)

    @property
    def dim(self) -> int:
        """Length of the vector, found by running the network on an empty image."""
        network = self._network()
        return int(self._run(network, np.zeros((1, 3, *network.size), np.float32)).size)

    def extract(self, frame: Frame) -> Vector:
        """Return the network's output for one frame, (dim,) float32."""
        features = self._rows(frame)
        if self.unit_length:
            features = np.stack([unit_length(row) for row in features])
        return features.ravel()

    def patches(self, frame: Frame) -> Vector:
        """Return every patch's features, (patches, channels) float32, row by row.

        Raises
        ------
        RobotVisionError
            ``output`` is not ``patches``.
        """
        if self.output != "patches":
            raise RobotVisionError(f"{self!r}: patches() needs output: patches")
        return self._rows(frame)

    def files_read(self) -> tuple[Path, ...]:
        """Return the file of weights: its content enters the key of cached vectors."""
        path = self._weights_path()
        return () if path is None else (path,)

    def _weights_path(self) -> Path | None:
        if self.weights is None:
            return None
        if self.weights == "hub":
            need("timm", self, "timm")
            return _hub_weights(self.model)
        return weights_file(self.weights, self.model)

    def _network(self) -> _Network:
        need("timm", self, "timm")
        path = self._weights_path()
        size = None if self.size is None else (int(self.size[0]), int(self.size[1]))
        return _network(self.model, size, path, file_digest(path) if path else "")

    def _rows(self, frame: Frame) -> Vector:
        network = self._network()
        image = color_of(frame, self.channel, self)
        return self._run(network, network_input(image, network.size, network.mean, network.std))

    def _run(self, network: _Network, tensor: Tensor) -> Vector:
        """Return (1, channels), or (patches, channels)."""
        torch = need("torch", self)
        with torch.inference_mode():
            features = network.module.forward_features(torch.from_numpy(tensor))
            if self.output == "pooled":
                features = network.module.forward_head(features, pre_logits=True)
            else:
                features = _tokens(network.module, features, self.output, self.model)
        rows: Vector = features.numpy().astype(np.float32)
        return rows.reshape(-1, rows.shape[-1])


def _tokens(network: Any, features: Any, output: str, name: str) -> Any:
    """Return the class token or the patches of one image's features, (n, channels)."""
    if features.ndim == 4:  # a map: (1, C, h, w), or (1, h, w, C) where the network says so
        if output == "class":
            raise RobotVisionError(
                f"{name} has no class token; take output: pooled or output: patches"
            )
        is_last = getattr(network, "output_fmt", "NCHW") == "NHWC"
        features = features if is_last else features.permute(0, 2, 3, 1)
        return features.flatten(1, 2)[0]
    n_prefix = int(getattr(network, "num_prefix_tokens", 0))
    if output == "class" and not (n_prefix and getattr(network, "cls_token", None) is not None):
        raise RobotVisionError(f"{name} has no class token; take output: pooled or output: patches")
    return features[0, :1] if output == "class" else features[0, n_prefix:]


@lru_cache(maxsize=16)
def _hub_weights(name: str) -> Path:
    _check_name(name)
    timm = _timm()
    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        raise RobotVisionError(
            f"timm publishes no weights of {name} on the hub; give a file's path as 'weights'"
        )
    return hub_file(config.hf_hub_id, "model.safetensors", f"the weights of {name}")


def _timm() -> Any:
    """Return the library, whose own annotations are not those of its calls."""
    return importlib.import_module("timm")


def _check_name(name: str) -> None:
    timm = _timm()
    if not timm.is_model(name):
        raise RobotVisionError(f"timm has no model {name!r}{near(name, timm.list_models())}")


@lru_cache(maxsize=4)
def _network(name: str, size: tuple[int, int] | None, path: Path | None, digest: str) -> _Network:
    """Return the network without its classifying layer, in evaluation mode; for all threads."""
    import torch

    timm = _timm()
    _check_name(name)
    given: dict[str, Any] = {"pretrained": False, "num_classes": 0}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = _sized(name, size, given).eval()
    if path is not None:
        module = _loaded(name, size, given, path, module)
    config = timm.data.resolve_model_data_config(module)
    height, width = config["input_size"][1:] if size is None else size
    mean, std = (tuple(255 * float(v) for v in config[key]) for key in ("mean", "std"))
    return _Network(module, (int(height), int(width)), mean, std)


def _loaded(
    name: str, size: tuple[int, int] | None, given: dict[str, Any], path: Path, untrained: Any
) -> Any:
    """Return the network with the weights of a file.

    Without its classifying layer timm loads what it finds in the file and leaves the rest
    untrained; a weight that is still as ``untrained`` has it was not in the file.
    """
    import torch

    # older releases of timm take some networks' files for another library's, unless told
    overlay = {"file": str(path), "custom_load": False}
    more = {"pretrained": True, "pretrained_cfg_overlay": overlay}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        try:
            module = _sized(name, size, given | more).eval()
        except Exception as e:  # torch's and safetensors' errors of a bad file share no base class
            reason = (str(e).splitlines() or [type(e).__name__])[0]
            raise RobotVisionError(f"{path}: expected the weights of {name} ({reason})") from e
    before = untrained.state_dict()
    missing = [
        key
        for key, value in module.named_parameters()
        if value.min() != value.max() and torch.equal(value, before[key])
    ]
    if missing:
        raise RobotVisionError(
            f"{path}: expected the weights of {name}; {missing[0]} is not in it"
            + (f", nor are {len(missing) - 1} others" if len(missing) > 1 else "")
        )
    return module


def _sized(name: str, size: tuple[int, int] | None, given: dict[str, Any]) -> Any:
    """Return the network; a transformer is made for the size of its input."""
    timm = _timm()
    if size is not None:
        try:
            return timm.create_model(name, img_size=size, **given)
        except TypeError:  # convolutional: takes any size
            pass
    return timm.create_model(name, **given)
