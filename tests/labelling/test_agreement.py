"""Two labellers: kappa by hand, differences in stretches, those at borders apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.cli.label import command
from robotvision.data import open_sequence
from robotvision.errors import RobotVisionError
from robotvision.labelling import LabelOptions, LabelSession, compare_labels
from robotvision.labelling.agreement import Difference
from robotvision.labelling.state import LabelRooms, RoomSpan


def rooms(*parts: tuple[str, int]) -> dict[int, str]:
    return dict(enumerate(room for room, n in parts for _ in range(n)))


def test_kappa_by_hand() -> None:
    """20 + 15 of 50 agree: 0.7 observed; 0.5 by chance from 25/25 and 30/20: kappa is 0.4."""
    a = rooms(("Hall", 25), ("Attic", 25))
    b = rooms(("Hall", 20), ("Attic", 5), ("Hall", 10), ("Attic", 15))
    result = compare_labels(a, b)
    assert (result.n_both, result.n_agreed) == (50, 35)
    assert result.kappa == pytest.approx(0.4)


def test_borders_stand_apart() -> None:
    """Where both agree before and after, and differ for few frames about the border alone."""
    a = rooms(("Hall", 10), ("Attic", 10), ("Hall", 10))
    b = rooms(("Hall", 12), ("Attic", 8), ("Hall", 4), ("Cellar", 2), ("Hall", 4))
    result = compare_labels(a, b)
    assert result.differences == (
        Difference(10, 11, 2, "Attic", "Hall", True),
        Difference(24, 25, 2, "Hall", "Cellar", False),
    )
    assert result.kappa is not None
    assert result.kappa_inside is not None
    assert result.kappa < result.kappa_inside < 1
    long = compare_labels(a, rooms(("Hall", 16), ("Attic", 4), ("Hall", 10)))
    assert [d.is_border for d in long.differences] == [False]


def test_one_room_alone_has_no_kappa() -> None:
    result = compare_labels(rooms(("Hall", 5)), rooms(("Hall", 7)))
    assert (result.kappa, result.n_agreed, result.n_only_b) == (None, 5, 2)
    with pytest.raises(RobotVisionError, match="no frame has a room in both"):
        compare_labels(rooms(("Hall", 5)), {9: "Hall"})


def test_labels_tables_and_sequences_are_compared(
    tour: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tour(tmp_path / "tour")
    kept, table = tmp_path / "ben.jsonl", tmp_path / "ben.csv"
    options = LabelOptions(labels=kept, truth=table, by="ben")
    with LabelSession(open_sequence(path), options) as session:
        session.apply(LabelRooms((RoomSpan(5, 6, "Office"),)))
        session.save()
    for other in (kept, table):
        result = compare_labels(path, other)
        assert result.differences == (Difference(5, 5, 1, "Kitchen", "Office", True),)
    command.main(["--compare", str(path), str(kept)], standalone_mode=False)
    printed = capsys.readouterr().out
    assert "17, 94.4 %" in printed
    assert "At borders: 1" in printed
