"""What readers of layouts without times share: a rate that their user may say."""

from __future__ import annotations

from robotvision.data.names import NOMINAL_RATE_HZ, checked_rate


class UntimedReader:
    """Base of the readers that space frames evenly.

    Parameters
    ----------
    rate_hz : float, optional
        Frames a second; the names say nothing of time.
    """

    def __init__(self, rate_hz: float = NOMINAL_RATE_HZ) -> None:
        self.rate_hz = checked_rate(rate_hz)
