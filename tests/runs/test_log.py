"""The run log: what is written is read, whoever wrote it, and a broken line is named."""

from __future__ import annotations

import errno
import gc
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from random import Random
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotvision.errors import InputFaults, RobotVisionError
from robotvision.records import Answer, FrameRecord, Notice, TimedAnswer, Truth
from robotvision.report import write_page
from robotvision.runs.log import RunLog, has_header, holds_a_run, read_log

GOLDEN = Path(__file__).parent / "golden" / "run_0_1_0.jsonl"
"""Written by the RunLog of robotvision 0.1.0."""
HEAD = b'{"type":"run","schema":1}\n'
SEQUENCE = b'{"type":"sequence","frames":3}\n'
FRAME = (
    b'{"type":"frame","index":0,"timestamp_ns":1,"segment":0,"due_ns":2,"started_ns":3,'
    b'"finished_ns":4,"room":"A","confidence":0.5,"truth":"A"}\n'
)

TEXT = st.text(st.characters(), max_size=8)  # lone surrogates included
NS = st.integers(-(2**40), 2**70)
MAYBE_NS = st.none() | NS
ANSWERS = st.builds(
    Answer, st.none() | TEXT, st.none() | st.floats(0, 1), st.dictionaries(TEXT, st.booleans())
)
TIMED = st.builds(
    TimedAnswer,
    st.integers(0, 2**40),
    st.none() | ANSWERS,
    NS,
    MAYBE_NS,
    MAYBE_NS,
    st.dictionaries(TEXT, NS),
    st.none() | TEXT,
)
TRUTHS = st.none() | st.builds(Truth, TEXT, st.frozensets(TEXT))


def written(path: Path, records: list[FrameRecord]) -> Path:
    log = RunLog(path)
    log.write("run", {"schema": 1})
    log.write("sequence", {"frames": len(records)})
    for record in records:
        log.frame(record)
    log.write("end", {"frames": len(records)})
    log.close()
    return path


def documented(
    stamp: int, segment: int, timed: TimedAnswer, truth: Truth | None, times: dict[str, int | None]
) -> dict[str, Any]:
    """Return a line as docs/reference/run_log.md has it, keys in their order."""
    line: dict[str, Any] = {"type": "frame", "index": timed.index, "timestamp_ns": stamp}
    line |= {"segment": segment, "due_ns": timed.due_ns}
    line |= {"started_ns": timed.started_ns, "finished_ns": timed.finished_ns}
    if timed.answer is not None:
        line |= {"room": timed.answer.room, "confidence": timed.answer.confidence}
        if timed.answer.objects:
            line["objects"] = dict(timed.answer.objects)
    if timed.stages_ns:
        line["stages_ns"] = dict(timed.stages_ns)
    line |= times
    if timed.fault is not None:
        line["fault"] = timed.fault
    if truth is not None:
        line["truth"] = truth.room
        if truth.objects:
            line["truth_objects"] = sorted(truth.objects)
    return line


@given(
    st.lists(st.tuples(NS, st.integers(0, 9), TIMED, TRUTHS, MAYBE_NS, MAYBE_NS), max_size=4),
    st.booleans(),
)
def test_every_record_is_a_documented_line_and_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, facts: list[Any], was_called: bool
) -> None:
    """Whatever text a label, a stage or a fault holds, and however large a time is."""
    records, lines = [], []
    for stamp, segment, timed, truth, decoded_ns, wait_ns in facts:
        record = FrameRecord.of(stamp, segment, timed, truth, 8)
        times = {"decode_ns": 8, "decoded_ns": decoded_ns, "wait_ns": wait_ns}
        times = {key: value for key, value in times.items() if value is not None}
        record = replace(record, decoded_ns=decoded_ns, wait_ns=wait_ns)
        if wait_ns is not None:
            record = replace(record, handover=5 if was_called else None)
            times["handover_ns"] = record.handover_ns
        records.append(record)
        lines.append(documented(stamp, segment, timed, truth, times))
    path = written(tmp_path_factory.mktemp("log") / "run.jsonl", records)
    found = [json.loads(x) for x in path.read_bytes().split(b"\n")[2:-2]]
    assert list(map(list, found)) == list(map(list, lines))
    assert found == lines
    again = read_log(path)
    assert again.finished
    assert list(again.frames()) == records
    assert [(f.timed, f.truth) for f in again.frames()] == [x[2:4] for x in facts]


