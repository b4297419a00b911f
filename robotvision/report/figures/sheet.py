"""What all figures share: widths, fonts, the pages' colours, legends, and files of fixed bytes.

A figure is laid out in inches from its upper left corner, so that it is exactly as wide as asked
for and its text has the size it says in print. Colours are those of the pages' style sheet.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.report.html.shell import static
from robotvision.tasks.model import Task
from robotvision.version import __version__
from robotvision.writing import write_bytes

FORMATS = (".pdf", ".svg", ".png", ".eps")
WIDTHS = {"column": 3.35, "page": 6.9}
"""Inches: one column and two of a paper in two columns (IEEE, Springer, Elsevier, ACM)."""
TEXT, SMALL, LEAST = 7.0, 6.5, 5.0
"""Sizes of text in points: labels, legends and ticks, the least that is printed."""
MARGIN = 0.04
ROW, GAP = 0.135, 0.14
"""Of a legend, in inches: a row, the room between two entries."""
LONGEST = 24
"""Signs of a name; a longer one is shortened in its middle."""
DASHES: tuple[Any, ...] = (
    "-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (7, 2)), (0, (2, 1)),
    (0, (1, 2.5)), (0, (8, 1.5, 1.5, 1.5)),
)  # fmt: skip
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif", "font.size": TEXT, "axes.labelsize": TEXT,
    "axes.titlesize": TEXT, "xtick.labelsize": SMALL, "ytick.labelsize": SMALL,
    "text.parse_math": False, "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.6, "axes.axisbelow": True, "xtick.major.width": 0.6,
    "ytick.major.width": 0.6, "xtick.major.size": 2.5, "ytick.major.size": 2.5,
    "xtick.major.pad": 2, "ytick.major.pad": 2, "axes.labelpad": 2, "grid.linewidth": 0.5,
    "lines.linewidth": 1.2, "pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "none",
    "svg.hashsalt": "robotvision",
}  # fmt: skip


@cache
def colors() -> dict[str, str]:
    """Return the light colours of the pages by name: ``ink``, ``correct``, ``room-3``."""
    light = static("css", ("page",)).partition("@media")[0]
    return {
        name: value if len(value) == 7 else "#" + "".join(2 * c for c in value[1:])
        for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", light)
    }


def room_color(task: Task, code: int) -> str:
    """Return the colour that the pages give to a label of a task."""
    n = sum(name.startswith("room-") and name != "room-unknown" for name in colors())
    is_unknown = task.labels[code] == task.unknown
    return colors()["room-unknown" if is_unknown else f"room-{code % n}"]


def run_style(place: int) -> dict[str, Any]:
    """Return colour and dashes of a run's line, by its number."""
    n = len(DASHES)
    return {"color": colors()[f"run-{place % n}"], "linestyle": DASHES[place % n]}


def mixed(color: str, share: float) -> tuple[float, ...]:
    """Return a colour laid over white, ``share`` in [0, 1]: no format needs transparency."""
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(1 - share * (1 - part) for part in parts)


def shortened(name: str, longest: int = LONGEST) -> str:
    """Return a name of at most so many signs: beginning and end of a longer one."""
    name = printable(name)
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 2
    return f"{name[: longest - 1 - tail]}…{name[len(name) - tail :]}"


def printable(name: str) -> str:
    """Return a name as it can be written: what is no Unicode, as in names of files, is escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


@contextmanager
def styled() -> Iterator[None]:
    """Draw within this in the style of all figures. Raises MissingExtraError."""
    try:
        import matplotlib
    except ImportError as e:
        raise MissingExtraError("figures need matplotlib: pip install 'robotvision[report]'") from e
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def text_width(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """Return how many inches a line of text takes in a font of ``size`` points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="sans-serif", size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


