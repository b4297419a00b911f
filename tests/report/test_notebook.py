"""The summary of a run in a notebook: it says what the report says and injects nothing."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from robotvision.report.columns import load_run
from robotvision.report.html.notebook import summary_html
from robotvision.tasks import load_task

MakeRun = Callable[..., Path]
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """The elements and the text of a fragment; fails on an element that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data + " "


def words(html: str) -> str:
    """Return the text of a fragment, blanks made one."""
    return " ".join(Elements(html).text.split())


def test_it_says_what_the_report_says(make_run: MakeRun) -> None:
    data = load_run(make_run()).data
    text = words(summary_html(data))
    assert "14 of 18 points, 77.8%" in text
    assert "task rooms" in text
    assert "policy offline" in text
    for name, n in data["outcomes"].items():
        assert (f"{name} {n} " in text) == bool(n)
    for room, line in data["rooms"].items():
        assert (f"{room} {line['frames']} " in text) == bool(line["frames"])
    assert f"{data['latency_ns']['total']['p50'] / 1e6:.3f}" in text


def test_the_bar_holds_every_frame(make_run: MakeRun) -> None:
    import re

    html = summary_html(load_run(make_run()).data)
    widths = [float(w) for w in re.findall(r'style="width:([\d.]+)%"', html)]
    assert abs(sum(widths) - 100) < 0.01


def test_no_text_of_a_run_becomes_markup(make_run: MakeRun) -> None:
    """Rooms, stages, faults, warnings, task and system come from files that others wrote."""
    data: dict[str, Any] = dict(load_run(make_run()).data)
    plain = Elements(summary_html(data))
    data["rooms"] = {room + HOSTILE: line for room, line in data["rooms"].items()}
    data["latency_ns"] = {s + HOSTILE: row for s, row in data["latency_ns"].items()}
    data |= {"task": HOSTILE, "mode": HOSTILE, "system": {"name": HOSTILE}}
    data |= {"policy": {"name": HOSTILE, "deadline_ms": None}}
    hostile = Elements(summary_html(data))
    assert sorted(hostile.names) == sorted(plain.names)
    assert {"script", "img"}.isdisjoint(hostile.names)
    assert set(hostile.attributes) <= {"class", "style", "scope", "title", "role", "aria-label"}
    data["warnings"] = [{"code": "note", "message": HOSTILE}]
    data["changed"] = [HOSTILE]
    data["faults"] = [{"fault": HOSTILE, "frames": 1, "first_frame": 0}]
    noted = Elements(summary_html(data))
    assert noted.names.count("p") == hostile.names.count("p") + 3
    assert {"script", "img"}.isdisjoint(noted.names)
    assert noted.text.count(HOSTILE) >= 3 + len(data["rooms"]) - 1


def test_its_style_reaches_nothing_else(make_run: MakeRun) -> None:
    html = summary_html(load_run(make_run()).data)
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    heads = [part.rpartition("}")[2].strip() for part in style.split("{")[:-1]]
    heads = [h for h in heads if h and not h.startswith("@media")]
    assert heads
    assert all(".robotvision-run" in s for head in heads for s in head.split(") ")[-1].split(", "))


def test_it_says_what_is_missing_or_unsure(make_run: MakeRun) -> None:
    data: dict[str, Any] = dict(load_run(make_run()).data)
    text = words(summary_html(data | {"is_whole": False, "frames_expected": 99}))
    assert "Partial run: 18 of 99 frames." in text
    assert "recollected" not in text
    assert "are recollected, not confirmed" in words(summary_html(data, load_task("imageclef2012")))
    bare = words(summary_html(load_run(make_run("empty", frames=0)).data))
    assert "Not scored" in bare
    assert "The log holds no frame." in bare
