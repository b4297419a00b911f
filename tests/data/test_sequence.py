"""Names of 0.1.0: each still gives its class, with a warning that says the new name."""

from __future__ import annotations

import importlib

import pytest

from robotvision.data import sequence


@pytest.mark.parametrize(
    ("module", "old", "cls"),
    [
        ("robotvision.data.sequence", "Sequence", sequence.ImageSequence),
        ("robotvision.data.sequence", "Entry", sequence.FrameEntry),
        ("robotvision.data.sequence", "Kind", sequence.ChannelKind),
        ("robotvision.data.sequence", "Picture", sequence.ImageFile),
        ("robotvision.data", "Sequence", sequence.ImageSequence),
    ],
)
def test_an_old_name_gives_the_class_and_warns_at_its_caller(
    module: str, old: str, cls: type
) -> None:
    with pytest.warns(DeprecationWarning, match=f"{module}.{old} is now {cls.__name__};") as seen:
        assert getattr(importlib.import_module(module), old) is cls
    assert seen[0].filename == __file__


@pytest.mark.parametrize("module", ["robotvision.data", "robotvision.data.sequence"])
def test_a_name_that_never_was_is_an_attribute_error(module: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'Sequenz'"):
        _ = importlib.import_module(module).Sequenz