class Sheet:
    """A figure laid out in inches from its upper left corner.

    Parameters
    ----------
    width, height : float
        Inches.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(width, height))
        self.width, self.height = width, height

    def axes(self, left: float, top: float, width: float, height: float, **more: Any) -> Any:
        """Return axes whose frame stands there."""
        w, h = self.width, self.height
        place = (left / w, (h - top - height) / h, width / w, height / h)
        return self.figure.add_axes(place, **more)

    def bare_axes(self, left: float, top: float, width: float, height: float) -> Any:
        """Return axes without spines and ticks that count inches, downwards."""
        axes = self.axes(left, top, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        return axes

    def text(self, x: float, y: float, text: str, size: float = TEXT, **more: Any) -> Any:
        """Write at a place."""
        at = {"transform": self.figure.dpi_scale_trans, "fontsize": size, "color": colors()["ink"]}
        return self.figure.text(x, self.height - y, text, **{**at, **more})

    def legend(self, *groups: Sequence[LegendEntry]) -> None:
        """Draw entries at the foot, in rows that use the width; see `legend_height`."""
        from matplotlib.lines import Line2D

        shift = self.figure.dpi_scale_trans
        top = self.height - MARGIN - legend_height(self.width, *groups)
        for k, row in enumerate(_legend_rows(self.width, groups)):
            y = top + (k + 0.5) * ROW
            starts = accumulate((e.width + GAP for e in row[:-1]), initial=MARGIN)
            for x, entry in zip(starts, row, strict=True):
                at = [x, x + entry.key - 0.04] if entry.is_line else [x + 0.05]
                mark = Line2D(at, [self.height - y] * len(at), transform=shift, **entry.style)
                self.figure.add_artist(mark)
                self.text(x + entry.key, y, entry.label, SMALL, va="center_baseline")


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A word of a legend and what stands for it: a marker, or a line of dashes."""

    label: str
    color: Any
    marker: str = "s"
    dashes: Any = None

    @property
    def is_line(self) -> bool:
        """Whether a line stands for it."""
        return self.dashes is not None

    @property
    def key(self) -> float:
        """Inches before its word."""
        return 0.26 if self.is_line else 0.13

    @property
    def width(self) -> float:
        """Inches that it takes."""
        return self.key + text_width(self.label, SMALL)

    @property
    def style(self) -> dict[str, Any]:
        """How it is drawn."""
        if self.is_line:
            return {"color": self.color, "linestyle": self.dashes, "linewidth": 1.2}
        shape = {"marker": self.marker, "markersize": 5, "markeredgewidth": 0}
        return {"color": self.color, "linestyle": "none", **shape}


def _legend_rows(width: float, groups: Sequence[Sequence[LegendEntry]]) -> list[list[LegendEntry]]:
    """Return the entries in rows; a group begins a row, and so does what fits no more."""
    rows: list[list[LegendEntry]] = []
    for group in groups:
        used = width
        for entry in group:
            if used + GAP + entry.width <= width - 2 * MARGIN:
                rows[-1].append(entry)
                used += GAP + entry.width
            else:
                rows.append([entry])
                used = entry.width
    return rows


def legend_height(width: float, *groups: Sequence[LegendEntry]) -> float:
    """Return the inches that a legend takes on a sheet of ``width`` inches."""
    return ROW * len(_legend_rows(width, groups))


def require_format(out: Path, formats: Sequence[str] = FORMATS) -> None:
    """Raise RobotVisionError where the file's ending names no format."""
    if out.suffix.lower() not in formats:
        shown = ", ".join(formats)
        raise RobotVisionError(f"{out}: expected a file ending in {shown}, got {out.suffix!r}")


def save(figure: Any, out: Path, title: str) -> None:
    """Write a figure: the same figure gives the same bytes, whenever that is.

    Raises
    ------
    RobotVisionError
        The file cannot be written.
    """
    form, title = out.suffix.lower().removeprefix("."), printable(title)
    maker = f"robotvision {__version__}"
    metadata: dict[str, dict[str, str | None]] = {
        "pdf": {"Title": title, "Creator": maker, "CreationDate": None},
        "svg": {"Title": title, "Creator": maker, "Date": None},
        "png": {"Title": title, "Software": maker},
        "eps": {"Creator": maker},
    }
    content = io.BytesIO()
    figure.savefig(content, format=form, dpi=600, metadata=metadata[form])
    raw = content.getvalue()
    if form == "eps":  # its writer knows of no figure without a date
        raw = re.sub(rb"(?m)^%%CreationDate:.*\n", b"", raw, count=1)
    write_bytes(out, raw)
