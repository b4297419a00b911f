"""Plots as inline SVG: a scale, an axis, a line; colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from markupsafe import Markup, escape

WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 44
AXIS_NAME, DIGIT = 28, 7
"""Room for the name of the axis at the left, and for a digit of its numbers."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from ``low`` to ``high`` onto pixels; logarithmic if asked for."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value in pixels."""
        low, high = self.low, self.high
        if self.is_log:
            low, high, value = log10(low), log10(high), log10(max(value, low))
        share = (value - low) / ((high - low) or 1)
        return round(self.start + (self.end - self.start) * share, 2)

    def ticks(self, n: int = 5) -> list[float]:
        """Return round values to mark."""
        if self.is_log:
            decades = range(ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9) + 1)
            steps = (1, 2, 5) if len(decades) < 3 else (1,)
            first = floor(log10(self.low))
            values = [s * 10.0**d for d in range(first, first + len(decades) + 2) for s in steps]
            return [v for v in values if self.low * 0.999 <= v <= self.high * 1.001]
        return round_ticks(self.low, self.high, n)


def round_ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Return about ``n`` round values between two."""
    span = high - low
    if span <= 0:
        return [low]
    raw = span / n
    power = 10.0 ** floor(log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, floor(high / step + 1e-9) + 1)]


@dataclass(slots=True)
class Plot:
    """A plot in the making.

    Parameters
    ----------
    x, y : (float, float)
        Ranges of the data.
    x_label, y_label : str
        With their unit.
    title : str
        What a screen reader says of it.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_label: str
    y_label: str
    title: str
    x_log: bool = False
    height: int = HEIGHT
    left: int = LEFT
    has_y_ticks: bool = True
    _parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.has_y_ticks and self.y_label:  # long numbers would reach into the axis' name
            longest = max((len(number(v)) for v in self.sy.ticks()), default=0)
            self.left = max(self.left, AXIS_NAME + DIGIT * longest)
        self._axes()

    @property
    def sx(self) -> Scale:
        """The scale across."""
        return Scale(*self.x, self.left, WIDTH - RIGHT, self.x_log)

    @property
    def sy(self) -> Scale:
        """The scale up."""
        return Scale(*self.y, self.height - BOTTOM, TOP)

    def _axes(self) -> None:
        sx, sy = self.sx, self.sy
        bottom = self.height - BOTTOM
        for v in sx.ticks(6):
            self._parts.append(
                f'<line class="grid" x1="{sx(v)}" x2="{sx(v)}" y1="{TOP}" y2="{bottom}"/>'
                f'<text class="tick" x="{sx(v)}" y="{bottom + 16}" text-anchor="middle">'
                f"{number(v)}</text>"
            )
        for v in sy.ticks() if self.has_y_ticks else ():
            self._parts.append(
                f'<line class="grid" x1="{self.left}" x2="{WIDTH - RIGHT}" y1="{sy(v)}" '
                f'y2="{sy(v)}"/><text class="tick" x="{self.left - 6}" y="{sy(v) + 4}" '
                f'text-anchor="end">{number(v)}</text>'
            )
        middle = (self.left + WIDTH - RIGHT) / 2
        self._parts.append(
            f'<text class="axis" x="{middle}" y="{self.height - 6}" text-anchor="middle">'
            f"{escape(self.x_label)}</text>"
        )
        if self.y_label:
            up = (TOP + bottom) / 2
            self._parts.append(
                f'<text class="axis" transform="translate(13 {up}) rotate(-90)" '
                f'text-anchor="middle">{escape(self.y_label)}</text>'
            )

    def line(self, points: Iterable[tuple[float, float]], css: str, *, step: bool = False) -> None:
        """Draw a line through data points; ``step``: level until the next point."""
        d: list[str] = []
        last = None
        for x, y in points:
            px, py = self.sx(x), self.sy(y)
            if step and last is not None:
                d.append(f"H{px}V{py}")
            else:
                d.append(f"{'L' if d else 'M'}{px} {py}")
            last = py
        self._parts.append(f'<path class="line {css}" d="{"".join(d)}"/>')

    def band(self, rows: Sequence[tuple[float, float, float]], css: str) -> None:
        """Fill between the second and the third of each row."""
        if rows:
            up = [f"{self.sx(x)} {self.sy(a)}" for x, a, _ in rows]
            down = [f"{self.sx(x)} {self.sy(b)}" for x, _, b in reversed(rows)]
            self._parts.append(f'<path class="band {css}" d="M{"L".join(up + down)}Z"/>')

    def rect(self, x0: float, x1: float, y0: float, y1: float, css: str, hint: str = "") -> None:
        """Draw a box between data values."""
        left, right, top, bottom = self.sx(x0), self.sx(x1), self.sy(y1), self.sy(y0)
        title = f"<title>{escape(hint)}</title>" if hint else ""
        self._parts.append(
            f'<rect class="{css}" x="{left}" y="{top}" width="{max(0.5, right - left):.2f}" '
            f'height="{max(0.5, bottom - top):.2f}">{title}</rect>'
        )

    def dot(self, x: float, y: float, css: str, hint: str = "", r: float = 4) -> None:
        """Mark a data point."""
        self._parts.append(
            f'<circle class="{css}" cx="{self.sx(x)}" cy="{self.sy(y)}" r="{r}">'
            f"<title>{escape(hint)}</title></circle>"
        )

    def upright(self, x: float, css: str, label: str = "") -> None:
        """Draw a line from top to bottom with a label beside it."""
        px = self.sx(x)
        self._parts.append(
            f'<line class="{css}" x1="{px}" x2="{px}" y1="{TOP}" y2="{self.height - BOTTOM}"/>'
        )
        if label:
            is_right = px > WIDTH * 0.7
            self._parts.append(
                f'<text class="note" x="{px + (-5 if is_right else 5)}" y="{TOP + 11}" '
                f'text-anchor="{"end" if is_right else "start"}">{escape(label)}</text>'
            )

    def level(self, y: float, css: str) -> None:
        """Draw a line from left to right."""
        py = self.sy(y)
        self._parts.append(
            f'<line class="{css}" x1="{self.left}" x2="{WIDTH - RIGHT}" y1="{py}" y2="{py}"/>'
        )

    def text(self, px: float, py: float, text: str, css: str = "note", anchor: str = "end") -> None:
        """Write at a place in pixels."""
        self._parts.append(
            f'<text class="{css}" x="{px}" y="{py}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def svg(self) -> Markup:
        """Return the plot as an element."""
        return element("".join(self._parts), WIDTH, self.height, self.title)


def element(
    inside: str, width: float, height: float, title: str, css: str = "plot", attributes: str = ""
) -> Markup:
    """Return an SVG element of the given size, with a title for screen readers.

    ``inside`` and ``attributes`` are markup of our own making; ``title`` is escaped.
    """
    return Markup(  # our own markup; the title is escaped # nosec B704
        f'<svg class="{css}" viewBox="0 0 {width:g} {height:g}" role="img" {attributes} '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{inside}</svg>'
    )


def number(value: float) -> str:
    """Return a number as short as it can be read: ``1200``, ``0.25``."""
    if value == 0:
        return "0"
    if abs(value) >= 10_000:
        return f"{value:,.0f}".replace("-", "\u2212")
    return f"{value:.4g}".replace("-", "\u2212")
