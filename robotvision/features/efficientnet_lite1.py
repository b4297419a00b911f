"""EfficientNet-Lite1: its embedding, 1280 numbers, or any of its blocks, pooled.

See `robotvision.features.efficientnet_lite`.
"""

from __future__ import annotations

from robotvision.features.efficientnet_lite import EfficientNetLite


class EfficientNetLite1(EfficientNetLite):
    """EfficientNet-Lite1's pooled features of the whole image, at 240 pixels where it is squeezed.

    Notes
    -----
    Parameters are those of `robotvision.features.packaged.PackagedNetwork`, ``layers`` from 0 to
    21: 0 to 6 the early blocks (16 to 40 numbers), 7 to 10 and 11 to 14 (80 and 112) at a sixteenth
    of the input's size, 15 to 20 (192, at last 320) at a thirty-second, 21 the embedding (1280).
    """

    _name = "efficientnet_lite1"
    _size = (240, 240)
    _dims = (16, *(24,) * 3, *(40,) * 3, *(80,) * 4, *(112,) * 4, *(192,) * 5, 320, 1280)
    _steps = (2, *(4,) * 3, *(8,) * 3, *(16,) * 8, *(32,) * 7)
