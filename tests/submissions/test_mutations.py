"""Ten thousand broken files: never a traceback, and never a wrong file taken in silence.

Each mutant of a good file goes through our reader and through a slow parser written apart from it.
Either both refuse it, or both read the same answers.
"""

from __future__ import annotations

import csv
import io
import random
import re
from pathlib import Path

import numpy as np
import pytest

from robotvision.errors import RobotVisionError
from robotvision.records import Answer
from robotvision.submissions.checker import check_run_file
from robotvision.submissions.runfile import Key, write_run_file
from robotvision.submissions.truthfile import FrameSet, TruthTable, read_truth
from robotvision.tasks import load_task
from robotvision.tasks.model import Task

Answers = dict[Key, tuple[str | None, dict[str, bool]]]
SPLICES = (
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"  ",
    b"\t",
    b'"',
    b",",
    b";",
    b"!",
    b"-1",
    b"0",
    b"9" * 20,
    b"Corridor",
    b"Toilet ",
    b"Unknown",
    b"Chair",
    b"index",
    b": ",
    b"[",
    b"]",
    b"{",
    b"}",
    b"#",
    b"&a",
    b"*a",
    b"!!x",
    b"1e999",
    b"null",
    "\u0663".encode(),
    "\u00e9".encode(),
    "\u00e9".encode("latin-1"),
)


def mutate(raw: bytes, rng: random.Random) -> bytes:
    """Return ``raw`` with one to three things wrong: bits, bytes, words, lines, its length."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(raw) + 1)
        lines = raw.split(b"\n")
        kind = rng.randrange(9)
        if kind == 0 and raw:
            at = min(at, len(raw) - 1)
            raw = raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]
        elif kind in (1, 2):
            raw = raw[:at] + rng.choice(SPLICES) + raw[at:]
        elif kind == 3:
            raw = raw[:at] + raw[at + rng.randrange(1, 12) :]
        elif kind == 4:
            raw = raw[:at]
        elif kind == 5:
            i = rng.randrange(len(lines))
            raw = b"\n".join(lines[:i] + lines[i : i + 1] * rng.choice((0, 2)) + lines[i + 1 :])
        elif kind == 6:
            i, k = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i], lines[k] = lines[k], lines[i]
            raw = b"\n".join(lines)
        elif kind == 7:
            i, k = rng.randrange(len(lines)), rng.randrange(len(lines))
            cut = rng.randrange(len(lines[i]) + 1)
            lines[i] = lines[i][:cut] + lines[k][cut:]
            raw = b"\n".join(lines)
        else:
            raw = raw.replace(b"\n", b"\r\n") if rng.random() < 0.5 else b"\xef\xbb\xbf" + raw
    return raw


def plain_lines(raw: bytes) -> list[str] | None:
    """Return the lines of a file, empty ones at its end left out; None where it is not text."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return None
    lines = [line[:-1] if line.endswith("\r") else line for line in text.split("\n")]
    while lines and not lines[-1].strip(" \t\r"):
        lines.pop()
    return lines


def parse_line(line: str, task: Task) -> tuple[str, str | None, dict[str, bool]] | None:
    """Return key, room and objects of one line by the rules of the task's form, or None."""
    form = task.run_file.form
    words: list[str] = []
    if form == "frame_room":
        try:
            rows = list(
                csv.reader(
                    io.StringIO(line.rstrip(" "), newline=""), strict=True, skipinitialspace=True
                )
            )
        except csv.Error:
            return None
        if len(rows) != 1 or len(rows[0]) != 2:
            return None
        key, room = rows[0][0], rows[0][1].strip(" ")
    else:
        found = re.fullmatch(r"([0-9]+)(?: (.*))?", line, re.DOTALL)
        if not found:
            return None
        key, rest = found[1], found[2] or ""
        if form == "number_room":
            room = rest.strip(" ")
        else:
            room, *words = rest.split(" ")
    if room and room not in task.labels:
        return None
    stated: dict[str, bool] = {}
    for word in filter(None, words):
        name = word[1:] if word[0] == "!" else word
        if name not in task.objects or name in stated:
            return None
        stated[name] = word[0] != "!"
    return key, room or None, stated


def reference(raw: bytes, task: Task) -> Answers | None:
    """Return the answers of a run file, or None where it has a fault."""
    answers: Answers = {}
    lines = plain_lines(raw)
    for line in lines or []:
        parsed = parse_line(line, task)
        if parsed is None:
            return None
        text, room, stated = parsed
        is_number = re.fullmatch(r"[0-9]{1,18}", text) is not None
        key: Key = int(text) if is_number else text
        if not is_number and (task.run_file.form != "frame_room" or not text.isprintable()):
            return None
        if is_number and int(text) < task.run_file.first_number:
            return None
        if not text or key in answers or len({type(k) for k in (*answers, key)}) > 1:
            return None
        answers[key] = room, stated
    return answers or None


def good_runs() -> dict[str, tuple[Task, list[tuple[Key, Answer]]]]:
    rng = random.Random(2)
    runs = {}
    for name in ("imageclef2012", "imageclef2009", "named", "imageclef2014"):
        task = load_task("imageclef2009" if name == "named" else name)
        answers: list[tuple[Key, Answer]] = []
        for i in range(1, 13):
            stated = {o: rng.random() < 0.5 for o in task.objects if rng.random() < 0.7}
            answer = Answer(rng.choice([*task.labels, None]), objects=stated)
            answers.append((f"t{i}.5_rBO.png" if name == "named" else i, answer))
        runs[name] = task, answers
    return runs


