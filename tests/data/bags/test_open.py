"""Opening a recording: what is missing to read it is one line with its remedy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from robotvision.data import detect, open_sequence
from robotvision.errors import MissingExtraError


@pytest.mark.parametrize("library", ["rosbags", "mcap", "lz4.frame", "zstandard"])
def test_without_the_libraries_a_recording_is_detected_and_the_extra_named(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "drive.bag"
    path.write_bytes(b"#ROSBAG V2.0\n")
    monkeypatch.setitem(sys.modules, library, None)
    assert detect(path) == "bag"
    message = rf"drive\.bag: reading robot recordings needs rosbags and mcap \({library} is not"
    with pytest.raises(MissingExtraError, match=rf"{message}.*pip install 'robotvision\[bags\]'"):
        open_sequence(path)
