"""Any network in an ONNX file as an extractor, run by ONNX Runtime on the CPU.

The model takes one colour image, (1, 3, height, width) float32, normalised as
``(pixel - mean) / std`` on the scale of 8-bit pixels, and gives one output of any shape; a feature
map (1, C, h, w) is averaged over its places.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.errors import RobotVisionError
from robotvision.features.base import Vector
from robotvision.features.deep import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    NetworkExtractor,
    Tensor,
    need,
    session,
)
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields


@parameter_fields
class OnnxModel(NetworkExtractor):
    """The output of an ONNX model.

    Parameters
    ----------
    model : str or path
        The ``.onnx`` file.
    mean, std : three numbers, default ImageNet's
        Subtracted from and divided by, per colour, on the scale 0 to 255; ``std`` above 0.
    output : str or None, default None
        Name of the output to take; None: the first.
    threads : int, default 1
        Threads of ONNX Runtime within one image, 1 to 256.
    """

    model: str | os.PathLike[str]
    size: Sequence[int] = (224, 224)
    mean: Sequence[float] = IMAGENET_MEAN
    std: Sequence[float] = IMAGENET_STD
    output: str | None = None
    unit_length: bool = False
    threads: int = 1
    channel: str = "rgb"

    def _check(self) -> None:
        if not isinstance(self.model, (str, os.PathLike)) or not str(self.model):
            raise params.refuse("model", "the path of an .onnx file", self.model)
        params.numbers("mean", self.mean, length=3)
        params.numbers("std", self.std, length=3, above=0)
        if self.output is not None:
            params.word("output", self.output)
        params.whole("threads", self.threads, high=256)
        super()._check()

    def _run(self, tensor: Tensor) -> Vector:
        need("onnxruntime", self)
        runner = session(Path(self.model), self.threads)
        inputs = runner.get_inputs()
        if len(inputs) != 1:
            raise RobotVisionError(f"{self.model}: expected one input, got {len(inputs)}")
        result = self._call(runner, inputs[0].name, tensor)
        if result.ndim == 4:
            result = result.mean(axis=(2, 3))
        vector: Vector = np.ascontiguousarray(result, np.float32).ravel()
        return vector

    def _call(self, runner: Any, name: str, tensor: Tensor) -> Any:
        known = [o.name for o in runner.get_outputs()]
        if self.output is not None and self.output not in known:
            raise RobotVisionError(
                f"{self.model}: no output {self.output!r} (it has: {', '.join(known)})"
            )
        try:
            return runner.run([self.output or known[0]], {name: tensor})[0]
        except Exception as e:  # ONNX Runtime's errors share no base class
            wants = runner.get_inputs()[0]
            raise RobotVisionError(
                f"{self.model}: expected to take (1, 3, {self.size[0]}, {self.size[1]}) float32, "
                f"it wants {wants.shape} {wants.type}; give its image size as 'size'"
            ) from e
