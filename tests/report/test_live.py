"""The panel on the terminal: what it shows, when it draws, and that it changes nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from robotvision.cli.run import command
from robotvision.config.checks import load_config
from robotvision.experiment.observers import Observers
from robotvision.experiment.run import run as run_experiment
from robotvision.records import Answer, FrameRecord, ScoredAnswer, TimedAnswer, Truth
from robotvision.report.live import Live, live_line, split_text
from robotvision.report.panel import SPARKS, Panel, bar, miss_line, sparkline
from robotvision.report.posterior import Posteriors
from robotvision.scoring.tally import Tally
from robotvision.systems.base import Posterior
from robotvision.tasks import load_task
from robotvision.tasks.model import Task

Config = Callable[..., Path]
MS = 1_000_000


class Recorder(Panel):
    """A panel that keeps every image it drew, as text."""

    def shown(self) -> str:
        assert isinstance(self.console.file, io.StringIO)
        return self.console.file.getvalue()


def panel(is_terminal: bool = True, is_wall: bool = False) -> Recorder:
    made = Console(
        file=io.StringIO(),
        force_terminal=is_terminal,
        width=100,
        height=40,
        color_system=None,
        legacy_windows=False,
    )
    return Recorder(made, is_wall)


def watched(config: Path, folder: Path, screen: Panel) -> float:
    setup = load_config(config)
    folder.mkdir()
    with screen:
        run = run_experiment(setup, folder, observer=Observers([screen]))
    return sum(t.points for t in run.tallies.values())


def test_the_panel_shows_room_truth_posterior_points_and_latency(
    config: Config, tmp_path: Path
) -> None:
    screen = panel()
    watched(config(), tmp_path / "run", screen)
    last = screen.shown().split("╭")[-1]
    for words in (
        "test",
        "18/18",
        "truth",
        "Kitchen",
        "Office",
        "Hall",
        "points",
        "frames",
        "latency",
        "median",
    ):
        assert words in last
    assert any(s in last for s in SPARKS)
    assert "█" in last


def test_the_posterior_is_the_one_the_answer_was_made_from(config: Config, tmp_path: Path) -> None:
    screen = panel(is_terminal=False)
    seen = []

    class Look(Panel):
        def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
            answer = scored.timed.answer
            assert answer is not None
            seen.append((answer, self.posteriors.likeliest(record, scored)))

    look = Look(screen.console)
    watched(config(), tmp_path / "run", look)
    assert len(seen) == 18
    for answer, rooms in seen:
        assert len(rooms) == 3
        assert sum(p for _, p in rooms) == pytest.approx(1, abs=1e-5)
        assert rooms[0][1] == answer.confidence
        assert answer.room in (rooms[0][0], None)


def test_probabilities_of_another_frame_are_not_shown() -> None:
    own = TimedAnswer(7, Answer("Hall", 0.75), 0, 0, 1)
    record = FrameRecord.of(0, 0, own, None)
    posteriors = Posteriors()
    posteriors.keep(7, Posterior(["Kitchen", "Hall"], np.array([0.25, 0.75])))

    def shown(answer: Answer | None) -> list[tuple[str, float]]:
        timed = TimedAnswer(7, answer, 0, 0, 1)
        return posteriors.likeliest(record, ScoredAnswer(7, None, timed, None, 0.0))

    assert shown(own.answer) == [("Hall", 0.75), ("Kitchen", 0.25)]
    assert shown(Answer("Hall", 0.6)) == [("Hall", 0.6)]
    assert shown(Answer("Hall")) == []
    assert shown(None) == []


def test_watching_changes_no_answer_and_no_point(config: Config, tmp_path: Path) -> None:
    path = config()
    plain = run_experiment(load_config(path), _made(tmp_path / "plain"))
    points = watched(path, tmp_path / "watched", panel())
    assert points == sum(t.points for t in plain.tallies.values())
    assert (tmp_path / "watched" / "run.jsonl").exists()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def frames(n: int, took_ms: int) -> list[FrameRecord]:
    """Return frames due every 10 ms, each answered so long after it was due."""
    return [
        FrameRecord.of(
            k * 10 * MS,
            0,
            TimedAnswer(
                k,
                Answer("Hall" if k % 2 else "Kitchen", 0.9),
                k * 10 * MS,
                k * 10 * MS,
                k * 10 * MS + took_ms * MS,
            ),
            Truth("Kitchen"),
        )
        for k in range(n)
    ]


@pytest.mark.parametrize("is_wall", [True, False])
def test_on_the_wall_clock_nothing_is_drawn_without_time_for_it(is_wall: bool) -> None:
    """A system that is always behind is not held up further, but for the first and last frame."""
    screen, tally = panel(is_wall=is_wall), Tally(Task(id="t", rooms=("Kitchen", "Hall")))
    with screen:
        screen.sequence("walk", 60)
        for record in frames(60, took_ms=50):
            import time

            time.sleep(0.012)
            screen.frame(record, tally.add(record.truth, record.timed), tally)
    n_drawn = screen.shown().count("╭")
    assert n_drawn <= 3 if is_wall else n_drawn >= 4
    assert "Kitchen → Hall" in screen.shown()


def test_without_a_terminal_it_prints_plain_lines(config: Config, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(config()), "--live", "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert "replaying test: 18 frames" in done.stderr
    assert "╭" not in done.stderr
    assert "18/18" in done.stderr


def test_the_line_that_follows_the_robot_is_one_line_of_a_narrow_terminal() -> None:
    """Words go first, and a truth that was answered; then the end."""
    tally = Tally(load_task("imageclef2012"))
    room = "PrinterRoom"
    for wanted, truth in (("✔ PrinterRoom  +1  5.0 ms", room), ("✘ PrinterRoom  truth", "Toilet")):
        timed = TimedAnswer(0, Answer(room), 0, 0, 5 * MS)
        record = FrameRecord.of(0, 0, timed, Truth(truth))
        scored = tally.add(record.truth, timed)
        for width in (80, 200):
            made = Console(file=io.StringIO(), force_terminal=True, width=width)
            live = Live(made, "line")
            live.sequence("a_sequence_with_a_long_name", 1)
            live.frame(record, scored, tally)
            status = live._status
            assert status is not None
            line = status.status
            assert isinstance(line, Text)
            assert line.cell_len <= width - 2
            assert (wanted in line.plain) == (width == 80 or truth != room)
            live.__exit__(None, None, None)


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_sparklines_have_a_block_a_value(values: list[float]) -> None:
    line = sparkline(values)
    assert len(line) == len(values)
    assert set(line) <= set(SPARKS)
    if values and max(values) > 0:
        assert line[values.index(max(values))] == SPARKS[-1]


@given(st.floats(-1, 2), st.integers(1, 40))
def test_bars_never_leave_their_width(share: float, width: int) -> None:
    assert len(bar(share, width)) == width


def test_the_answer_in_force_is_shown_as_held_and_points_by_room_and_objects() -> None:
    """Under ``streaming`` an earlier answer may count for a frame; a wrong room may earn points."""
    task = load_task("imageclef2013")
    tally = Tally(task)
    held = Answer("Hall", 0.5, dict.fromkeys(task.objects, True))
    timed = TimedAnswer(4, held, 0, None, None)
    truth = Truth("Corridor", frozenset(task.objects))
    record = FrameRecord.of(0, 0, TimedAnswer(4, None, 0, None, None), truth)
    scored = tally.add(truth, timed)
    assert (scored.room_points, scored.object_points) == (-0.5, 1.0)
    line = live_line("s", 1, 9, record, scored, tally).plain
    assert "Hall (held)" in line
    assert "+0.5: room -0.5, objects +1" in line
    assert "Corridor → Hall (held)" in miss_line(record, scored).plain
    assert split_text(-0.5, None) == "-0.5"
