"""Figures for papers: sizes, fixed bytes, the pages' colours; nothing cut off or overlapping."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from robotvision.cli.figure import command
from robotvision.errors import RobotVisionError
from robotvision.report.columns import RunColumns, load_runs
from robotvision.report.figures import KINDS, WIDTHS, draw
from robotvision.report.figures.sheet import DASHES, colors, shortened, styled
from robotvision.report.html.shell import static
from tests.fixtures.runs import task, write_run

MakeRun = Callable[..., Path]
Tour = Callable[..., Path]
WORD = {
    "latency": "latency (ms)",
    "curve": "deadline (ms)",
    "map": "x (m)",
    "timeline": "frame",
    "confusion": "answered",
}
LONG = ("The lecture hall on the second floor, east", "The lecture hall on the second floor, west")
PLACES = {
    "twenty": (tuple(f"MeetingRoom_{k:02d}" for k in range(20)), 3),
    "one": (("Kitchen",), 4),
    "three frames": (("Kitchen", "Office", "Hall"), 1),
    "long": ((*LONG, "$a_b$"), 6),
}
"""Rooms of a run, and the frames in each."""


def test_there_is_a_word_for_every_kind() -> None:
    assert set(WORD) == set(KINDS)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_is_as_wide_as_asked_for(
    kind: str, width: str, make_run: MakeRun, tmp_path: Path
) -> None:
    """Exactly, so that it is printed at its own size; and its text is text."""
    runs = load_runs([make_run()])
    draw(kind, runs, tmp_path / "x.svg", width)
    text = (tmp_path / "x.svg").read_text()
    assert f'width="{72 * WIDTHS[width]:g}pt"' in text
    assert WORD[kind] in re.findall(r"<text[^>]*>([^<]*)", text) or WORD[kind] in text
    assert "glyph" not in text
    sizes = [float(s) for s in re.findall(r"font(?:-size)?: ([0-9.]+)px", text)]
    assert sizes
    assert min(sizes) >= 5


@pytest.mark.parametrize("ending", ["pdf", "svg", "png", "eps"])
def test_the_same_run_gives_the_same_bytes(ending: str, make_run: MakeRun, tmp_path: Path) -> None:
    """Whenever and however often it is drawn: no date, no number drawn by chance."""
    runs = load_runs([make_run()])
    for k in (1, 2):
        draw("latency", runs, tmp_path / f"{k}.{ending}")
    first, again = ((tmp_path / f"{k}.{ending}").read_bytes() for k in (1, 2))
    assert first == again
    assert b"Date" not in first
    magic = {"pdf": b"%PDF", "svg": b"<?xml", "png": b"\x89PNG", "eps": b"%!PS"}
    assert first.startswith(magic[ending])


def test_a_picture_of_dots_has_600_an_inch(make_run: MakeRun, tmp_path: Path) -> None:
    draw("map", load_runs([make_run()]), tmp_path / "x.png")
    image = cv2.imread(str(tmp_path / "x.png"))
    assert image.shape[1] == round(600 * WIDTHS["column"])


def drawn(kind: str, runs: list[RunColumns], width: str) -> tuple[Any, list[Any]]:
    """Return a figure as it is laid out, and the texts that are drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg

    texts = []

    def draw_text(self: Any, gc: Any, *args: Any, mtext: Any = None, **more: Any) -> None:
        texts.append(mtext)

    with styled(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(RendererAgg, "draw_text", draw_text)
        figure = KINDS[kind].draw(runs, WIDTHS[width])
        FigureCanvasAgg(figure).draw()
    return figure, texts


def run_in(rooms: tuple[str, ...], n_each: int, folder: Path) -> list[RunColumns]:
    """Return a run through rooms that wind over a floor; some answers wrong, some missing."""
    from robotvision.data.native import SequenceWriter

    image = {"rgb": np.zeros((12, 16, 3), np.uint8)}
    truth = [room for room in rooms for _ in range(n_each)]
    with SequenceWriter(folder / "walk", "walk", {"rgb": "color"}, 10.0, {}) as writer:
        for k, room in enumerate(truth):
            place, turn = k // n_each, 2.0 * (k % n_each)
            pose = (4.0 * (place % 5) + np.cos(turn), 4.0 * (place // 5) + np.sin(turn), 0.0)
            writer.add(k * 100_000_000, image, segment=0, pose=pose, room=room)
    said = [None if k % 7 == 3 else rooms[0] if k % 5 == 1 else r for k, r in enumerate(truth)]
    about = {"task": task(rooms=list(rooms))}
    return load_runs([write_run(folder / "run", folder / "walk", said, about=about)])


@pytest.mark.parametrize(
    ("place", "width"),
    [*((place, "column") for place in PLACES), ("twenty", "page"), ("long", "page")],
)
def test_nothing_is_cut_off_and_no_words_meet(place: str, width: str, tmp_path: Path) -> None:
    """Long names, twenty rooms, one room, three frames: every word stands whole and by itself."""
    runs = run_in(*PLACES[place], tmp_path)
    for kind in ("confusion", "latency", "timeline", "map"):
        figure, texts = drawn(kind, runs, width)
        assert texts
        boxes = [(t, t.get_window_extent()) for t in texts]
        for text, box in boxes:
            where = f"{kind}: {text.get_text()}"
            assert min(*box.min, *(figure.bbox.max - box.max)) > -0.5, where
        straight = [(t, box.shrunk(0.96, 0.8)) for t, box in boxes if t.get_rotation() in (0, 90)]
        for (a, one), (b, other) in combinations(straight, 2):
            assert not one.overlaps(other), f"{kind}: {a.get_text()} meets {b.get_text()}"


def test_the_color_bar_is_as_high_as_its_matrix(make_run: MakeRun) -> None:
    figure, _ = drawn("confusion", load_runs([make_run()]), "column")
    matrix, bar = (axes.get_position() for axes in figure.axes)
    assert matrix.height == pytest.approx(bar.height)
    assert matrix.y0 == pytest.approx(bar.y0)


def test_a_matrix_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Thirty rooms in one column; on a page they are legible."""
    rooms = tuple(f"Room_{k:02d}" for k in range(30))
    runs = run_in(rooms, 1, tmp_path)
    with pytest.raises(RobotVisionError, match=r"30 rooms is not legible on 3.35 inches.*page"):
        draw("confusion", runs, tmp_path / "x.pdf")
    drawn("confusion", runs, "page")


def test_colors_are_those_of_the_pages(make_run: MakeRun, tmp_path: Path) -> None:
    """A room, an outcome and a run have one colour on paper and on the page: the style sheet's."""
    draw("timeline", load_runs([make_run()]), tmp_path / "x.svg")
    text, style = (tmp_path / "x.svg").read_text(), static("css", ("page",))
    for name in ("room-0", "room-1", "room-2", "correct", "wrong", "unanswered", "run-0"):
        color = re.search(rf"--{name}: (#\w{{6}});", style)
        assert color is not None
        assert color[1] in text
    rooms = [name for name in colors() if re.fullmatch(r"room-\d+", name)]
    assert f"const ROOM_COLORS = {len(rooms)};" in static("js", ("state",))
    assert len({colors()[name] for name in rooms}) == len(rooms)
    assert len([name for name in colors() if name.startswith("run-")]) == len(DASHES)


def test_rooms_stand_on_the_map_or_in_its_legend(make_run: MakeRun, tmp_path: Path) -> None:
    """Every room is named, and the area around its frames has its colour."""
    from matplotlib.colors import to_hex

    from robotvision.report.figures.sheet import mixed

    draw("map", load_runs([make_run()]), tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text()
    for k, room in enumerate(("Kitchen", "Office", "Hall")):
        assert f">{room}</text>" in text
        assert to_hex(mixed(colors()[f"room-{k}"], 0.22)) in text


def test_the_map_is_to_scale_and_its_legend_covers_no_point(
    make_run: MakeRun, tmp_path: Path
) -> None:
    """The legend stands below the axes, on every shape of sequence: wide, tall, a mere line."""
    folder = make_run()
    table = tmp_path / "walk" / "frames.csv"
    head, *rows = (line.split(",") for line in table.read_text().splitlines())
    x, y = head.index("x_m"), head.index("y_m")
    for wide, high in ((30.0, 10.0), (4.0, 25.0), (20.0, 0.0), (0.0, 0.0)):
        for i, row in enumerate(rows):
            turn = 2 * np.pi * i / len(rows)
            row[x], row[y] = f"{wide * np.cos(turn):.4f}", f"{high * np.sin(turn):.4f}"
        table.write_text("".join(",".join(row) + "\n" for row in (head, *rows)))
        figure, _ = drawn("map", load_runs([folder]), "column")
        frame, dots = figure.axes
        box = frame.get_window_extent()
        assert frame.get_aspect() == 1
        across, up = (np.diff(frame.get_xlim())[0], np.diff(frame.get_ylim())[0])
        assert box.width / across == pytest.approx(box.height / up)
        assert box.bounds == pytest.approx(dots.get_window_extent().bounds)
        assert min(t.get_window_extent().y1 for t in figure.texts) < box.y0
        assert box.width * box.height > 0.15 * figure.bbox.width * figure.bbox.height


def test_a_long_name_keeps_both_ends() -> None:
    """Names that differ at one end stay apart."""
    one, other = map(shortened, LONG)
    assert len(one) == len(other) == 24
    assert one != other
    assert shortened("x" * 24) == "x" * 24
    assert shortened("caf\udce9") == r"caf\udce9"


def test_the_user_s_own_style_changes_nothing(make_run: MakeRun, tmp_path: Path) -> None:
    """A matplotlibrc of the user's own is left aside, and left as it is."""
    import matplotlib

    runs = load_runs([make_run()])
    draw("latency", runs, tmp_path / "1.svg")
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9, "svg.fonttype": "path"}):
        draw("latency", runs, tmp_path / "2.svg")
        assert matplotlib.rcParams["font.size"] == 20
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


def test_figures_say_what_they_cannot_show(make_run: MakeRun, tmp_path: Path) -> None:
    runs = load_runs([make_run(), make_run("second")])
    with pytest.raises(RobotVisionError, match=r"expected a file ending in .pdf, .svg"):
        draw("curve", runs, tmp_path / "x.doc")
    with pytest.raises(RobotVisionError, match="expected column or page, got 'wide'"):
        draw("curve", runs, tmp_path / "x.pdf", "wide")
    with pytest.raises(RobotVisionError, match="shows one run, got 2"):
        draw("map", runs, tmp_path / "x.pdf")
    draw("latency", runs, tmp_path / "x.pdf")
    empty = load_runs([make_run("empty", frames=0)])
    for kind in ("confusion", "latency", "timeline", "curve", "map"):
        with pytest.raises(RobotVisionError, match="empty"):
            draw(kind, empty, tmp_path / "x.pdf")


def test_the_command_draws_what_the_library_draws(make_run: MakeRun, tmp_path: Path) -> None:
    folder, out = make_run(), tmp_path / "out.svg"
    args = ["confusion", str(folder), "--width", "page", "-o", str(out)]
    done = CliRunner().invoke(command, args)
    assert done.output == f"{out}\n"
    draw("confusion", load_runs([folder]), tmp_path / "own.svg", "page")
    assert out.read_bytes() == (tmp_path / "own.svg").read_bytes()
