"""Tables on the terminal: as wide as it is, what matters least left out first and named."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from robotvision.report.console import fitted, fitted_grid
from robotvision.report.table import Column, Table, columns
from robotvision.report.terminal import essentials

TABLE = Table(
    "t",
    [*columns("run", "points", "correct", "wrong"), Column("not separable from", is_text=True)],
    [["a_run_of_a_long_name", 1234.5, 100, 20, "another, and a third"], ["b", 1, 2, 3, "-"]],
)


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(100, []), (66, ["wrong"]), (58, ["wrong", "correct"]), (20, ["wrong", "correct"])],
)
def test_columns_go_one_by_one_until_the_table_fits(width: int, left_out: list[str]) -> None:
    shown, dropped = fitted(TABLE, width, ("wrong", "absent", "correct"))
    assert dropped == left_out
    names = [c.name for c in TABLE.columns if c.name not in left_out]
    assert [c.name for c in shown.columns] == names
    assert all(len(row) == len(names) for row in shown.rows)


def test_no_line_is_wider_than_80_columns_in_a_pipe() -> None:
    wide = Table(
        TABLE.title, TABLE.columns, [[name, *row[1:]] for row in TABLE.rows for name in ["r" * 34]]
    )
    out = io.StringIO()
    console = Console(file=out, width=120)
    console.print(fitted_grid(console, wide, ("wrong", "correct")))
    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert "left out to fit 80 columns, in --json: wrong" in out.getvalue()


def test_as_many_confusions_are_printed_as_stand_on_a_line() -> None:
    """All three where there is room, fewer on a narrow terminal, and always the worst."""
    rooms = ["Kitchen", "Toilet", "ElevatorArea"]
    data = {"labels": rooms, "confusion": [[9, 5, 3], [0, 9, 0], [1, 0, 9]], "latency_ns": {}}
    shown = {}
    for width in (200, 60, 10):
        (text,) = essentials(data, width)
        shown[width] = str(text).removeprefix("most confused: ").split(", ")
    every = ["Kitchen → Toilet 5", "Kitchen → ElevatorArea 3", "ElevatorArea → Kitchen 1"]
    assert shown == {200: every, 60: every[:2], 10: every[:1]}
