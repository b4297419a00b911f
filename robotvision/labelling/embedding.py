"""One vector a frame for whoever proposes labels: the packaged network's, or CRFH without it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robotvision.data.sequence import ChannelKind, ImageSequence
from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.extraction import extract
from robotvision.plugins.progress import Progress, quiet

NETWORK, WITHOUT_TORCH = "efficientnet_lite0", "crfh"
Feature = Literal["auto", "efficientnet_lite0", "crfh"]


class FrameEmbedding(NamedTuple):
    """The vectors of a sequence's frames, (frames, dim) float32, and the feature they are of."""

    vectors: NDArray[np.float32]
    feature: str
    note: str = ""


def embed(
    sequence: ImageSequence,
    cache: Path | None,
    progress: Progress = quiet,
    feature: Feature = "auto",
) -> FrameEmbedding:
    """Return an embedding of every frame; rows of zeros where one cannot be read.

    Parameters
    ----------
    sequence : ImageSequence
    cache : Path or None
        Folder of extracted features.
    progress : callable
        Receives the sequence's name, frames done and frames in all.
    feature : {"auto", "efficientnet_lite0", "crfh"}
        ``auto``: the network's, or CRFH where its packages are missing; ``note`` says so then.

    Raises
    ------
    RobotVisionError
        The sequence has no colour channel, or the packages of a network that was named are missing.
    """
    channel = next((c for c, k in sequence.channels.items() if k is ChannelKind.COLOR), None)
    if channel is None:
        raise RobotVisionError(
            f"{sequence.root}: no channel in colour, so nothing is proposed; label by hand"
        )

    def vectors(name: str) -> NDArray[np.float32]:
        extractor = FEATURES.create(name, {"channel": channel})
        return extract([extractor], sequence, cache, progress).blocks[0]

    note = ""
    if feature != WITHOUT_TORCH:
        try:
            return FrameEmbedding(vectors(NETWORK), NETWORK)
        except RobotVisionError as e:
            is_missing = isinstance(e.__cause__ or e, MissingExtraError)
            if feature == NETWORK or not is_missing:
                raise
            note = f"{NETWORK} cannot be used ({e.__cause__ or e})."
    return FrameEmbedding(np.sqrt(vectors(WITHOUT_TORCH)), WITHOUT_TORCH, note)
