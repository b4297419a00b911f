"""Hold a contest of 40 teams with 3 runs each, some of them faulty, and time each step.

Answers are the truth of two sequences of the generated building, made worse: each team has a skill,
each run a little more or less of it; errors come in stretches, as those of real systems do, and
some runs keep silent where they are unsure. Ten runs have a fault of the kinds that are common.

::

    python scripts/contest_of_40.py --out /tmp/forty
    python scripts/contest_of_40.py --out /tmp/four --teams 4 --faulty 2
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from robotvision.contest import add, boards, init, open_contest_file, publish, receive
from robotvision.contest.board_table import board_tables
from robotvision.contest.file import ContestSetup
from robotvision.report.console import out, titled
from robotvision.submissions.card import Card
from robotvision.submissions.pack import MANIFEST, parse_pack, write_pack
from robotvision.submissions.truthfile import TruthTable
from robotvision.submissions.zipfiles import read_zip
from robotvision.tasks.model import Task
from robotvision.writing import make_folder, new_folder

ROOT = Path(__file__).resolve().parents[1]
SETS = {"building_sunny": "sunny", "building_night": "night"}
RUNS = 3
ROOM = "Corridor"
BASELINE = "always the corridor"
SHOWN = 12
"""Rows of a board that are printed; the site has them all."""
TASK = """\
id: forty
title: A contest of {n} teams
question: Where are you? Nine rooms of a generated building.
rooms: [{rooms}]
points:
  room: {{correct: 1, wrong: -0.5, unanswered: 0}}
