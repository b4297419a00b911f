"""What was received in a contest: an append-only record, a folder a submission.

::

    submissions/<team>/<run>-<digest>/
        record.json       number, team, run, when it came, sha256, mode, whether it is primary
        <file>            as it was handed in (a folder as a zip file)
        withdrawn.json    when it was withdrawn; nothing is ever deleted

A submission appears whole or not at all. The same bytes of the same team in the same phase are the
same submission; handed in in another phase, or again once withdrawn, they are another one, whose
folder ends in ``-2``.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path

from pydantic import Field

from robotvision.contest.codabench.archive import archive
from robotvision.contest.file import ContestSetup, now
from robotvision.contest.leaderboard.names import slug
from robotvision.contest.schema import Moment, as_moment
from robotvision.contest.verdict import EntryVerdict, unopened, verdict
from robotvision.errors import (
    Fault,
    InputFaults,
    RobotVisionError,
    near,
    not_readable,
    printable,
    raise_faults,
)
from robotvision.regular_file import read_regular
from robotvision.submissions.handed_in import ZIP, archives_in, choose_runs, read_files
from robotvision.submissions.pack import MANIFEST
from robotvision.submissions.similarity import team_of
from robotvision.submissions.testsets import SUFFIXES
from robotvision.submissions.zipfiles import KIND, MAX_BYTES, read_zip
from robotvision.writing import new_folder, write_text
from robotvision.yamlfile import Strict, load, validate

FOLDER = "submissions"
RECORD, WITHDRAWN = "record.json", "withdrawn.json"
SCHEMA = 1
_DIGITS = 12
"""Of the digest, in the name of a folder."""


class EntryRecord(Strict):
    """``record.json``."""

    schema_: int = Field(alias="schema")
    number: int = Field(ge=1)
    team: str
    run: str
    received: Moment
    phase: str
    sha256: str
    file: str
    mode: str = ""
    primary: bool = False
    task: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission that was received.

    Parameters
    ----------
    folder : Path
    record : EntryRecord
    is_withdrawn : bool
    """

    folder: Path
    record: EntryRecord
    is_withdrawn: bool

    @property
    def path(self) -> Path:
        """What was handed in."""
        return self.folder / self.record.file

    @property
    def key(self) -> str:
        """``team/run-digest``, by which it is named in commands."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def name(self) -> str:
        """Team and run, as tables show it."""
        team, run = self.record.team, self.record.run
        return run if run.casefold().startswith(team.casefold()) else f"{team}_{run}"

    @property
    def received(self) -> datetime:
        """When it came."""
        return as_moment(self.record.received)


@dataclass(frozen=True, slots=True, eq=False)
class Added:
    """What became of one thing that was handed in.

    Parameters
    ----------
    path : Path
    verdict : EntryVerdict
    submission : Submission or None
        None where it could not even be kept.
    is_new : bool
        False: the same bytes had been received in this phase before.
    """

    path: Path
    verdict: EntryVerdict
    submission: Submission | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of a submission beside what it says itself.

    Parameters
    ----------
    team : str or None
        Who handed it in; else as its card says, else as its name does.
    received : datetime or None
        When it came, with a time zone; None: now.
    phase : str or None
        What it counts for; None: the phase that was open.
    is_primary : bool
        Whether it is the team's primary run, whatever its card says.
    task : str or None
        What it answers, where the contest has several tasks; None: as a pack says.
    """

    team: str | None = None
    received: datetime | None = None
    phase: str | None = None
    is_primary: bool = False
    task: str | None = None


def add(
    setup: ContestSetup, paths: Sequence[Path], delivery: Delivery | None = None
) -> list[Added]:
    """Receive packs, zip files, run files, or folders of them; return what became of each.

    A zip file that holds zip files, as Codabench gives several submissions, is as many. Refused
    ones are kept, too: they are listed with their faults and use up no limit.

    Raises
    ------
    RobotVisionError
        No phase has begun, a path does not exist, there is no such task, or nothing can be written.
    """
    delivery = delivery or Delivery()
    when = delivery.received or now()
    phase = setup.known_phase(delivery.phase) if delivery.phase else setup.phase_of(when)
    tasks = [setup.known_task(delivery.task)] if delivery.task else list(setup.tasks)
    sets = [[s.name for s in setup.sets_of(phase, task)] for task in tasks]
    with tempfile.TemporaryDirectory(prefix="robotvision-add-") as room:
        files = [
            file
            for path in paths
            for one in _each(path, sets)
            for file in _unpacked(one, Path(room))
        ]
        return [
            replace(_add_one(setup, file, delivery, when, phase), path=name) for name, file in files
        ]


def _each(path: Path, sets: Sequence[Sequence[str]]) -> list[Path]:
    """Return the submissions at a path: itself, or what a folder of submissions holds.

    ``sets`` are the test sets of each task.
    """
    if not path.exists():
        raise InputFaults(Fault(path, "no such file or folder", remedy="give what was handed in"))
    if not path.is_dir() or any(_is_one(path, names) for names in sets):
        return [path]
    entries = [p for p in sorted(path.iterdir()) if not p.name.startswith(".")]
    chosen = [p for p in entries if p.is_dir() or p.suffix.lower() in (*SUFFIXES, ZIP)]
    if not chosen:
        raise InputFaults(Fault(path, "nothing in it that could be a run"))
    return chosen