def test_a_log_of_0_1_0_reads_as_it_was_written() -> None:
    """Every kind of frame; what a line leaves out is not invented."""
    record = read_log(GOLDEN)
    assert record.finished
    assert not record.warnings
    assert record.valid_bytes == GOLDEN.stat().st_size
    lines = [json.loads(x) for x in GOLDEN.read_text("utf-8").splitlines()]
    assert record.about == lines[0]
    assert [s.about for s in record.sequences] == [lines[1], lines[8]]
    assert [s.offset for s in record.sequences] == [
        sum(len(x) for x in GOLDEN.read_bytes().splitlines(keepends=True)[:k]) for k in (1, 8)
    ]
    assert record.end == lines[10]
    first, skipped, unreadable, failed, silent, objects, unknown = record.frames()
    assert first.timed == TimedAnswer(
        0,
        Answer("Kitchen", 0.7253901),
        0,
        31,
        12_000_000,
        {"feature": 11_000_000, "classifier": 900_123},
    )
    assert (first.timestamp_ns, first.segment, first.truth) == (1000, 0, Truth("Kitchen"))
    assert (first.decode_ns, first.decoded_ns) == (3_000_000, -5_000_000)
    assert (first.wait_ns, first.handover_ns) == (5_000_000, 31)
    assert skipped.timed == TimedAnswer(1, None, 33_366_700)
    assert skipped.truth == Truth("Hall", frozenset({"chair", "Tür"}))
    assert (skipped.decode_ns, skipped.wait_ns, skipped.handover_ns) == (None, None, None)
    assert unreadable.timed.fault == "2.jpg: the picture is cut short (30 bytes)"
    assert (unreadable.wait_ns, unreadable.handover_ns) == (12, None)
    assert failed.timed.answer is None
    assert failed.timed.fault == 'ValueError: "\\ud800"\n'
    assert silent.timed.answer == Answer(None)
    assert objects.timed.answer == Answer("Küche", 1.0, {"chair": True, "Tür": False})
    assert unknown.truth is None
    assert (unknown.timestamp_ns, unknown.timed.finished_ns) == (2**63 - 1, 2**64)
    assert unknown.timed.stages_ns == {"🤖": 2}


def test_the_frames_of_an_old_log_are_written_again_byte_for_byte(tmp_path: Path) -> None:
    """A run that is resumed goes on in the lines of its own log."""
    frames = list(read_log(GOLDEN).frames())
    lines = [x for x in GOLDEN.read_bytes().splitlines() if x.startswith(b'{"type":"frame"')]
    again = written(tmp_path / "run.jsonl", frames).read_bytes().splitlines()[2:-1]
    assert again == [x.replace(b"1e-07", b"1e-7") for x in lines]  # one number, two spellings


def test_bytes_that_are_not_unicode_are_read_as_python_reads_file_names(tmp_path: Path) -> None:
    """0.1.0 wrote such a name raw; now it is an escape, and the line is UTF-8."""
    (tmp_path / "run.jsonl").write_bytes(
        HEAD + b'{"type":"sequence","frames":1,"path":"/d\xff","\xfe":1}\n'
        b'{"type":"frame","index":0,"timestamp_ns":1,"segment":0,"due_ns":2,"started_ns":null,'
        b'"finished_ns":null,"fault":"d\xff/0.jpg"}\n'
    )
    record = read_log(tmp_path)
    assert record.sequences[0].about["path"] == "/d\udcff"
    (frame,) = record.frames()
    assert frame.fault == "d\udcff/0.jpg"
    raw = written(tmp_path / "again.jsonl", [frame]).read_bytes()
    assert b"d\\udcff/0.jpg" in raw
    raw.decode("utf-8")


def test_a_log_cut_at_any_byte_reads_up_to_its_last_whole_line(tmp_path: Path) -> None:
    """The rest is left out and said; a run goes on after ``valid_bytes``."""
    raw = GOLDEN.read_bytes()
    n_head = raw.index(b"\n") + 1
    path = tmp_path / "run.jsonl"
    frames = list(read_log(GOLDEN).frames())
    for cut in range(n_head, len(raw)):
        path.write_bytes(raw[:cut])
        record = read_log(path)
        whole = raw.rindex(b"\n", 0, cut) + 1
        kept = list(record.frames())
        assert record.valid_bytes == whole
        assert kept == frames[: len(kept)]
        assert len(kept) == raw[:whole].count(b'"type":"frame"')
        number = raw[:whole].count(b"\n")
        assert record.warnings == (
            [f"{path}:{number + 1}: the last line is cut short; read up to line {number}"]
            if whole < cut
            else []
        )


