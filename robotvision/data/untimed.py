"""What readers of layouts without times share: a rate that their user may say."""

from __future__ import annotations

from pathlib import Path

from robotvision.data.names import NOMINAL_RATE_HZ, checked_rate, nominal_note
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence
from robotvision.records import Truth


class UntimedReader:
    """Base of the readers that space frames evenly.

    Parameters
    ----------
    rate_hz : float, optional
        Frames a second; the names say nothing of time.
    """

    def __init__(self, rate_hz: float = NOMINAL_RATE_HZ) -> None:
        self.rate_hz = checked_rate(rate_hz)

    def _sequence(
        self,
        reader: str,
        path: Path,
        frames: tuple[FrameEntry, ...],
        truth: dict[int, Truth] | None = None,
    ) -> ImageSequence:
        """Return a sequence of colour images at the rate that the user said."""
        return ImageSequence(
            name=path.resolve().name,
            root=path,
            reader=reader,
            channels={"rgb": ChannelKind.COLOR},
            frames=frames,
            rate_hz=self.rate_hz,
            truth=truth,
            note=nominal_note(self.rate_hz),
        )