def _unpacked(path: Path, room: Path) -> list[tuple[Path, Path]]:
    """Return what to call each submission at a path, and where it lies; ``room`` takes new files.

    That is the path itself, unless it is a zip file of zip files.
    """
    try:
        files = read_zip(path) if path.suffix.lower() == ZIP and path.is_file() else {}
    except InputFaults:  # told by the verdict on it
        files = {}
    found = []
    for name in archives_in(files):
        place = Path(tempfile.mkdtemp(dir=room)) / Path(name).name
        place.write_bytes(files[name])
        found.append((path / name, place))
    return found or [(path, path)]


def _is_one(folder: Path, sets: Sequence[str]) -> bool:
    """Return whether a folder is one submission: a pack, or a run file for each of several sets."""
    if (folder / MANIFEST).is_file():
        return True
    try:
        choose_runs([p.name for p in folder.iterdir() if p.is_file()], sets)
    except InputFaults:
        return False
    return len(sets) > 1


def _add_one(
    setup: ContestSetup, path: Path, delivery: Delivery, when: datetime, phase: str
) -> Added:
    try:
        files, raw, name = _take(path)
    except InputFaults as e:
        return Added(path, unopened(e))
    try:
        task = setup.task_for(path, delivery.task)
        rules = setup.rules(phase, task)
    except RobotVisionError as e:  # it cannot be filed: whose inbox it is in has to say more
        untold = InputFaults(Fault(path, str(e), kind="task"))
        return Added(path, unopened(files if isinstance(files, InputFaults) else untold))
    result = unopened(files) if isinstance(files, InputFaults) else verdict(files, rules)
    card = result.card
    team = (card.group if card else None) or delivery.team or team_of(path.stem)
    if card and delivery.team and delivery.team.casefold() != card.group.casefold():
        text = f"handed in by {delivery.team}, and its card says {card.group}"
        fault = Fault(path, text, remedy="ask which is right", kind="team")
        return Added(path, unopened(InputFaults(fault)))
    digest = hashlib.sha256(raw).hexdigest()
    record = EntryRecord(
        schema=SCHEMA,
        number=1 + len(list(setup.place(FOLDER).glob(f"*/*/{RECORD}"))),
        team=printable(team),
        run=printable((result.entry.run if result.entry else "") or path.stem),
        received=when.isoformat(),
        phase=phase,
        sha256=digest,
        file=name,
        mode=card.mode if card else "",
        primary=delivery.is_primary or bool(card and card.primary),
        task=task,
    )
    target = first = _folder(setup, record)
    for number in count(2):
        if not (target / RECORD).is_file():
            break
        before = _read(target)
        is_same = (before.record.phase, before.record.task) == (phase, task)
        if is_same and not before.is_withdrawn:
            return Added(path, result, before)
        target = first.with_name(f"{first.name}-{number}")
    with new_folder(target) as part:
        (part / name).write_bytes(raw)
        text = json.dumps(record.model_dump(by_alias=True), indent=1)
        (part / RECORD).write_text(text + "\n", encoding="utf-8")
    return Added(path, result, _read(target), is_new=True)


def _take(path: Path) -> tuple[dict[str, bytes] | InputFaults, bytes, str]:
    """Return the files of a submission, or why it cannot be opened; its bytes; a name for them."""
    if path.is_dir():
        files = read_files(path)
        return files, archive(files), "folder.zip"
    try:
        raw = read_regular(path, MAX_BYTES)
    except OSError as e:
        raise not_readable(path, e, kind=KIND) from e
    name = f"{slug(path.stem)}{path.suffix.lower()}"
    try:
        return read_files(path), raw, name
    except InputFaults as e:
        return e, raw, name


def _folder(setup: ContestSetup, record: EntryRecord) -> Path:
    team = folder_name(record.team.casefold())
    return setup.place(FOLDER) / team / f"{slug(record.run)}-{record.sha256[:_DIGITS]}"


def folder_name(name: str) -> str:
    """Return a harmless name for a folder, another one for every other name."""
    plain = slug(name)
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def submissions(setup: ContestSetup) -> list[Submission]:
    """Return everything that was received, in the order in which it came.

    Raises
    ------
    InputFaults
        A record cannot be read; every fault.
    """
    found: list[Submission] = []
    faults: list[Fault] = []
    for path in sorted(setup.place(FOLDER).glob(f"*/*/{RECORD}")):
        try:
            found.append(_read(path.parent))
        except InputFaults as e:
            faults += e.faults
    raise_faults(faults)
    return sorted(found, key=lambda s: (s.received, s.record.number, s.key))


def _read(folder: Path) -> Submission:
    record = validate(load(folder / RECORD), EntryRecord)
    return Submission(folder, record, (folder / WITHDRAWN).is_file())


def withdraw(setup: ContestSetup, names: Sequence[str]) -> list[Submission]:
    """Withdraw submissions: they vanish from everything that is published, and stay recorded.

    Parameters
    ----------
    setup : ContestSetup
    names : sequence of str
        ``team/run-digest``, or a team's name and its run's as tables show them.

    Raises
    ------
    RobotVisionError
        A name is that of no submission, or of several.
    """
    known = submissions(setup)
    chosen = []
    for name in names:
        matches = [s for s in known if name in (s.key, s.name)]
        if len(matches) != 1:
            keys = [s.key for s in matches]
            told = (
                f"; give one of: {', '.join(keys)}" if keys else near(name, [s.name for s in known])
            )
            raise RobotVisionError(
                f"{len(matches)} submissions are called {name!r}{told}; "
                "robotvision contest check lists them"
            )
        chosen += matches
    for submission in chosen:
        if not submission.is_withdrawn:
            text = json.dumps({"schema": SCHEMA, "withdrawn": now().isoformat()}, indent=1)
            write_text(submission.folder / WITHDRAWN, text + "\n")
    return [_read(s.folder) for s in chosen]