def test_notices_of_the_first_and_the_last_line_come_in_order(tmp_path: Path) -> None:
    """Lines of 0.1.0 under ``notes``, entries of the header, those seen on the way, the log's."""
    path = tmp_path / "run.jsonl"
    log = RunLog(path)
    overlap = Notice("train-test-overlap", "half of it", {"share": 0.5})
    busy = Notice("work-after-answer", "30 ms a frame").as_dict()
    log.write("run", {"schema": 1, "notes": ["old"], "warnings": [overlap.as_dict()]})
    log.write("end", {"frames": 0, "warnings": [busy]})
    log.close()
    assert read_log(path).notices() == [
        {"code": "note", "message": "old"},
        {"code": "train-test-overlap", "message": "half of it", "share": 0.5},
        {"code": "work-after-answer", "message": "30 ms a frame"},
    ]
    path.write_bytes(path.read_bytes() + b"{")
    assert read_log(path).notices()[-1] == {
        "code": "log",
        "message": f"{path}:3: the last line is cut short; read up to line 2",
    }


BAD = {
    "no JSON": (FRAME[:40] + b"\n", "3: not a line of a run log (Expecting ':' delimiter"),
    "an empty line": (b"\n", "3: not a line of a run log (Expecting value"),
    "a list": (b"[1]\n", "3: not a line of a run log (list indices must be integers"),
    "no type": (b'{"index":1}\n', "3: not a line of a run log ('type')"),
    "a type that is no word": (b'{"type":[]}\n', "3: not a line of a run log (type [])"),
    "not a number": (FRAME.replace(b"0.5", b"NaN"), "3: not a line of a run log (NaN is not a"),
    "infinity": (FRAME.replace(b"0.5", b"-Infinity"), "3: not a line of a run log (-Infinity is"),
    "nested without end": (b'{"a":' * 100_000 + b"\n", "3: not a line of a run log (maximum"),
    "a time as text": (
        FRAME.replace(b":2,", b':"2",'),
        "Expected `int`, got `str` - at `$.due_ns`",
    ),
    "a time as truth value": (FRAME.replace(b":2,", b":true,"), "got `bool` - at `$.due_ns`"),
    "a room as number": (FRAME.replace(b'"room":"A"', b'"room":3'), "got `int` - at `$.room`"),
    "a truth as list": (FRAME.replace(b'"truth":"A"', b'"truth":[]'), "got `array` - at `$.truth`"),
    "no index": (FRAME.replace(b'"index":0,', b""), "missing required field `index`"),
    "stages as list": (FRAME[:-2] + b',"stages_ns":[1]}\n', "got `array` - at `$.stages_ns`"),
    "objects as text": (FRAME[:-2] + b',"objects":"x"}\n', "got `str` - at `$.objects`"),
    "a sequence without frames": (b'{"type":"sequence"}\n', "missing required field `frames`"),
    "a sequence of text frames": (
        b'{"type":"sequence","frames":"9"}\n',
        "3: a 'sequence' line that",
    ),
}


@pytest.mark.parametrize(("line", "message"), BAD.values(), ids=BAD)
def test_a_broken_line_before_the_last_is_named(line: bytes, message: str, tmp_path: Path) -> None:
    """One line: the file, the line's number, what was expected and got."""
    path = tmp_path / "run.jsonl"
    path.write_bytes(HEAD + SEQUENCE + line + FRAME)
    with pytest.raises(InputFaults) as caught:
        read_log(path)
    (fault,) = str(caught.value).splitlines()
    assert fault.startswith(f"{path}:3: ")
    assert message in fault
    assert fault.endswith("; give the run.jsonl of a run folder")


FIRST = {
    "empty": (b"", "expected a run log, whose first line has type 'run'"),
    "cut short": (HEAD[:-1], "expected a run log, whose first line has type 'run'"),
    "another file": (b"index,room\n0,A\n", "not a line of a run log (Expecting value"),
    "another line": (SEQUENCE, "expected a run log, whose first line has type 'run'"),
    "another schema": (
        b'{"type":"run","schema":2,"task":[]}\n',
        "expected schema 1, got 2: another version of robotvision wrote this log",
    ),
    "no schema": (b'{"type":"run"}\n', "expected schema 1, got None"),
    "a task that is a list": (
        HEAD[:-2] + b',"task":[]}\n',
        "a 'run' line that cannot be used: Expected `object`, got `array` - at `$.task`",
    ),
    "a policy without a half": (
        HEAD[:-2] + b',"policy":{"name":"offline","late":"own"}}\n',
        "a 'run' line that cannot be used: Object missing required field `backlog` - at `$.policy`",
    ),
    "a policy that there is none of": (
        HEAD[:-2] + b',"policy":{"name":"x","backlog":"some","late":"own"}}\n',
        "a 'run' line that cannot be used: Invalid enum value 'some' - at `$.policy.backlog`",
    ),
}


