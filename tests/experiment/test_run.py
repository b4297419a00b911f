"""The main job, from a configuration to the run folder, on real images and a real process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

import robotvision as rv
from robotvision.config.checks import load_config
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.experiment.progress import Observer
from robotvision.experiment.run import experiment_folder
from robotvision.experiment.run import run as run_experiment
from robotvision.features import cache_folder
from robotvision.records import FrameRecord, Outcome, ScoredAnswer
from robotvision.report.write import write_reports
from robotvision.runs.folder import RunResult
from robotvision.runs.log import read_log
from robotvision.runs.table import logged_task, scored_table
from robotvision.scoring import count
from robotvision.scoring.table import OUTCOMES, UNSCORED
from robotvision.scoring.tally import Tally
from tests.fixtures.commands import CommandLine
from tests.fixtures.patience import PATIENCE_S

Config = Callable[..., Path]
CLI = [sys.executable, "-c", "from robotvision.cli import main; main()"]


class Watcher(Observer):
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.points: list[float] = []
        self.scored: list[ScoredAnswer] = []
        self.notes: list[str] = []

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        self.points.append(tally.points)
        self.scored.append(scored)

    def note(self, line: str) -> None:
        self.notes.append(line)


def run(path: Path, out: Path, **options: object) -> tuple[RunResult, Watcher]:
    setup = load_config(path)
    watcher = Watcher()
    folder = experiment_folder(setup, out)
    return run_experiment(setup, folder, cache=cache_folder(), observer=watcher, **options), watcher  # type: ignore[arg-type]


def test_a_recogniser_learns_the_rooms(config: Config, tmp_path: Path) -> None:
    """Trained on one sequence it knows the same rooms on another; every frame has an outcome."""
    done, watcher = run(config(), tmp_path / "out")
    tally = done.tallies["test"]
    assert tally.points == tally.max_points == 18
    assert sum(tally.outcomes.values()) == tally.frames == 18
    assert [s.outcome for s in watcher.scored] == [Outcome.CORRECT] * 18
    assert not done.has_failures


@pytest.mark.parametrize(
    "replay",
    [
        "",
        "{clock: simulated, policy: deadline, deadline_ms: 0.001}",
        "{clock: simulated, policy: streaming, rate_hz: 2000}",
        "{clock: wall, policy: queue, speed: 20}",
    ],
)
def test_live_points_equal_the_points_recounted_from_the_log(
    config: Config, tmp_path: Path, replay: str
) -> None:
    """Whatever clock and policy: live and from the log give the same numbers, frame by frame."""
    keys = {"decision": "{abstain: 0.5}", **({"replay": replay} if replay else {})}
    done, watcher = run(config(**keys), tmp_path / "out")
    record = read_log(tmp_path / "out")
    table = scored_table(record)
    outcomes = [None if code == UNSCORED else OUTCOMES[code] for code in table.outcome.tolist()]
    again = list(zip(table.index.tolist(), outcomes, table.points.tolist(), strict=True))
    tallies = count(table, logged_task(record))
    assert [(s.index, s.outcome, s.points) for s in watcher.scored] == again
    assert tallies["test"].counts == done.tallies["test"].counts
    assert watcher.points[-1] == tallies["test"].points
    assert sum(done.tallies["test"].outcomes.values()) == 18


def test_the_log_holds_the_probabilities_behind_each_answer(config: Config, tmp_path: Path) -> None:
    """Of every room, summing to 1; the confidence is one of them."""
    result, _ = run(config(), tmp_path / "run")
    frames = list(read_log(result.folder).frames())
    assert frames
    for frame in frames:
        assert frame.posterior is not None
        assert sum(frame.posterior.values()) == pytest.approx(1, abs=1e-3)
        assert max(frame.posterior.values()) == pytest.approx(frame.confidence, abs=1e-4)


def test_a_broken_picture_is_a_failed_frame_not_a_stop(
    config: Config, data_root: Path, tmp_path: Path
) -> None:
    """An image cut short fails its own frame; the run goes on and says so."""
    picture = data_root / "test" / "rgb" / "000005.jpg"
    picture.write_bytes(picture.read_bytes()[:200])
    (data_root / "test" / "rgb" / "000007.jpg").unlink()
    done, watcher = run(config(), tmp_path / "out")
    assert done.tallies["test"].outcomes["failed"] == 2
    assert [s.index for s in watcher.scored if s.outcome is Outcome.FAILED] == [5, 7]
    assert "cut short" in str(watcher.scored[5].timed.fault)
    assert "No such file" in str(watcher.scored[7].timed.fault)
    assert done.has_failures


def test_the_second_run_takes_features_from_the_cache(config: Config, tmp_path: Path) -> None:
    """The same images and extractors are not extracted twice, and nothing changes by it."""
    path = config()
    first, _ = run(path, tmp_path / "a")
    second, _ = run(path, tmp_path / "b")
    assert (first.training["test"].extracted, second.training["test"].cached) == (2, 2)
    answers = [[f.timed.answer for f in r.record.frames()] for r in (first, second)]
    assert answers[0] == answers[1]


def test_the_cache_sees_a_changed_picture(config: Config, data_root: Path, tmp_path: Path) -> None:
    """One other pixel, and the sequence is extracted again."""
    from robotvision.data.images import encode_jpeg

    path = config()
    run(path, tmp_path / "a")
    picture = data_root / "train" / "rgb" / "000003.jpg"
    picture.write_bytes(encode_jpeg(np.full((48, 64, 3), 9, np.uint8)))
    again, _ = run(path, tmp_path / "b")
    assert again.training["test"].cached == 1  # depth is as it was


def test_without_truth_a_run_is_made_and_not_scored(
    config: Config, tour: Callable[..., Path], data_root: Path, tmp_path: Path
) -> None:
    """A withheld truth leaves a run file and no points."""
    tour(data_root / "blind", has_truth=False)
    done, _ = run(config(test="[blind]"), tmp_path / "out")
    tally = done.tallies["test"]
    assert (tally.scored_frames, tally.unscored, tally.max_points) == (0, 18, 0)


def test_unknown_rooms_of_the_truth_count_as_unknown(
    config: Config, tour: Callable[..., Path], data_root: Path, tmp_path: Path
) -> None:
    """A room that training never saw is right only when called unknown."""
    tour(data_root / "train2", rooms=("Kitchen", "Office"), seed=4)
    done, _ = run(config(train="[train2]", decision="{abstain: never}"), tmp_path / "out")
    counts = done.tallies["test"].counts
    row = done.task.labels.index("Unknown")
    assert sum(counts[row]) == 6


def test_several_test_sets_are_summed_and_kept_apart(config: Config, tmp_path: Path) -> None:
    """Sets by name: each with its own training, each with its own tally."""
    path = config(train="{a: [train], b: [test]}", test="{a: [test], b: [train]}")
    done, _ = run(path, tmp_path / "out")
    assert {k: t.frames for k, t in done.tallies.items()} == {"a": 18, "b": 18}


def test_a_folder_with_a_run_is_not_overwritten(config: Config, tmp_path: Path) -> None:
    """An earlier run is never lost by a later one."""
    path = config()
    run(path, tmp_path / "out")
    with pytest.raises(RobotVisionError, match="it holds a run already; give another --out"):
        run(path, tmp_path / "out")


def test_frames_of_a_sequence_can_be_named(config: Config, tmp_path: Path) -> None:
    """A part of a sequence is given by positions, and a part outside it is refused."""
    done, _ = run(config(test="[{path: test, frames: [6, 12]}]"), tmp_path / "out")
    assert [f.index for f in done.record.frames()] == list(range(6, 12))
    with pytest.raises(InputFaults, match=r"expected \[start, end\] within 0 and 18"):
        run(config(test="[{path: test, frames: [6, 99]}]"), tmp_path / "out2")


def test_the_command_prints_one_json_object_and_leaves_the_folder(
    config: Config, tmp_path: Path, robotvision: CommandLine
) -> None:
    """``--json`` puts the report and nothing else on stdout."""
    out = tmp_path / "out"
    done = robotvision("run", config(), "--json", "--out", out, "--limit", "10")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) >= {
        "schema",
        "task",
        "mode",
        "policy",
        "frames",
        "points",
        "max_points",
        "outcomes",
        "rooms",
        "latency_ns",
        "run_dir",
    }
    assert (report["frames"], report["points"]) == (10, 10)
    assert {p.name for p in out.iterdir()} >= {"config.yaml", "run.jsonl", "run.txt", "report.json"}
    assert json.loads((out / "report.json").read_text()) == report
    assert (out / "run.txt").read_text().splitlines()[:2] == ["00001 Hall", "00002 Hall"]


def test_the_resolved_configuration_runs_again(config: Config, tmp_path: Path) -> None:
    """``config.yaml`` of a run folder is a configuration, and gives the same answers."""
    first, _ = run(config(), tmp_path / "a")
    second, _ = run(tmp_path / "a" / "config.yaml", tmp_path / "b")
    answers = [[f.timed.answer for f in r.record.frames()] for r in (first, second)]
    assert answers[0] == answers[1]


def test_a_killed_run_goes_on_at_the_next_frame(
    config: Config, tmp_path: Path, robotvision: CommandLine
) -> None:
    """After kill -9 in the middle, --resume ends with the answers of an unbroken run."""
    path = config("system: inprocess\n")
    whole, _ = run(path, tmp_path / "whole")
    out = tmp_path / "out"
    run(path, out)
    log = (out / "run.jsonl").read_bytes()
    for cut in (len(log) - 40, len(log) // 2, log.index(b'"type":"sequence"') + 400):
        (out / "run.jsonl").write_bytes(log[:cut])
        done = robotvision("run", "--resume", out, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["points"] == whole.tallies["test"].points
        again = read_log(out)
        assert again.finished
        assert [f.timed.answer for f in again.frames()] == [
            f.timed.answer for f in whole.record.frames()
        ]


@pytest.mark.parametrize("stop_at", [1, 2, 7])
def test_what_is_logged_when_a_run_is_stopped_counts(
    config: Config, tmp_path: Path, stop_at: int
) -> None:
    """A frame whose verdict waits for the next one is in the log; it is in the report, too."""

    class Stops(Observer):
        n = 0

        def posterior(self, index: int, probabilities: Mapping[str, float]) -> None:
            self.n += 1
            if self.n == stop_at:
                raise KeyboardInterrupt

    setup = load_config(config(replay="{clock: simulated, policy: queue, rate_hz: 5}"))
    folder = experiment_folder(setup, tmp_path / "out")
    done = run_experiment(setup, folder, cache=cache_folder(), observer=Stops())
    assert done.stopped
    write_reports(done)
    report = json.loads((folder / "report.json").read_text())
    assert report["frames"] == len(list(done.record.frames())) == stop_at
    assert report["points"] == rv.read_run(folder).score.points


def test_ctrl_c_leaves_a_scored_partial_run(config: Config, tmp_path: Path) -> None:
    """An interrupted run is scored as far as it went, says how to go on, and exits 1."""
    out = tmp_path / "out"
    path = config(replay="{clock: wall, policy: queue, rate_hz: 5}")
    command = [*CLI, "run", str(path), "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE_S
    log = out / "run.jsonl"
    while time.monotonic() < deadline and not (log.exists() and b'"frame"' in log.read_bytes()):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, stderr
    assert "go on with: robotvision run --resume" in stderr
    assert "partial run" in stdout
    report = json.loads((out / "report.json").read_text())
    assert 0 < report["frames"] < 18
