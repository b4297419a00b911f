"""Settles what a configuration leaves to the sequences: which channel a feature reads, and whether.

``channel: auto`` becomes the first colour channel that all sequences have (``rgb`` before ``left``
before others), or the first depth channel where the feature reads depth. A feature with
``optional: true`` is left out where a sequence lacks what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robotvision import data
from robotvision.config.checks import build
from robotvision.config.schema import Config, Named
from robotvision.data.sequence import ChannelKind, require_channels
from robotvision.errors import FrameError, RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.base import needs_training, ready

AUTO = "auto"
_FIRST = ("rgb", "depth", "left")


def settle_features(
    config: Config, sequences: Sequence[data.ImageSequence]
) -> tuple[Config, list[str]]:
    """Return the configuration with its features settled, and a line on each one left out.

    Parameters
    ----------
    sequences : sequence of Sequence
        All that are trained or tested on.

    Raises
    ------
    RobotVisionError
        No feature is left, or no channel suits all sequences.
    """
    features: list[str | Named] = []
    notes: list[str] = []
    for item in config.features:
        settled = _settled(item, sequences)
        is_optional = isinstance(item, Named) and item.optional
        missing = _missing(settled, sequences) if is_optional else ""
        if missing:
            notes.append(f"{_name(item)} is left out: {missing}")
        else:
            features.append(settled)
    if config.features and not features:
        raise RobotVisionError("features: none of them suits the sequences; " + "; ".join(notes))
    if features == config.features:
        return config, notes
    return config.model_copy(update={"features": features}), notes


def _name(item: str | Named) -> str:
    return item.name if isinstance(item, Named) else item


def _settled(item: str | Named, sequences: Sequence[data.ImageSequence]) -> str | Named:
    if not isinstance(item, Named) or not _has_auto(item.params):
        return item
    reads_depth = getattr(build(FEATURES, item.name), "channel", "rgb") == "depth"
    kind = ChannelKind.DEPTH_MM if reads_depth else ChannelKind.COLOR
    channel = _common(kind, sequences)
    if channel is None:
        if item.optional:
            channel = "depth" if reads_depth else "rgb"  # named in the note that leaves it out
        else:
            raise RobotVisionError(
                f"{item.name}: channel auto: the sequences have no {kind} channel in common; "
                "name one, or leave the feature out"
            )
    return Named.model_validate({"name": item.name, **_with(item.params, channel)})


def _common(kind: ChannelKind, sequences: Sequence[data.ImageSequence]) -> str | None:
    """Return the channel of a kind that all sequences have, the usual names first."""
    shared = [{c for c, k in s.channels.items() if k is kind} for s in sequences]
    found = set.intersection(*shared) if shared else set()
    order = [*(c for c in _FIRST if c in found), *sorted(found)]
    return order[0] if order else None


def _has_auto(params: Mapping[str, Any]) -> bool:
    return any(
        v == AUTO if k == "channel" else isinstance(v, Mapping) and _has_auto(v)
        for k, v in params.items()
    )


def _with(params: Mapping[str, Any], channel: str) -> dict[str, Any]:
    """Return the parameters with ``channel`` where they say auto, at any depth."""
    return {
        k: channel
        if k == "channel" and v == AUTO
        else _with(v, channel)
        if isinstance(v, Mapping)
        else v
        for k, v in params.items()
    }


def _missing(item: str | Named, sequences: Sequence[data.ImageSequence]) -> str:
    """Return what a sequence lacks for a feature; empty where nothing."""
    extractor = build(FEATURES, item)
    try:
        for sequence in sequences:
            channels = tuple(extractor.channels)
            require_channels(sequence, channels, _name(item))
            mine = ready(extractor, sequence.calibration)
            if not needs_training(mine) and len(sequence):
                mine.extract(sequence.load(0, channels))
    except FrameError:
        return ""  # an image that cannot be read is the extraction's to tell
    except RobotVisionError as e:
        return str(e)
    return ""