@pytest.mark.parametrize(("raw", "message"), FIRST.values(), ids=FIRST)
def test_the_first_line_must_be_a_run_of_this_schema(
    raw: bytes, message: str, tmp_path: Path
) -> None:
    """Whatever else is given in place of a log is named in one line."""
    path = tmp_path / "run.jsonl"
    path.write_bytes(raw)
    with pytest.raises(InputFaults) as caught:
        read_log(path)
    (fault,) = str(caught.value).splitlines()
    assert fault.startswith(f"{path}:1: {message}")


@pytest.mark.parametrize("key", ["task", "mode", "clock", "policy", "system", "name"])
def test_a_key_that_a_report_needs_is_named_where_it_is_missing(key: str, tmp_path: Path) -> None:
    """A log without it can be read; whatever needs the key is refused in a line, not a KeyError."""
    lines = re.sub(rb"\d{19,}", b"9", GOLDEN.read_bytes()).split(b"\n")
    number = 2 if key == "name" else 1
    lines[number - 1] = lines[number - 1].replace(b'"%s":' % key.encode(), b'"other":', 1)
    (tmp_path / "run.jsonl").write_bytes(b"\n".join(lines))
    with pytest.raises(InputFaults) as caught:
        write_page([tmp_path], tmp_path / "page.html")
    (fault,) = str(caught.value).splitlines()
    assert f"run.jsonl:{number}: a " in fault
    assert f"line without '{key}'; give the run.jsonl of a run folder" in fault


def test_times_beyond_64_bits_can_be_read_and_not_scored(tmp_path: Path) -> None:
    """As 0.1.0 took them from a program; a report names the log in a line."""
    assert max(f.timed.finished_ns or 0 for f in read_log(GOLDEN).frames()) > 2**63
    with pytest.raises(InputFaults, match="jsonl: a time or a number in a frame's line is beyond"):
        write_page([GOLDEN], tmp_path / "page.html")


def test_a_frame_needs_a_sequence_and_a_folder_needs_a_log(tmp_path: Path) -> None:
    """A frame that belongs nowhere is a fault, and so is no file at all."""
    (tmp_path / "run.jsonl").write_bytes(HEAD + FRAME)
    with pytest.raises(InputFaults, match="jsonl:2: a 'frame' line without a 'sequence' line befo"):
        read_log(tmp_path)
    with pytest.raises(InputFaults, match=r"no\.jsonl: cannot be read \(No such file"):
        read_log(tmp_path / "no.jsonl")


def test_what_a_later_version_adds_is_ignored(tmp_path: Path) -> None:
    """Unknown keys, and lines of an unknown type, whose bytes count as read."""
    later = b'{"type":"remark","text":"\xc3\xa4"}\n{"type":"run","schema":9}\n'
    raw = HEAD + SEQUENCE + later + FRAME[:-2] + b',"x":{"y":[1]},"room2":"\\udcff"}\n'
    (tmp_path / "run.jsonl").write_bytes(raw)
    record = read_log(tmp_path)
    (frame,) = record.frames()
    assert frame.timed == TimedAnswer(0, Answer("A", 0.5), 2, 3, 4)
    assert record.valid_bytes == len(raw)
    assert not record.finished


def test_numbers_of_numpy_are_numbers_of_json(tmp_path: Path) -> None:
    """A plug-in's confidence and times may be NumPy scalars; NaN is refused."""
    timed = TimedAnswer(
        int(np.int64(3)),
        Answer(np.str_("A"), np.float32(0.5), {"chair": np.bool_(True)}),  # type: ignore[arg-type,dict-item]
        np.int64(7),  # type: ignore[arg-type]
    )
    path = written(tmp_path / "run.jsonl", [FrameRecord.of(1, 0, timed, None)])
    (frame,) = read_log(path).frames()
    assert frame.timed == TimedAnswer(3, Answer("A", 0.5, {"chair": True}), 7)
    before = path.read_bytes()
    log = RunLog(path, keep_bytes=len(before))
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"frame 1: confidence (nan|inf) is not a number"):
            log.frame(FrameRecord.of(1, 0, TimedAnswer(1, Answer("A", wrong), 0), None))
    with pytest.raises(TypeError, match="object has no place in a run log"):
        log.write("end", {"frames": object()})
    log.close()
    assert path.read_bytes() == before


