"""Features of any of torchvision's classification networks, at any of its layers.

A feature map (C, h, w) is averaged over its places (global average pooling). Weights are read from
a file; torchvision's own are downloaded once, before any frame is timed, and checked.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.errors import RobotVisionError, near
from robotvision.features.base import Vector
from robotvision.features.deep import NetworkExtractor, need, weights_file
from robotvision.features.downloads import download
from robotvision.plugins import params
from robotvision.plugins.files import file_digest
from robotvision.plugins.parameters import parameter_fields


@parameter_fields
class TorchvisionBackbone(NetworkExtractor):
    """A layer of a torchvision network.

    Parameters
    ----------
    network : str, default 'resnet18'
        As in ``torchvision.models.get_model``: ``resnet18``, ``mobilenet_v3_large``, ...
    layer : str, default 'flatten'
        A node of the network (``torchvision.models.feature_extraction.get_graph_node_names``) or
        the start of its name, ``layer2`` say; ``flatten`` is, in most, what goes into the
        classifying layers.
    weights : "default", path or None
        ``"default"``: torchvision's best weights, from the folder where ``torch.hub`` keeps them,
        downloaded there where they are missing (``ROBOTVISION_OFFLINE=1`` refuses that);
        a path: a file of your own (a state dict); None: untrained, from a fixed seed.
    """

    network: str = "resnet18"
    layer: str = "flatten"
    weights: str | os.PathLike[str] | None = "default"
    size: Sequence[int] = (224, 224)
    unit_length: bool = False
    channel: str = "rgb"

    def _check(self) -> None:
        params.word("network", self.network)
        params.word("layer", self.layer)
        if self.weights is not None and not isinstance(self.weights, (str, os.PathLike)):
            raise params.refuse("weights", "'default', a file's path or nothing", self.weights)
        super()._check()

    def _run(self, tensor: Any) -> Vector:
        torch = need("torch", self)
        need("torchvision", self)
        path = self._weights_path()
        network = _network(self.network, self.layer, path, file_digest(path) if path else "")
        with torch.inference_mode():
            result = network(torch.from_numpy(tensor))["out"]
            if result.ndim == 4:
                result = result.mean(dim=(2, 3))
        vector: Vector = result.numpy().astype(np.float32).ravel()
        return vector

    def files_read(self) -> tuple[Path, ...]:
        """Return the file of weights: its content enters the key of cached vectors."""
        need("torchvision", self)
        path = self._weights_path()
        return () if path is None else (path,)

    def _weights_path(self) -> Path | None:
        if self.weights is None:
            return None
        if self.weights == "default":
            return _default_weights(self.network)
        return weights_file(self.weights, self.network)


def _default_weights(name: str) -> Path:
    """Return where torch.hub keeps torchvision's best weights of a network."""
    import torch
    import torchvision

    _check_name(name)
    best = torchvision.models.get_model_weights(name).DEFAULT
    path = Path(torch.hub.get_dir()) / "checkpoints" / best.url.rpartition("/")[2]
    size = f"{best.meta['_file_size']:.0f} MB"
    return download(best.url, path, f"the weights of {name} ({size})")


def _check_name(name: str) -> None:
    import torchvision

    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise RobotVisionError(f"torchvision has no network {name!r}{near(name, known)}")


@lru_cache(maxsize=4)
def _network(name: str, layer: str, path: Path | None, digest: str) -> Any:
    """Return the network up to ``layer``, in evaluation mode; shared by all threads."""
    import torch
    import torchvision
    from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

    _check_name(name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = torchvision.models.get_model(name, weights=None)
    if path is not None:
        try:
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as e:  # torch's errors of a bad file share no base class
            reason = str(e).splitlines()[0]
            raise RobotVisionError(f"{path}: expected the weights of {name} ({reason})") from e
    network.eval()
    nodes = get_graph_node_names(network)[1]
    if not any(node == layer or node.startswith(f"{layer}.") for node in nodes):
        tail = ", ".join(nodes[-8:])
        raise RobotVisionError(
            f"{name} has no layer {layer!r}{near(layer, nodes)} (its last ones: {tail})"
        )
    return create_feature_extractor(network, {layer: "out"}).eval()
