"""A packaged network computed in 8-bit whole numbers: about half the time a frame.

Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
inference", CVPR 2018, after training: weights are rounded channel by channel, activations to 256
steps over the range they take on training frames; ONNX Runtime's quantiser does it. The vectors are
near those of the network as it is, not equal to them.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from robotvision.errors import RobotVisionError
from robotvision.features.base import Extractor, FeatureExtractor, Vector, color_of
from robotvision.features.deep import Tensor, learnt_session, need, session, unit_length
from robotvision.features.packaged import PackagedNetwork
from robotvision.features.sift_ransac import Thinned
from robotvision.features.wrapped import build
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

LEAST_COSINE = 0.9


@parameter_fields
class Quantized(Extractor):
    """A packaged network in 8-bit whole numbers, its ranges learnt from training frames.

    Parameters
    ----------
    backbone : str, mapping or extractor, default 'efficientnet_lite0'
        ``efficientnet_lite0`` (1, 2) or ``mobilenet_v2_deepsort``, with or without parameters:
        ``{name: efficientnet_lite0, layers: [10], pooling: second_order}``.
    weight_bits : {7, 8}, default 8
        Sums of 8-bit weights overflow on x86 processors without VNNI instructions and come out
        wrong there; those of 7 bits are the same on all, and rougher.
    max_frames : int, default 64
        Training frames read, at most, evenly spaced; 1 to 10**5.
    threads : int, default 1
        Threads of ONNX Runtime within one image, 1 to 256.

    Attributes
    ----------
    model_ : (bytes,) uint8
        The network in ONNX.
    size_ : (2,) int
        Height and width of its input; images of other proportions are refused.
    cosine_ : float
        Between the vectors with and without rounding, the median over the frames of the training.
    """

    loads_on_first_use: ClassVar[bool] = True

    backbone: str | Mapping[str, Any] | FeatureExtractor = "efficientnet_lite0"
    weight_bits: int = 8
    max_frames: int = 64
    threads: int = 1

    def _check(self) -> None:
        self._network()
        params.whole("weight_bits", self.weight_bits, low=7, high=8)
        params.whole("max_frames", self.max_frames, high=10**5)
        params.whole("threads", self.threads, high=256)

    def _network(self) -> PackagedNetwork:
        network = build(self.backbone)
        if not isinstance(network, PackagedNetwork):
            raise params.refuse(
                "backbone", "efficientnet_lite0 or mobilenet_v2_deepsort", self.backbone
            )
        return network

    def inner_extractors(self) -> tuple[FeatureExtractor, ...]:
        """Return the backbone: its code and weights enter the key of cached vectors."""
        return (self._network(),)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels the backbone reads."""
        return self._network().channels

    @property
    def dim(self) -> int:
        """Length of the vector, the backbone's."""
        return self._network().dim

    def fit(self, frames: Iterable[Frame], rooms: Iterable[str]) -> Self:
        """Learn the ranges from frames; the rooms do not matter.

        Raises
        ------
        MissingExtraError
            ONNX, ONNX Runtime or the backbone's package is not installed.
        RobotVisionError
            There are no frames, their images have several proportions, or rounding loses too
            much: the median cosine with the vectors as they are is below `LEAST_COSINE`.
        """
        network = self._network()
        thinned: Thinned[Tensor] = Thinned(self.max_frames)
        for frame in frames:
            if thinned.wants():
                tensor = network.input_of(color_of(frame, network.channel, self))
                thinned.keep(thinned.seen, tensor)
            thinned.seen += 1
        tensors = [tensor for _, tensor in thinned.chosen()]
        if not tensors:
            raise RobotVisionError("Quantized: expected training frames, got none")
        sizes = sorted({p.shape[2:] for p in tensors})
        if len(sizes) > 1:
            raise RobotVisionError(
                "Quantized: expected images of one size for the network, got "
                + " and ".join(f"{h} x {w}" for h, w in sizes)
                + "; leave out short_side, or train on images of one proportion"
            )
        content = self._rounded(network.model_path(sizes[0]), tensors)
        self.size_ = np.array(sizes[0])
        self.model_ = np.frombuffer(content, np.uint8).copy()
        self.digest_ = hashlib.sha256(content).hexdigest()
        self.cosine_ = self._likeness(network, tensors)
        if self.cosine_ < LEAST_COSINE:
            raise RobotVisionError(
                f"Quantized: rounding loses too much of {network!r} here: a cosine of "
                f"{self.cosine_:.3f} with its vectors, expected {LEAST_COSINE}; take "
                f"weight_bits: {15 - self.weight_bits}, or the network as it is"
            )
        return self

    def _likeness(self, network: PackagedNetwork, tensors: list[Tensor]) -> float:
        """Return the median cosine of the vectors with and without rounding."""
        plain = session(network.model_path(tensors[0].shape[2:]), self.threads)
        rounded = learnt_session(self.model_, self.digest_, self.threads, self)
        cosines = []
        for tensor in tensors:
            a, b = (
                unit_length(network.vector_of(runner.run(None, {"picture": tensor})))
                for runner in (plain, rounded)
            )
            cosines.append(float(a @ b))
        return float(np.median(cosines))

    def _rounded(self, model: Path, tensors: list[Tensor]) -> bytes:
        """Return the model in whole numbers."""
        need("onnx", self)
        tools = need("onnxruntime.quantization", self)
        prepare = need("onnxruntime.quantization.shape_inference", self).quant_pre_process

        class CalibrationImages(tools.CalibrationDataReader):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                self._left = iter(tensors)

            def get_next(self) -> dict[str, Tensor] | None:
                tensor = next(self._left, None)
                return None if tensor is None else {"picture": tensor}

        with tempfile.TemporaryDirectory() as folder, _quiet():
            prepared, rounded = Path(folder) / "prepared.onnx", Path(folder) / "rounded.onnx"
            prepare(str(model), str(prepared), skip_symbolic_shape=True)
            tools.quantize_static(
                str(prepared),
                str(rounded),
                CalibrationImages(),
                quant_format=tools.QuantFormat.QDQ,
                per_channel=True,
                activation_type=tools.QuantType.QUInt8,
                weight_type=tools.QuantType.QInt8,
                reduce_range=self.weight_bits == 7,
            )
            return rounded.read_bytes()

    def extract(self, frame: Frame) -> Vector:
        """Return the vector of one frame, (dim,) float32.

        Raises
        ------
        RobotVisionError
            It has not been trained, or on images of other proportions.
        """
        if not hasattr(self, "model_"):
            raise RobotVisionError(
                "Quantized has not been trained yet: call fit(frames, rooms) first"
            )
        network = self._network()
        tensor = network.input_of(color_of(frame, network.channel, self))
        if tensor.shape[2:] != tuple(self.size_):
            height, width = self.size_
            raise RobotVisionError(
                f"Quantized: trained on images that give {height} x {width}, frame {frame.index} "
                f"gives {tensor.shape[2]} x {tensor.shape[3]}; leave out short_side, or train on "
                "images of its proportions"
            )
        runner = learnt_session(self.model_, self.digest_, self.threads, self)
        return network.vector_of(runner.run(None, {runner.get_inputs()[0].name: tensor}))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser's advice to prepare the model, which was done, from the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