def test_a_write_that_takes_a_part_is_carried_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operating system may take less than a line at once."""

    class Sparing:
        def __init__(self, file: Any) -> None:
            self.file = file

        def write(self, raw: Any) -> int:
            return int(self.file.write(bytes(raw[:7])))

    log = RunLog(tmp_path / "run.jsonl")
    monkeypatch.setattr(log, "_file", Sparing(log._file))
    log.write("run", {"schema": 1})
    log.write("end", {})
    monkeypatch.undo()
    log.close()
    assert (tmp_path / "run.jsonl").read_bytes() == HEAD + b'{"type":"end"}\n'


CHILD = """
    import sys
    from pathlib import Path
    from robotvision.records import Answer, FrameRecord, TimedAnswer, Truth
    from robotvision.runs.log import RunLog

    log = RunLog(Path(sys.argv[1]))
    log.write("run", {"schema": 1})
    log.write("sequence", {"frames": 10**9})
    for i in range(10**9):
        timed = TimedAnswer(i, Answer("R" * (i % 2000), 0.5), i, i, i + 1)
        log.frame(FrameRecord.of(i, 0, timed, Truth("A")))
        sys.stdout.write(f"{i}\\n")
        sys.stdout.flush()
"""


@pytest.mark.parametrize("seed", range(4))
def test_kill_9_loses_no_line_that_was_written(seed: int, tmp_path: Path) -> None:
    """Each frame the child reported is in its log, whole."""
    path = tmp_path / "run.jsonl"
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(path)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    wanted = Random(seed).randrange(50, 1500)
    for _ in range(wanted):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    reported = wanted + child.stdout.read().count(b"\n")
    child.wait()
    child.stdout.close()
    record = read_log(path)
    frames = list(record.frames())
    assert reported <= len(frames) <= reported + 1
    assert [f.index for f in frames] == list(range(len(frames)))
    assert all(f.room == "R" * (f.index % 2000) for f in frames)
    assert path.read_bytes()[: record.valid_bytes].count(b"\n") == len(frames) + 2


def test_two_runs_never_write_one_log(tmp_path: Path) -> None:
    """While a log is open no other run opens it, and nothing of it is lost by the attempt."""
    path = tmp_path / "run.jsonl"
    first = RunLog(path)
    first.write("run", {"schema": 1})
    for keep in (None, 3):
        with pytest.raises(RobotVisionError, match="another run is being written there"):
            RunLog(path, keep_bytes=keep)
    assert path.read_bytes() == b'{"type":"run","schema":1}\n'
    first.close()
    RunLog(path, keep_bytes=path.stat().st_size).close()


def test_a_run_is_never_written_over(tmp_path: Path) -> None:
    """What is there stays to the byte, and the file is free for the run that goes on with it."""
    path = tmp_path / "run.jsonl"
    path.write_bytes(HEAD + SEQUENCE)
    with pytest.raises(RobotVisionError) as caught:
        RunLog(path)
    assert str(caught.value) == str(holds_a_run(tmp_path))
    assert str(caught.value) == (
        f"{tmp_path}: it holds a run already; give another --out, or go on with it by robotvision "
        f"run --resume {tmp_path}"
    )
    assert path.read_bytes() == HEAD + SEQUENCE
    log = RunLog(path, keep_bytes=len(HEAD))
    log.write("end", {"frames": 0})
    assert path.read_bytes() == HEAD + b'{"type":"end","frames":0}\n'
    log.cut(len(HEAD))
    log.write("end", {})
    log.sync()
    assert path.read_bytes() == HEAD + b'{"type":"end"}\n'
    log.close()


def test_what_was_killed_before_its_header_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(HEAD[:-1])
    log = RunLog(path)
    assert path.read_bytes() == b""
    log.write("run", {"schema": 1})
    log.close()
    assert path.read_bytes() == HEAD


def test_others_may_read_a_log_as_any_file(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        RunLog(tmp_path / "run.jsonl").close()
    finally:
        os.umask(before)
    assert (tmp_path / "run.jsonl").stat().st_mode & 0o777 == 0o644


def test_a_log_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "run.jsonl"
    for keep in (None, 7):
        with pytest.raises(RobotVisionError) as caught:
            RunLog(missing, keep_bytes=keep)
        assert str(caught.value) == f"{missing}: cannot be written (No such file or directory)"
    with pytest.raises(RobotVisionError, match="cannot be written"):
        RunLog(tmp_path / "run.jsonl", keep_bytes=0)
    assert not (tmp_path / "run.jsonl").exists()
    path = tmp_path / "run.jsonl"
    first = RunLog(path)
    with pytest.raises(RobotVisionError) as caught:
        RunLog(path)
    assert str(caught.value) == (
        f"{path}: another run is being written there; wait for its end, or give another --out"
    )
    first.close()


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    path = tmp_path / "run.jsonl"
    with pytest.raises(RobotVisionError) as caught:
        RunLog(path)
    assert str(caught.value) == f"{path}: cannot be written (No locks available)"


def test_a_full_disk_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "run.jsonl"
    log = RunLog(path)
    expected = (
        f"{path}: cannot be written (No space left on device); the answers before are kept: make "
        f"room, then go on with robotvision run --resume {tmp_path}"
    )
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RobotVisionError) as caught:
        log.sync()
    assert str(caught.value) == expected
    file = log._file
    monkeypatch.setattr(log, "_file", SimpleNamespace(write=full))
    with pytest.raises(RobotVisionError) as caught:
        log.write("run", {"schema": 1})
    assert str(caught.value) == expected
    file.close()


def test_a_log_has_its_header_or_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    assert not has_header(path)
    path.write_bytes(HEAD[:-1])
    assert not has_header(path)
    path.write_bytes(HEAD)
    assert has_header(path)
    with pytest.raises(RobotVisionError) as caught:
        has_header(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read (Is a directory)"


def test_reading_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    for raw in (HEAD, b""):
        (tmp_path / "run.jsonl").write_bytes(raw)
        for switch in (gc.disable, gc.enable):
            switch()
            try:
                read_log(tmp_path)
            except InputFaults:
                assert not raw
            assert gc.isenabled() == (switch is gc.enable)


def test_no_log_is_named_with_what_to_give(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(InputFaults) as caught:
        read_log(tmp_path)
    assert str(caught.value) == (
        f"{path}: cannot be read (No such file or directory); give a run folder or its run.jsonl"
    )
    path.write_bytes(SEQUENCE)
    with pytest.raises(InputFaults) as caught:
        read_log(path)
    assert str(caught.value) == (
        f"{path}:1: expected a run log, whose first line has type 'run'; give the run.jsonl of a "
        "run folder"
    )
    path.write_bytes(HEAD + FRAME)
    with pytest.raises(InputFaults) as caught:
        read_log(path)
    assert str(caught.value) == (
        f"{path}:2: a 'frame' line without a 'sequence' line before it; give the run.jsonl of a "
        "run folder"
    )


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("9" * 40, None),
        ("9" * 41, f"({'9' * 40}... is not a number)"),
        ("1e308", None),
        ("1e309", "(1e309 is not a number)"),
        ("-NaN", "(Expecting value"),
    ],
)
def test_numbers_that_are_none_are_refused(tmp_path: Path, number: str, fault: str | None) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(HEAD[:-2] + f',"seed":{number}}}\n'.encode())
    if fault is None:
        assert read_log(path).about["seed"] == json.loads(number)
        return
    with pytest.raises(InputFaults) as caught:
        read_log(path)
    assert f"{path}:1: not a line of a run log {fault}" in str(caught.value)


@pytest.mark.parametrize("name", ["ä", "d\udcff"], ids=["Unicode", "a lone surrogate"])
def test_a_line_is_the_same_json_whatever_its_text(tmp_path: Path, name: str) -> None:
    """NumPy's scalars, read-only mappings and numbers that are none, beside any file name."""
    path = tmp_path / "run.jsonl"
    log = RunLog(path)
    about = {"b": np.float64(0.5), "c": MappingProxyType({"d": [float("nan"), 1.5, True]})}
    log.write("run", {"path": name, **about})
    log.close()
    (line,) = path.read_text("utf-8").splitlines()
    assert line.endswith('"b":0.5,"c":{"d":[null,1.5,true]}}')
    assert line.startswith('{"type":"run","path":"')
    assert json.loads(line)["path"] == name