@pytest.mark.parametrize("name", ["imageclef2012", "imageclef2009", "named", "imageclef2014"])
def test_run_files(name: str, tmp_path: Path) -> None:
    task, answers = good_runs()[name]
    path, rng = tmp_path / "run.txt", random.Random(f"run {name}")
    write_run_file(path, task, answers)
    good = path.read_bytes()
    assert reference(good, task) == {k: (a.room, dict(a.objects)) for k, a in answers}
    n_accepted = n_refused = 0
    for _ in range(1900):
        raw = mutate(good, rng)
        path.write_bytes(raw)
        expected = reference(raw, task)
        result = check_run_file(path, task)
        if result.answers is None:
            n_refused += 1
            assert expected is None, raw
            assert all(f.message for f in result.faults)
        else:
            n_accepted += 1
            assert {k: (a.room, dict(a.objects)) for k, a in result.answers} == expected, raw
    assert n_accepted > 100
    assert n_refused > 500


def reference_truth(raw: bytes) -> dict[int, tuple[str, set[str]]] | None:
    """Return the truth of a table row by row, or None where it has a fault."""
    lines = plain_lines(raw)
    if not lines:
        return None
    rows = []
    for line in lines:
        try:
            cells = list(csv.reader(io.StringIO(line, newline=""), strict=True))
        except csv.Error:
            return None
        rows.append(cells[0] if len(cells) == 1 else [])
        if len(cells) > 1:
            return None
    header = [cell.strip() for cell in rows[0]]
    if not {"index", "room"} <= set(header) or len(set(header)) < len(header):
        return None
    truth: dict[int, tuple[str, set[str]]] = {}
    for line, row in zip(lines[1:], rows[1:], strict=True):
        if not line.strip():
            continue
        if len(row) != len(header) or "\r" in line:
            return None
        cell = dict(zip(header, row, strict=True))
        index, room = cell["index"].strip(" "), cell["room"].strip(" ")
        if not re.fullmatch(r"[0-9]{1,18}", index) or not room:
            return None
        if not (room + cell.get("objects", "")).isprintable():
            return None
        if int(index) in truth:
            return None
        truth[int(index)] = (
            room,
            {o.strip() for o in cell.get("objects", "").split(";") if o.strip()},
        )
    return truth or None


def truth_or_faults(path: Path) -> TruthTable | RobotVisionError:
    try:
        return read_truth(path)
    except RobotVisionError as e:
        return e


@pytest.mark.parametrize("has_objects", [False, True])
def test_truth_tables(has_objects: bool, tmp_path: Path) -> None:
    path, rng = tmp_path / "truth.csv", random.Random(f"truth {has_objects}")
    rows = [f"{i},{rng.choice(['Corridor', 'Toilet', 'Hall'])}" for i in range(12)]
    if has_objects:
        rows = [row + rng.choice([",", ",Chair", ",Chair;Trash"]) for row in rows]
    good = "\n".join(["index,room" + ",objects" * has_objects, *rows, ""]).encode()
    n_accepted = 0
    for _ in range(900):
        raw = mutate(good, rng)
        path.write_bytes(raw)
        expected = reference_truth(raw)
        found = truth_or_faults(path)
        if isinstance(found, RobotVisionError):
            assert expected is None, raw
            assert str(path) in str(found)
            continue
        n_accepted += 1
        assert expected is not None, raw
        assert {
            int(i): (found.rooms[c], {o for o, s in zip(found.objects, seen, strict=True) if s})
            for i, c, seen in zip(found.frames.indices, found.codes, found.seen, strict=True)
        } == expected, raw
    assert n_accepted > 50


def test_task_files(tmp_path: Path) -> None:
    """A mutant is a task with rooms and points that fit together, or a list of faults in it."""
    path, rng = tmp_path / "own.yaml", random.Random("task")
    good = (
        b"id: own\nrooms: [Corridor, Toilet, Hall]\nunknown: Unknown\nobjects: [Chair, Trash]\n"
        b"points:\n  room: {correct: 1, wrong: -0.5, unanswered: 0}\n  objects:\n"
        b"    stated_present: {present: 1, absent: -0.25}\n"
        b"run_file: {form: frame_room, digits: 5}\n"
        b"test_sets:\n  - {name: easy}\nfacts:\n  points.room: {status: own}\n"
    )
    n_accepted = 0
    for _ in range(700):
        path.write_bytes(mutate(good, rng))
        try:
            task = load_task(str(path))
        except RobotVisionError:
            continue
        n_accepted += 1
        assert len(set(task.labels)) == len(task.labels) > 0
        assert task.points.room.correct > task.points.room.wrong
        assert load_task(str(path)) == task
    assert n_accepted > 30


def test_a_mutant_never_earns_more_than_the_frames_it_answers(tmp_path: Path) -> None:
    """Whatever is accepted answers frames of the set only, each once."""
    task, answers = good_runs()["imageclef2012"]
    frames = FrameSet("set", np.arange(12))
    path, rng = tmp_path / "run.txt", random.Random("set")
    write_run_file(path, task, answers)
    good = path.read_bytes()
    for _ in range(500):
        path.write_bytes(mutate(good, rng))
        result = check_run_file(path, task, frames)
        if result.positions is not None:
            assert len(set(result.positions.tolist())) == len(result.positions)
            assert result.n_missing == 12 - len(result.positions)
