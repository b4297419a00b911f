"""EfficientNet-Lite2: its embedding, 1280 numbers, or any of its blocks, pooled.

See `robotvision.features.efficientnet_lite`.
"""

from __future__ import annotations

from robotvision.features.efficientnet_lite import EfficientNetLite


class EfficientNetLite2(EfficientNetLite):
    """EfficientNet-Lite2's pooled features of the whole image, at 260 pixels where it is squeezed.

    Notes
    -----
    Parameters are those of `robotvision.features.packaged.PackagedNetwork`, ``layers`` from 0 to
    21: 0 to 6 the early blocks (16 to 48 numbers), 7 to 10 and 11 to 14 (88 and 120) at a sixteenth
    of the input's size, 15 to 20 (208, at last 352: too many for ``second_order``) at a
    thirty-second, 21 the embedding (1280).
    """

    _name = "efficientnet_lite2"
    _size = (260, 260)
    _dims = (16, *(24,) * 3, *(48,) * 3, *(88,) * 4, *(120,) * 4, *(208,) * 5, 352, 1280)
    _steps = (2, *(4,) * 3, *(8,) * 3, *(16,) * 8, *(32,) * 7)
