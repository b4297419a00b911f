"""EfficientNet-Lite0: its embedding, 1280 numbers, or any of its blocks, pooled.

See `robotvision.features.efficientnet_lite`.
"""

from __future__ import annotations

from robotvision.features.efficientnet_lite import EfficientNetLite


class EfficientNetLite0(EfficientNetLite):
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
