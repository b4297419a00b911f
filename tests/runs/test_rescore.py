"""Rescoring by column against the judge frame by frame, and what a log cannot answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotvision.cli.rescore import command
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.playback.schedule import due_times, scaled, schedule
from robotvision.records import Answer, FrameRecord, TimedAnswer, Truth
from robotvision.report.rescored import rescored_report
from robotvision.runs.latency import constant, listed, parse_latency
from robotvision.runs.log import RunLog, RunRecord, SequenceRecord
from robotvision.runs.rescore import (
    Conditions,
    Recorded,
    Rescored,
    middle_speed,
    parse_speed,
)
from robotvision.scoring.policy import Judge, Policy, named_policy, parse_policy
from robotvision.scoring.table import NEVER
from robotvision.scoring.tally import Tally
from robotvision.tasks import load_task
from robotvision.tasks.model import Task
from tests.fixtures.examples import examples

MS = 1_000_000
TASK = load_task("imageclef2013")
Log = Callable[..., RunRecord]
POLICIES = st.builds(
    Policy,
    st.sampled_from(["newest", "queue"]),
    st.sampled_from(["own", "deadline", "hold"]),
    st.one_of(st.none(), st.just("next-frame"), st.integers(0, 150)),
)


@st.composite
def runs(draw: Any) -> RunRecord:
    """Return the log of a run with objects, faults, unreadable frames, unknown truths."""
    task = TASK
    objects = task.objects
    frames, now, stamp = [], 0, 0
    for i in range(draw(st.integers(1, 25))):
        stamp += draw(st.integers(1, 60))
        kind = draw(st.sampled_from(["answered"] * 6 + ["silent", "failed", "unreadable"]))
        latency = draw(st.integers(0, 120))
        room = None if kind == "silent" else draw(st.sampled_from(task.labels))
        said = draw(st.dictionaries(st.sampled_from(objects), st.booleans(), max_size=3))
        seen = frozenset(draw(st.sets(st.sampled_from(objects), max_size=3)))
        truth = draw(st.sampled_from([None, *task.room_names, *task.room_names[:2]]))
        answer = Answer(room, None, said) if kind in ("answered", "silent") else None
        fault = None if answer else kind
        if kind == "unreadable":
            timed = TimedAnswer(i, None, now, fault=fault)
        else:
            timed = TimedAnswer(i, answer, now, now, now + latency, {}, fault)
            now += latency
        frames.append(FrameRecord.of(stamp, 0, timed, truth and Truth(truth, seen)))
    about = {
        "task": task.model_dump(mode="json"),
        "mode": "obligatory",
        "clock": "asap",
        "policy": {"name": "offline", "backlog": "queue", "late": "own"},
        "system": {},
    }
    half = len(frames) // 2
    sequences = [
        SequenceRecord({"set": name, "name": name, "frames": len(part)}, part)
        for name, part in (("a", frames[:half]), ("b", frames[half:]))
    ]
    return RunRecord(Path("run.jsonl"), about, sequences, True)


def frame_by_frame(
    record: RunRecord, task: Task, policy: Policy, rate_hz: float | None, speed: float
) -> tuple[dict[str, Tally], list[int]]:
    """Return tallies and ages by the live judge and the live tally."""
    tallies: dict[str, Tally] = {}
    ages = []
    for sequence in record.sequences:
        tally = tallies.setdefault(sequence.set, Tally(task))
        due = due_times([f.timestamp_ns for f in sequence.frames], rate_hz)
        latency = scaled([f.timed.latency_ns or 0 for f in sequence.frames], speed)
        started, finished = schedule(due, latency, policy.backlog)
        judge = Judge(policy)
        found = []
        for k, deadline in enumerate(policy.deadlines(due)):
            own = sequence.frames[k].timed
            timed = TimedAnswer(own.index, None, due[k])
            if started[k] is not None:
                timed = replace(own, due_ns=due[k])
                if own.started_ns is not None:
                    timed = replace(timed, started_ns=started[k], finished_ns=finished[k])
            found += list(judge.push(timed, deadline))
        truths = {f.index: f.truth for f in sequence.frames}
        for verdict in [*found, *judge.flush()]:
            tally.add(truths[verdict.timed.index], verdict.timed, verdict.outcome)
            if verdict.age_ns is not None:
                ages.append(verdict.age_ns)
    return tallies, ages


@examples(60)
@given(runs(), POLICIES, st.sampled_from([None, 2e7, 7.3e7]), st.sampled_from([1.0, 0.3, 2.5]))
def test_columns_give_what_the_judge_gives_frame_by_frame(
    record: RunRecord, policy: Policy, rate_hz: float | None, speed: float
) -> None:
    """Same counts, same points, same ages, for every policy, rate and machine."""
    recorded = Recorded(record)
    found = recorded.rescore(policy, Conditions(rate_hz, speed))
    tallies, ages = frame_by_frame(record, recorded.task, policy, rate_hz, speed)
    assert found.tallies.keys() == tallies.keys()
    for name, tally in tallies.items():
        mine = found.tallies[name]
        assert mine.outcomes == tally.outcomes
        assert mine.counts == tally.counts
        assert mine.object_counts == tally.object_counts
        assert (mine.unscored, mine.points) == (tally.unscored, tally.points)
        assert sum(mine.outcomes.values()) + mine.unscored == mine.frames
    assert found.ages_ns == ages
    assert sum(t.frames for t in found.tallies.values()) == len(list(record.frames()))


@examples(25)
@given(runs(), POLICIES)
def test_reports_are_json_without_nan_and_their_outcomes_sum_up(
    record: RunRecord, policy: Policy
) -> None:
    """Whatever the log, the report is strict JSON."""
    recorded = Recorded(record)
    data = rescored_report(recorded, recorded.rescore(policy), Conditions())
    text = json.dumps(data, allow_nan=False)
    read = json.loads(text)
    assert sum(read["outcomes"].values()) + read["unscored"] == read["frames"]


def points(record: RunRecord, name: str, deadline: int | None = None, **how: Any) -> float:
    return result(record, name, deadline, **how).tallies["test"].points


def result(record: RunRecord, name: str, deadline: int | None = None, **how: Any) -> Rescored:
    return Recorded(record).rescore(named_policy(name, deadline), Conditions(**how))


def test_conformance_the_late_frame_rule_decides_the_result(log: Log) -> None:
    """A perfect recogniser of 60 ms at 30 Hz, 100 s, another room every 10 s.

    The figures follow from the rules alone. Offline all 3000 frames are right; a deadline of 33 ms
    is never met. Under ``queue`` the backlog grows by 26.7 ms a frame. Under ``streaming`` two
    frames pass before the first answer, and 24 frames after the nine changes of room are judged by
    the room before: 2974 - 24/2. A real system measured 2959, two wrong frames more, since its
    answers take a little over 60 ms: at 60.1 ms the rule gives 2956.
    """
    due = [i * 10**9 // 30 for i in range(3000)]
    rooms = [f"R{t // 10**10}" for t in due]
    record = log([60 * MS] * 3000, rooms, timestamps=due)
    assert points(record, "offline") == 3000
    assert points(record, "deadline", 33 * MS) == 0
    assert points(record, "queue") == -965
    assert points(record, "streaming") == 2962
    outcomes = result(record, "streaming").tallies["test"].outcomes
    assert {k: n for k, n in outcomes.items() if n} == {"correct": 2974, "wrong": 24, "late": 2}
    assert points(record, "streaming", latency=constant(60 * MS + 100_000)) == 2956


def test_a_faster_machine_and_a_slower_camera_are_the_same_thing(log: Log) -> None:
    """Half the latencies or half the rate: the same frames are taken and the same are right."""
    rooms = ["ABC"[i // 7 % 3] for i in range(60)]
    record = log([(40 + 13 * (i % 5)) * MS for i in range(60)], rooms)
    for name in ("deadline", "streaming", "queue"):
        twice = result(record, name, machine_speed=2.0, rate_hz=40.0)
        half = result(record, name, rate_hz=20.0)
        assert twice.tallies["test"].counts == half.tallies["test"].counts


def test_latency_models_take_the_place_of_what_was_measured(log: Log) -> None:
    """A constant, a list, and draws from the log that are the same each time."""
    record = log([5 * MS] * 30, ["A"] * 30)
    assert points(record, "deadline", 33 * MS) == 30
    assert points(record, "deadline", 33 * MS, latency=constant(34 * MS)) == 0
    slow_first = listed([34 * MS] + [1] * 29)
    assert points(record, "deadline", 33 * MS, latency=slow_first) == 29
    mixed = Recorded(log([1 * MS, 50 * MS] * 15, ["A"] * 30)).measured_ns
    again = [
        result(record, "deadline", 33 * MS, latency=parse_latency("empirical", mixed, 3))
        for _ in range(2)
    ]
    assert again[0].tallies["test"].counts == again[1].tallies["test"].counts
    assert 0 < again[0].tallies["test"].points < 30
    with pytest.raises(RobotVisionError, match="the list names 2 frames, the run has more"):
        points(record, "queue", latency=listed([1, 2]))


def test_models_that_are_not_one_are_one_clear_line(tmp_path: Path) -> None:
    """Unknown kinds, negative times, broken files: what was expected, and where."""
    for text in ("constant", "gauss:3", "list:"):
        with pytest.raises(RobotVisionError, match="expected constant:MS, empirical"):
            parse_latency(text, [1])
    with pytest.raises(RobotVisionError, match="constant: expected milliseconds of at least 0"):
        parse_latency("constant:-1", [1])
    with pytest.raises(RobotVisionError, match="no latency was measured"):
        parse_latency("empirical", [])
    path = tmp_path / "ms.txt"
    path.write_text("3\nx\n\n4\n-1\n")
    with pytest.raises(InputFaults, match=r"ms\.txt:2: latency: expected milliseconds") as e:
        parse_latency(f"list:{path}", [])
    assert len(e.value.faults) == 2
    path.write_text("3\n\n4.5\n")
    model = parse_latency(f"list:{path}", [])
    assert [model(0), model(1)] == [3 * MS, 4_500_000]


def test_age_of_the_answer_under_hold(log: Log) -> None:
    """Answers of 60 ms at 30 Hz are between two and four frames old when they count."""
    due = [i * 10**9 // 30 for i in range(300)]
    record = log([60 * MS] * 300, ["A"] * 300, timestamps=due)
    found = result(record, "streaming")
    assert len(found.ages_ns) == 298
    assert 66 * MS <= min(found.ages_ns) <= max(found.ages_ns) <= 134 * MS
    report = rescored_report(Recorded(record), found, Conditions())
    assert report["age_ns"]["max"] == max(found.ages_ns)
    assert (
        rescored_report(Recorded(record), result(record, "offline"), Conditions())["age_ns"] is None
    )


def test_latencies_in_the_report_are_those_of_the_frames_taken(log: Log) -> None:
    """Twice the machine, half the latency; a frame that was skipped has none."""
    record = log([60 * MS] * 300, ["A"] * 300)
    report = rescored_report(
        Recorded(record),
        result(record, "deadline", machine_speed=2.0),
        Conditions(machine_speed=2.0),
    )
    assert report["latency_ns"]["total"]["p50"] == 30 * MS
    slow = rescored_report(Recorded(record), result(record, "deadline"), Conditions())
    assert slow["taken"] == 168
    assert slow["latency_ns"]["total"]["p99"] is None


def skipping(record: RunRecord) -> RunRecord:
    """Return the log as if made under the simulated clock and ``streaming``."""
    record.about["clock"] = "simulated"
    record.about["policy"] = named_policy("streaming").describe()
    frames = record.sequences[0].frames
    due = due_times([f.timestamp_ns for f in frames])
    started, finished = schedule(due, [60 * MS] * len(frames), "newest")
    for k, frame in enumerate(frames):
        own = frame.timed
        answer = None if started[k] is None else own.answer
        timed = TimedAnswer(own.index, answer, due[k], started[k], finished[k])
        frames[k] = FrameRecord.of(frame.timestamp_ns, frame.segment, timed, frame.truth)
    return record


def test_a_log_with_skipped_frames_can_only_be_judged_again(log: Log) -> None:
    """Its own backlog at its own times is an answer; anything else is one line that says why."""
    rooms = ["ABC"[i // 9 % 3] for i in range(60)]
    virtual = points(log([60 * MS] * 60, rooms), "streaming")
    recorded = Recorded(skipping(log([60 * MS] * 60, rooms)))
    found = recorded.rescore(named_policy("streaming"))
    assert not found.is_virtual
    assert found.tallies["test"].points == virtual
    assert recorded.rescore(named_policy("deadline", 70 * MS)).tallies["test"].points > 0
    asked: list[tuple[str, Conditions]] = [
        ("queue", Conditions()),
        ("offline", Conditions()),
        ("streaming", Conditions(machine_speed=2.0)),
        ("deadline", Conditions(rate_hz=5.0)),
    ]
    for policy, conditions in asked:
        with pytest.raises(RobotVisionError, match="frames were skipped under the clock") as e:
            recorded.rescore(named_policy(policy), conditions)
        assert len(e.value.lines()) == 1
    assert recorded.rescore(parse_policy("newest+own")).tallies["test"].frames == 60


def written(record: RunRecord, path: Path) -> Path:
    """Write a log to a file."""
    log = RunLog(path)
    log.write("run", {"schema": 1, **record.about})
    for sequence in record.sequences:
        log.write("sequence", sequence.about)
        for frame in sequence.frames:
            log.frame(frame)
    log.write("end", {"frames": 0})
    log.close()
    return path


def rescore(*args: object) -> Any:
    return CliRunner().invoke(command, [str(a) for a in args], catch_exceptions=True)


def test_the_command_prints_one_json_object(log: Log, tmp_path: Path) -> None:
    """The keys shared with run and score, outcomes that sum to the frames, nothing else."""
    path = written(log([60 * MS] * 90, ["A"] * 90), tmp_path / "run.jsonl")
    for name in ("offline", "deadline", "streaming", "queue"):
        shown = rescore(path, "--policy", name, "--rate-hz", 30, "--json")
        data = json.loads(shown.stdout)
        assert {
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
        } <= data.keys()
        assert sum(data["outcomes"].values()) == data["frames"] == 90
    both = json.loads(rescore(path, "--json").stdout)
    assert [r["policy"]["name"] for r in both["runs"]] == [
        "offline",
        "deadline",
        "streaming",
        "queue",
    ]
    assert "streaming" in rescore(path).stdout


def test_a_log_cut_in_the_middle_of_a_line_is_read_up_to_there_and_said(
    log: Log, tmp_path: Path
) -> None:
    """The frames before count; a note on stderr names the line."""
    path = written(log([60 * MS] * 20, ["A"] * 20), tmp_path / "run.jsonl")
    raw = path.read_bytes()
    path.write_bytes(raw[: raw.index(b'"index":12') + 4])
    shown = rescore(path, "--policy", "offline", "--json")
    assert json.loads(shown.stdout)["frames"] == 12
    assert json.loads(shown.stdout)["is_whole"] is False
    assert "run.jsonl:15: the last line is cut short; read up to line 14" in shown.stderr


def test_a_log_of_another_schema_or_no_log_is_one_clear_line(log: Log, tmp_path: Path) -> None:
    """Neither a later version nor a text file is guessed at."""
    path = written(log([1], ["A"]), tmp_path / "run.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"schema":1', b'"schema":9', 1))
    shown = rescore(path)
    assert str(shown.exception).startswith(f"{path}:1: expected schema 1, got 9")
    path.write_text("hello\n")
    assert "not a line of a run log" in str(rescore(path).exception)
    assert "cannot be read" in str(rescore(tmp_path / "none").exception)


def test_of_a_range_of_machine_speeds_the_points_between_are_given(
    log: Log, tmp_path: Path
) -> None:
    """Both ends count, and what lies between: a faster machine may earn less."""
    record = log([60 * MS] * 30, ["ABC"[i // 7 % 3] for i in range(30)])
    path = written(record, tmp_path / "run.jsonl")
    words = ("--policy", "deadline", "--rate-hz", 30, "--machine-speed", "0.5:4", "--json")
    data = json.loads(rescore(path, *words).stdout)
    least, most = data["over_speeds"]["points"]
    ends = [
        Recorded(record)
        .rescore(named_policy("deadline"), Conditions(30.0, s))
        .tallies["test"]
        .points
        for s in (0.5, 4.0)
    ]
    assert least <= min(ends)
    assert most >= max(ends)
    assert data["machine_speed"] == pytest.approx(2**0.5)
    assert data["overruns"]["frames"] == data["overruns"]["of"]  # 42 ms on a period of 33 ms
    assert parse_speed("2") == 2.0
    for text, words_of in (("a", "expected a number such as 2"), ("1:2:3", "or a range such as")):
        with pytest.raises(RobotVisionError, match=words_of):
            parse_speed(text)
    assert "the lower end first" in str(rescore(path, "--machine-speed", "3:1").exception)


def test_speeds_are_a_number_or_a_range() -> None:
    assert parse_speed("2") == 2.0
    assert parse_speed("1.8:2.2") == (1.8, 2.2)
    for text in ("", "a", "1:b", "1:2:3"):
        with pytest.raises(RobotVisionError) as caught:
            parse_speed(text)
        assert str(caught.value) == (
            f"machine speed: expected a number such as 2, or a range such as 1.8:2.2, got {text!r}"
        )


def test_the_middle_of_a_range_is_the_geometric_one() -> None:
    assert middle_speed((2.0, 8.0)) == 4.0
    for low, high in ((3.0, 1.0), (0.0, 1.0), (1.0, 1.0), (1.0, float("inf"))):
        with pytest.raises(RobotVisionError) as caught:
            middle_speed((low, high))
        assert str(caught.value) == (
            f"machine speed: expected a range above 0, the lower end first, got {low:g}:{high:g}"
        )


def test_of_a_range_nine_speeds_at_equal_ratios_are_tried(log: Log) -> None:
    """At 4 to 64 times: 4, 4 sqrt 2, 8 ... 64, at which so many of 60 ms fit into 33 ms each."""
    record = log([60 * MS] * 30, ["ABC"[i // 7 % 3] for i in range(30)])
    recorded, asked = Recorded(record), Conditions(rate_hz=100.0)
    tried = [4 * 2 ** (k / 2) for k in range(9)]
    each = [points(record, "deadline", rate_hz=100.0, machine_speed=s) for s in tried]
    assert min(each) < max(each)
    found = recorded.points_over_speeds(named_policy("deadline"), asked, (4.0, 64.0))
    assert found == {"speeds": [4.0, 64.0], "tried": 9, "points": [min(each), max(each)]}


def test_due_times_are_those_of_the_camera_that_was_configured(log: Log) -> None:
    """The rate and speed of the run; an imposed rate is a camera of its own; else as recorded."""
    record = log([MS] * 3, ["A"] * 3, timestamps=[5, 17, 40])
    assert Recorded(record).due() == [[0, 12, 35]]
    record.about["config"] = {"replay": {"speed": 0.5}}
    assert Recorded(record).due() == [[0, 24, 70]]
    record.about["config"] = {"replay": {"rate_hz": 10.0, "speed": 2.0}}
    recorded = Recorded(record)
    assert recorded.due() == [[0, 50 * MS, 100 * MS]]
    assert recorded.due(20.0) == [[0, 50 * MS, 100 * MS]]
    assert recorded.due(10.0) == [[0, 100 * MS, 200 * MS]]
    assert recorded.due(10.0) is recorded.due(10.0)


def test_repeated_time_stamps_matter_only_where_a_clock_runs(log: Log) -> None:
    recorded = Recorded(log([MS] * 3, ["A"] * 3, timestamps=[0, 20, 20]))
    assert recorded.due(may_repeat=True) == [[0, 20, 20]]
    with pytest.raises(RobotVisionError, match="repeats that of frame 1"):
        recorded.due()
    assert recorded.rescore(named_policy("offline")).tallies["test"].points == 3
    for policy in ("newest+own", "queue+deadline", "queue+hold"):
        with pytest.raises(RobotVisionError, match="repeats that of frame 1"):
            recorded.rescore(parse_policy(policy))


def test_what_skipped_frames_forbid_is_explained(log: Log) -> None:
    recorded = Recorded(skipping(log([60 * MS] * 60, ["A"] * 60)))
    assert recorded.n_skipped == 26
    assert recorded.measured_ns == [60 * MS] * 34
    with pytest.raises(RobotVisionError) as caught:
        recorded.rescore(named_policy("queue"))
    assert str(caught.value) == (
        "run.jsonl: 26 frames were skipped under the clock 'simulated' and have no latency, so "
        "this log can only be judged again at its recorded times under a policy of backlog newest "
        "(asked for: queue, backlog queue; no rate, speed or latency); record it with 'clock: "
        "asap' for everything else"
    )


def test_stages_and_what_remains_by_frame(log: Log) -> None:
    """Two stages of the first frame, one of the second, a frame that could not be read."""
    record = log([10, 20, None], ["A"] * 3)
    frames = record.sequences[0].frames
    assert Recorded(record).stages() == {}
    for k, stages in enumerate(({"features": 6, "classifier": 3}, {"features": 15}, {})):
        timed = replace(frames[k].timed, stages_ns=stages)
        frames[k] = FrameRecord.of(k, 0, timed, None, None if k == 1 else 7)
    recorded = Recorded(record)
    found = {name: column.tolist() for name, column in recorded.stages().items()}
    assert found == {
        "features": [6, 15, NEVER],
        "classifier": [3, NEVER, NEVER],
        "rest": [1, 5, NEVER],
        "decode": [7, NEVER, 7],
    }
    assert list(found) == ["features", "classifier", "rest", "decode"]
    assert recorded.stages() is recorded.stages()
    for k in range(3):
        frames[k] = replace(frames[k], decode_ns=None)
    assert "decode" not in Recorded(record).stages()


def test_frames_taken_and_overrun_are_counted(log: Log) -> None:
    """Answers of 60, 10, 60 ms in turn at 20 Hz: each long one has the next frame wait."""
    record = log([(60, 10, 60)[i % 3] * MS for i in range(6)], ["A"] * 6)
    found = result(record, "queue", rate_hz=20.0)
    assert found.taken == 6
    assert found.overruns == {
        "period_ns": 50 * MS,
        "frames": 4,
        "of": 6,
        "share": 4 / 6,
        "longest_ns": 10 * MS,
    }
    assert result(record, "deadline", rate_hz=20.0, machine_speed=0.5).taken < 6


def test_answers_without_times_can_only_be_scored_as_if_none_were_late(log: Log) -> None:
    """Of every label once; a silence, a fault and a skipped frame lack nothing, nor a timed one."""
    record = log([5], ["A"])
    frames = record.sequences[0].frames
    labels = Recorded(record).task.labels
    untimed = [TimedAnswer(i, Answer(label), 0) for i, label in enumerate(labels, 1)]
    others = [
        TimedAnswer(90, Answer(None), 0),
        TimedAnswer(91, Answer("A"), 0, fault="broken"),
        TimedAnswer(92, None, 0),
    ]
    frames += [FrameRecord.of(t.index, 0, t, Truth("A")) for t in untimed + others]
    recorded = Recorded(record)
    assert (recorded.n_untimed, recorded.n_skipped) == (len(labels), 1)
    del frames[-1]
    recorded = Recorded(record)
    assert recorded.rescore(named_policy("offline")).tallies["test"].outcomes["correct"] == 2
    with pytest.raises(RobotVisionError) as caught:
        recorded.rescore(named_policy("deadline"))
    assert str(caught.value) == (
        f"run.jsonl: {len(labels)} answers have no latency, so which are late cannot be told and "
        "only offline applies (asked for: deadline)"
    )


def test_a_frame_that_could_not_be_read_never_occupied_the_system(log: Log) -> None:
    """Due at 0, 10 and 20: the first takes 20, the second nothing, so the third waits for none."""
    record = log([20, None, 20], ["A"] * 3, timestamps=[0, 10, 20])
    for conditions in (Conditions(), Conditions(latency=constant(20))):
        found = Recorded(record).rescore(parse_policy("queue+deadline"), conditions)
        assert found.is_virtual is True
        assert found.table.due_ns.tolist() == [0, 10, 20]
        assert found.table.due_ns.dtype == np.int64
        assert found.table.started_ns.tolist() == [0, NEVER, 20]
        assert found.table.finished_ns.tolist() == [20, NEVER, 40]
        assert found.taken == 2
    again = Recorded(skipping(log([60 * MS] * 3, ["A"] * 3))).rescore(named_policy("streaming"))
    assert again.is_virtual is False
