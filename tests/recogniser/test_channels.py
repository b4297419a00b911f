"""Features that settle on what the sequences have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from robotvision.config.schema import Config, Named
from robotvision.data import open_sequence
from robotvision.data.sequence import ChannelKind, ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.recogniser.channels import settle_features

NIGHT = Path(__file__).parents[2] / "sequences" / "building_night"


@pytest.fixture(scope="module")
def night() -> ImageSequence:
    return open_sequence(NIGHT)


def with_channels(sequence: ImageSequence, **kinds: ChannelKind) -> ImageSequence:
    channels: Mapping[str, ChannelKind] = kinds
    return replace(sequence, channels=channels)


def config(*features: dict[str, object]) -> Config:
    return Config(
        task="rooms",
        test=["x"],
        features=[Named.model_validate(f) for f in features],
        classifier="svm",
    )


def test_auto_reads_the_first_color_channel_all_have(night: ImageSequence) -> None:
    """A stereo robot's left camera stands in for rgb; rgb wins where all have it."""
    wish = config({"name": "phog", "channel": "auto"})
    stereo = with_channels(night, left=ChannelKind.COLOR, right=ChannelKind.COLOR)
    both = with_channels(
        night, right=ChannelKind.COLOR, rgb=ChannelKind.COLOR, left=ChannelKind.COLOR
    )
    assert settle_features(wish, [stereo])[0].features[0].params == {"channel": "left"}
    assert settle_features(wish, [both])[0].features[0].params == {"channel": "rgb"}
    assert settle_features(wish, [stereo, both])[0].features[0].params == {"channel": "left"}


def test_an_optional_feature_goes_where_its_channel_is_missing(night: ImageSequence) -> None:
    """And a line says so; where the channel is there, it stays."""
    wish = config(
        {"name": "phog", "channel": "auto"}, {"name": "depth_histogram", "optional": True}
    )
    color = with_channels(night, rgb=ChannelKind.COLOR)
    settled, notes = settle_features(wish, [night, color])
    assert [f.name for f in settled.features] == ["phog"]
    assert notes[0].startswith("depth_histogram is left out: ")
    assert "'depth'" in notes[0]
    settled, notes = settle_features(wish, [night])
    assert [f.name for f in settled.features] == ["phog", "depth_histogram"]
    assert notes == []


def test_depth_without_calibration_is_left_out_too(night: ImageSequence) -> None:
    """A descriptor of the cloud needs the camera; its own words say what is missing."""
    blind = replace(night, calibration={})
    settled, notes = settle_features(
        config({"name": "phog"}, {"name": "esf", "optional": True}), [blind]
    )
    assert [f.name for f in settled.features] == ["phog"]
    assert "needs 'fx' in the calibration of the channel 'depth'" in notes[0]


def test_nothing_left_is_refused(night: ImageSequence) -> None:
    """A configuration without a feature that works cannot answer."""
    color = with_channels(night, rgb=ChannelKind.COLOR)
    with pytest.raises(RobotVisionError, match="none of them suits the sequences; depth_hist"):
        settle_features(config({"name": "depth_histogram", "optional": True}), [color])


def test_nested_extractors_are_settled_too(night: ImageSequence) -> None:
    """A pyramid over a feature reads what the feature reads."""
    inner = {"name": "lbp", "channel": "auto"}
    stereo = with_channels(night, left=ChannelKind.COLOR)
    settled, _ = settle_features(
        config({"name": "spatial_pyramid", "extractor": {**inner}}), [stereo]
    )
    assert settled.features[0].params["extractor"]["channel"] == "left"
