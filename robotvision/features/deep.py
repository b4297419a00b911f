"""What the extractors made of trained networks share: input, sessions, export, the cache folder.

Networks run in ONNX Runtime on the CPU, one thread by default, one image at a time: frames come
one by one. A network that is packaged as PyTorch weights is exported once, with a fixed batch of
one, to ``$ROBOTVISION_CACHE`` (else ``~/.cache/robotvision``). Nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.features import cache_root
from robotvision.features.base import Extractor, Vector, color_of
from robotvision.features.resized import resized
from robotvision.plugins import params
from robotvision.plugins.files import file_digest
from robotvision.records import Frame
from robotvision.writing import new_path

Tensor = NDArray[np.float32]

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
"""The usual normalisation of networks trained on ImageNet, on the scale of 8-bit pixels."""

_EXPORT = 1
_DAY_S = 86_400.0
"""Raised when the same weights would be exported to another graph."""

_exporting = threading.Lock()


def need(module: str, extractor: object, extra: str = "deep") -> Any:
    """Import and return an optional module, which the named extra brings.

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
            f"({e}); pip install 'robotvision[{extra}]'"
        ) from e


def weights_file(path: str | os.PathLike[str], network: str) -> Path:
    """Return the path of a file of weights. Raises RobotVisionError where there is none."""
    if Path(path).is_file():
        return Path(path)
    raise RobotVisionError(f"{path}: expected a file with the weights of {network}, there is none")


def network_input(
    image: NDArray[np.uint8], size: Sequence[int], mean: Sequence[float], std: Sequence[float]
) -> Tensor:
    """Return an image resized and normalised, (1, 3, height, width) float32.

    The whole image is squeezed to ``size`` (height, width), without cropping: what stands at
    its border says where one is, too.
    """
    height, width = size
    planes = np.empty((1, 3, height, width), np.float32)
    channels = cv2.split(resized(image, height, width))
    for plane, channel, levels in zip(
        planes[0], channels, _levels(tuple(mean), tuple(std)), strict=True
    ):
        cv2.LUT(channel, levels, dst=plane)
    return planes


@lru_cache(maxsize=16)
def _levels(mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Return what a channel's 256 levels are worth, (3, 256): a table is fastest."""
    levels = np.arange(256, dtype=np.float64)
    worth = (levels - np.array(mean)[:, None]) / np.array(std)[:, None]
    table: Tensor = worth.astype(np.float32)
    return table


def cache_folder() -> Path:
    """Return the folder of exported networks; it is made where it does not exist.

    Raises
    ------
    RobotVisionError
        It cannot be made.
    """
    folder = cache_root()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise RobotVisionError(
            f"{folder}: expected a folder for exported networks, cannot make it ({e.strerror}); "
            "set ROBOTVISION_CACHE to one that can be written"
        ) from e
    return folder


def exported(
    name: str,
    weights: Path,
    size: Sequence[int],
    build: Callable[[], Any],
    outputs: Sequence[str] = ("embedding",),
    code: str = "",
) -> Path:
    """Return the ONNX file of a PyTorch network, exporting it where that was not done before.

    Parameters
    ----------
    name : str
        Start of the file's name; the rest is a digest of the weights' content, the code and the
        size.
    weights : Path
        The file that ``build`` reads.
    size : (height, width)
        Of the input, (1, 3, height, width).
    build : callable
        Returns the ``torch.nn.Module``, in evaluation mode.
    outputs : sequence of str
        Names of what it gives.
    code : str
        Digest of the code that builds it.
    """
    digest = hashlib.sha256((file_digest(weights) + code).encode()).hexdigest()[:16]
    path = cache_folder() / f"{name}-{_EXPORT}-{size[0]}x{size[1]}-{digest}.onnx"
    with _exporting:
        if path.exists():
            _touch(path)
        else:
            with new_path(path) as part:
                export(build(), (1, 3, *size), part, outputs)
    return path


def _touch(path: Path) -> None:
    """Note that a file was used, to the day: what was used longest ago leaves the cache first."""
    if time.time() - path.stat().st_mtime > _DAY_S:
        os.utime(path)


def export(network: Any, shape: Sequence[int], path: Path, outputs: Sequence[str]) -> None:
    """Write a PyTorch network, in evaluation mode, to an ONNX file for an input of ``shape``."""
    import torch

    with warnings.catch_warnings(), torch.inference_mode():
        # the TorchScript exporter warns of its age; its successor needs one package more
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(*shape),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["picture"],
            output_names=list(outputs),
        )


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

    try:
        return onnxruntime.InferenceSession(
            str(path), _options(threads), providers=["CPUExecutionProvider"]
        )
    except Exception as e:  # ONNX Runtime's errors share no base class
        reason = str(e).splitlines()[0]
        raise RobotVisionError(f"{path}: expected an ONNX model ({reason})") from e


def _options(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


_OPEN = 8
"""Most sessions of learnt networks kept open."""

_learnt: OrderedDict[tuple[str, int], Any] = OrderedDict()
_opening = threading.Lock()


def learnt_session(content: NDArray[np.uint8], digest: str, threads: int, extractor: object) -> Any:
    """Return the session of a network kept in memory; one a network, shared, safe for threads.

    Parameters
    ----------
    content : (bytes,) uint8
        The network in ONNX.
    digest : str
        Its SHA-256, hexadecimal.

    Raises
    ------
    MissingExtraError
        ONNX Runtime is not installed.
    RobotVisionError
        The content is not that of the digest.
    """
    key = (digest, threads)
    with _opening:
        if key not in _learnt:
            onnxruntime = need("onnxruntime", extractor)
            raw = content.tobytes()
            if hashlib.sha256(raw).hexdigest() != digest:
                raise RobotVisionError(
                    f"{type(extractor).__name__}: the network is not the one that was trained; "
                    "train it again"
                )
            _learnt[key] = onnxruntime.InferenceSession(
                raw, _options(threads), providers=["CPUExecutionProvider"]
            )
        _learnt.move_to_end(key)
        while len(_learnt) > _OPEN:
            _learnt.popitem(last=False)
        return _learnt[key]


class NetworkExtractor(Extractor):
    """Base of the extractors that run one network on the whole image.

    Parameters
    ----------
    size : (height, width)
        The image is resized to this, 1 to 4096 each.
    unit_length : bool
        Divide the vector by its Euclidean length.
    """

    loads_on_first_use: ClassVar[bool] = True

    size: Sequence[int]
    mean: Sequence[float] = IMAGENET_MEAN
    std: Sequence[float] = IMAGENET_STD
    unit_length: bool
    channel: str

    def _check(self) -> None:
        params.wholes("size", self.size, length=2, high=4096)
        params.flag("unit_length", self.unit_length)
        params.word("channel", self.channel)

    def _run(self, tensor: Tensor) -> Vector:
        """Return the network's output for (1, 3, height, width), as one vector."""
        raise NotImplementedError

    @property
    def dim(self) -> int:
        """Length of the vector, found by running the network on an empty image."""
        return int(self._run(np.zeros((1, 3, *self.size), np.float32)).size)

    def extract(self, frame: Frame) -> Vector:
        """Return the network's output for one frame, (dim,) float32."""
        image = color_of(frame, self.channel, self)
        vector = self._run(network_input(image, self.size, self.mean, self.std))
        return unit_length(vector) if self.unit_length else vector


def unit_length(vector: Vector) -> Vector:
    """Return a vector divided by its Euclidean length; zeros stay zeros."""
    length = float(np.linalg.norm(vector))
    return (vector / np.float32(length)).astype(np.float32) if length > 0 else vector
