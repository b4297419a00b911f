"""A ranking with its intervals as one `Table`; on a page with the intervals drawn and links.

A column is a line of `COLUMNS`: its heading, and what a run has there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from robotvision.contest.leaderboard.standings import Standing, Standings
from robotvision.report.html.svg import Scale, round_ticks
from robotvision.report.html.svg import number as tick
from robotvision.report.table import Cell, Column, Table, number, percent
from robotvision.scoring.intervals import LEVEL, Interval

WHISKER = 180
"""Width of the drawing of an interval in a row, in pixels."""
INTERVAL = f"{LEVEL:.0%} interval".replace("%", " %")
Place = tuple[Column, Callable[[Standing], Cell]]


def _share(*outcomes: str) -> Callable[[Standing], Cell]:
    """Return what computes the share of a run's frames with these outcomes."""

    def share(x: Standing) -> Cell:
        n = sum(x.row.outcomes[name] for name in outcomes)
        return n / x.row.frames if x.row.frames else None

    return share


def _silent(x: Standing) -> Cell:
    answered = x.row.outcomes["correct"] + x.row.outcomes["wrong"]
    return (x.row.frames - answered) / x.row.frames if x.row.frames else None


LEADING: tuple[Place, ...] = (
    (Column("rank", css="rank"), lambda x: x.row.rank),
    (Column("run", is_text=True), lambda x: x.row.run),
    (Column("points", css="strong"), lambda x: x.row.points),
)
"""Columns before the points of each test set."""
COLUMNS: tuple[Place, ...] = (
    (Column("may be"), lambda x: x.ranks_text),
    (Column("first in"), lambda x: x.first_text),
    (Column(INTERVAL, is_text=True, css="interval"), lambda x: x.points.text()),
    (Column("not separable from", is_text=True), lambda x: x.not_separable_text()),
    (Column("visits"), lambda x: x.visits_text),
    (Column("correct", percent, digits=4), _share("correct")),
    (Column("wrong", percent, digits=4), _share("wrong")),
    (Column("no answer", percent, digits=4), _silent),
)
"""Columns behind them."""


def _points_of(name: str) -> Place:
    return Column(name), lambda x: x.row.sets[name]


def standings_table(ranking: Standings, *, has_most: bool = True) -> Table:
    """Return a ranking as a table, a row a run; ``has_most``: the title names the most points."""
    first = ranking.rows[0].row if ranking.rows else None
    places = [*LEADING, *map(_points_of, first.sets if first else ()), *COLUMNS]
    most = f", at most {number(ranking.max_points)} points" if has_most else ""
    title = (
        f"{first.frames if first else 0:,} frames in {ranking.n_visits:,} room visits{most}. "
        "“Rank” is the order of the points."
    )
    rows = [[value(x) for _, value in places] for x in ranking.rows]
    return Table(title, [column for column, _ in places], rows, "standings", heading=1)


def standings_html(
    ranking: Standings, links: Sequence[str | None], *, has_most: bool = True
) -> Markup:
    """Return the table for a page; ``links`` are the addresses of the runs' pages, if any."""
    scale = interval_scale(
        [x.points for x in ranking.rows], ranking.max_points if has_most else 0.0
    )
    drawn = {
        "run": [_linked(x.row.run, link) for x, link in zip(ranking.rows, links, strict=True)],
        INTERVAL: [interval_cell(x.points, scale) for x in ranking.rows],
    }
    table = standings_table(ranking, has_most=has_most)
    return table.html("ranking", drawn=drawn, heads={INTERVAL: axis(scale)})


def _linked(name: str, link: str | None) -> Markup:
    return escape(name) if link is None else Markup('<a href="{}">{}</a>').format(link, name)


def interval_scale(points: Sequence[Interval], most: float) -> Scale:
    """Return the scale of a column of intervals; ``most`` are the most points, or 0."""
    ends = [v for x in points for v in (x.low, x.high, x.estimate) if v is not None]
    low, high = min([0.0, *ends]), max([most, *ends])
    return Scale(low, high or 1.0, 8, WHISKER - 8)


def interval_cell(points: Interval, scale: Scale) -> Markup:
    """Return an interval drawn, with its ends in words behind it."""
    return Markup('{}<span class="muted">{}</span>').format(_whisker(points, scale), points.text())


def _whisker(points: Interval, scale: Scale) -> Markup:
    """Return the interval of a row as a line with a dot at the points."""
    at = scale(points.estimate)
    zero = f'<line class="zero" x1="{scale(0)}" x2="{scale(0)}" y1="0" y2="22"/>'
    line = ""
    if points.low is not None and points.high is not None:
        a, b = scale(points.low), scale(points.high)
        line = f'<path class="span" d="M{a} 11H{b}M{a} 7v8M{b} 7v8"/>'
    words = escape(f"{number(points.estimate)} points, {INTERVAL} {points.text()}")
    return Markup(  # numbers and escaped words # nosec B704
        f'<svg class="ci" viewBox="0 0 {WHISKER} 22" role="img" aria-label="{words}">'
        f'<title>{words}</title>{zero}{line}<circle class="dot" cx="{at}" cy="11" r="4.5"/></svg>'
    )


def axis(scale: Scale) -> Markup:
    """Return the numbers of a scale, for the head of its column."""
    ticks = "".join(
        f'<text x="{scale(v)}" y="12" text-anchor="middle">{tick(v)}</text>'
        for v in round_ticks(scale.low, scale.high, 3)
    )
    return Markup(
        f' <svg class="ci" viewBox="0 0 {WHISKER} 16" aria-hidden="true">{ticks}</svg>'
    )  # numbers and escaped words # nosec B704