run_file: {{form: number_room, digits: 5, first_number: 1}}
"""
FAULTS: dict[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "from 0": lambda text: "".join(
        f"{int(number) - 1:05d} {room}\n" for number, room in _answers(text)
    ),
    "a header line": lambda text: f"frame room\n{text}",
    "another form": lambda text: "".join(f'"{n}","{room}"\n' for n, room in _answers(text)),
    "a line twice": lambda text: text + text.splitlines()[0] + "\n",
}


def _answers(text: str) -> list[tuple[str, str]]:
    return [(line[:5], line[6:].strip()) for line in text.splitlines()]


@contextmanager
def timed(what: str, times: dict[str, float]) -> Iterator[None]:
    """Note how long a step takes, in seconds."""
    begun = time.perf_counter()
    yield
    times[what] = time.perf_counter() - begun


def degraded(truth: TruthTable, task: Task, skill: float, rng: np.random.Generator) -> str:
    """Return a run file whose answers are right in about a share ``skill`` of the frames.

    Errors come in stretches of about 6 frames; in a third of them there is no answer.
    """
    first = task.run_file.first_number
    lines, is_wrong, room = [], False, None
    for index, code in zip(truth.frames.indices, truth.codes, strict=True):
        if rng.random() < 1 / 6:
            is_wrong = bool(rng.random() > skill)
            room = None if rng.random() < 1 / 3 else str(rng.choice(task.room_names))
        answer = room if is_wrong else truth.rooms[code]
        lines.append(f"{index + first:05d} {answer or ' '}\n")
    return "".join(lines)


def write_runs(setup: ContestSetup, inbox: Path, teams: int, faulty: int, seed: int) -> None:
    """Write a pack for each run; ``faulty`` of them have a fault in their second test set."""
    rng = np.random.default_rng(seed)
    contest = setup.contest("test")
    broken = set(rng.choice(teams * RUNS, size=faulty, replace=False).tolist())
    make_folder(inbox)
    for number in range(teams * RUNS):
        team, k = divmod(number, RUNS)
        if k == 0:
            skill = float(rng.uniform(0.35, 0.97))
        files = {}
        for i, (name, table) in enumerate(contest.sets.items()):
            share = min(max(skill - 0.12 * i + float(rng.normal(0, 0.03)), 0.05), 0.99)
            files[name] = inbox / f".{name}.txt"
            files[name].write_text(degraded(table, contest.task, share, rng))
        card = Card(
            group=f"T{team + 1:02d}",
            method=f"degraded truth, skill {skill:.2f}",
            retrieval="visual",
            run_type="automatic",
            mode="optional" if team % 8 == 7 else "obligatory",
            time_per_frame_ms=round(float(rng.uniform(1, 80)), 1),
            machine="a script",
            additional_resources="the truth",
            primary=k == 0,
        )
        pack = inbox / f"T{team + 1:02d}-{k + 1}.zip"
        write_pack(pack, contest.task, card, files)
        if number in broken:
            spoil(pack, list(contest.sets)[-1], list(FAULTS)[number % len(FAULTS)], card, setup)
        for path in files.values():
            path.unlink()


def spoil(pack: Path, name: str, fault: str, card: Card, setup: ContestSetup) -> None:
    """Put a faulty run file in a pack, sealed as if nothing were wrong."""
    import hashlib
    import json
    import zipfile

    files = dict(read_zip(pack))
    inner = parse_pack(files).manifest.sets[name]
    files[inner] = FAULTS[fault](files[inner].decode()).encode()
    about = json.loads(files[MANIFEST])
    for entry in about["files"]:
        raw = files[entry["path"]]
        entry |= {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    files[MANIFEST] = json.dumps(about).encode()
    with zipfile.ZipFile(pack, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry_name, raw in files.items():
            archive.writestr(entry_name, raw)


def write_baseline(setup: ContestSetup, folder: Path) -> None:
    """Write a run that answers the same room everywhere."""
    contest = setup.contest("test")
    make_folder(folder)
    for name, table in contest.sets.items():
        first = contest.task.run_file.first_number
        lines = (f"{index + first:05d} {ROOM}\n" for index in table.frames.indices)
        (folder / f"{name}.txt").write_text("".join(lines))


def begin(folder: Path, teams: int) -> ContestSetup:
    """Write the task and the contest."""
    truths = [ROOT / "sequences" / name for name in SETS]
    rooms = sorted(
        {
            row.split(",")[1]
            for t in truths
            for row in (t / "truth.csv").read_text().splitlines()[1:]
        }
    )
    task = make_folder(folder) / "forty.yaml"
    task.write_text(TASK.format(n=teams, rooms=", ".join(rooms)))
    setup = init(folder / "contest", str(task), truths)
    write_baseline(setup, folder / "baseline")
    text = setup.path.read_text()
    text = text.replace("baselines: []", f"baselines: [{{name: {BASELINE}, run: ../baseline}}]")
    for light in SETS.values():
        text = text.replace("conditions: {}", f"conditions: {{light: {light}}}", 1)
    setup.path.write_text(text)
    return open_contest_file(setup.path)


def main(arguments: list[str] | None = None) -> int:
    """Hold the contest and print times and boards."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument("--teams", type=int, default=40)
    parser.add_argument("--faulty", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    times: dict[str, float] = {}
    with new_folder(options.out):
        pass
    with timed("call", times):
        setup = begin(options.out, options.teams)
        publish(setup, [], options.out / "call")
    with timed("(write the packs)", times):
        write_runs(setup, options.out / "inbox", options.teams, options.faulty, options.seed)
    with timed("add", times):
        added = add(setup, [options.out / "inbox"])
    with timed("check", times):
        received = receive(setup)
    with timed("rank", times):
        found = boards(setup, received)
        for board in found:
            _ = board.standings
    with timed("publish", times):
        publish(setup, found, options.out / "site")
    console = out()
    for board in found:
        console.print(f"{board.mode}: {len(board.rows)} runs, {len(board.apart)} apart")
        for table in board_tables(board):
            shown = table.without()
            console.print(titled(replace(shown, rows=shown.rows[:SHOWN])))
    refused = sum(not a.verdict.is_accepted for a in added)
    print(f"{len(added)} runs received, {refused} refused")
    for what, seconds in times.items():
        print(f"{what:>20} {seconds:7.2f} s")
    print(f"the board: {options.out / 'site' / 'index.html'}")
    return 0 if refused == options.faulty else 1


if __name__ == "__main__":
    raise SystemExit(main())
