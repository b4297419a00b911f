"""What Codabench takes of a competition bundle, restated so that a mistake shows before the upload.

After its unpacker for bundles of version 2, its serializers and the lengths of its data base's
columns, as published at https://github.com/codalab/codabench in 2026. There a fault in one place
makes the whole upload fail, mostly without saying which:

* phases follow one another; one that begins in the second in which another ends is refused;
* a moment is text (a bare YAML moment loses its time of day) in UTC (a time zone is dropped);
* a title of a column has at most 36 characters; each question of the fact sheet has six keys;
* the scoring program has a ``metadata.yaml`` with a command; no page is empty.

Keys that it would not read are refused, too: they are misspelt.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field

from robotvision.contest.schema import at_least_one
from robotvision.errors import Fault, InputFaults, raise_faults
from robotvision.submissions.zipfiles import read_zip
from robotvision.yamlfile import Document, Strict, loads, validate

COMPETITION, METADATA = "competition.yaml", "metadata.yaml"
MAX_TITLE = 36
"""Of a column."""
MAX_FACT_SHEET = 4096
"""Characters."""
RULES = (
    "Add",
    "Add_And_Delete",
    "Add_And_Delete_Multiple",
    "Force_Last",
    "Force_Latest_Multiple",
    "Force_Best",
)
"""Which submissions of a participant the leaderboard shows."""


def _at_most(limit: int) -> AfterValidator:
    """Return the check of a text that has some characters, and no more than the platform takes."""

    def check(text: str) -> str:
        if not 0 < len(text) <= limit:
            raise ValueError(f"expected text of 1 to {limit} characters, got {len(text)}")
        return text

    return AfterValidator(check)


def _moment(text: str) -> str:
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise ValueError(f"expected UTC like 2027-06-01 00:00:00, got {text!r}") from None
    return text


def is_address(text: str) -> bool:
    """Return whether a text is an address that mail may be sent to, as far as its form tells."""
    return re.fullmatch(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+", text) is not None


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"expected an address like chair@example.org, got {text!r}")
    return text


def _rule(name: str) -> str:
    if name not in RULES:
        raise ValueError(f"expected one of {', '.join(RULES)}, got {name!r}")
    return name


Key = Annotated[str, _at_most(36)]
Name = Annotated[str, _at_most(256)]
UtcMoment = Annotated[str, AfterValidator(_moment)]
Count = Annotated[int, Field(ge=1)]
SOME = AfterValidator(at_least_one)


class BundlePage(Strict):
    """A page."""

    title: Name
    file: str


class BundleTask(Strict):
    """What a phase scores: a program and its data, archives in the bundle."""

    index: int = Field(ge=0)
    name: Name
    description: str = ""
    scoring_program: str
    reference_data: str | None = None
    ingestion_program: str | None = None
    input_data: str | None = None
    ingestion_only_during_scoring: bool = False

    @property
    def archives(self) -> list[str]:
        """The archives that it names."""
        named = [self.scoring_program, self.reference_data, self.ingestion_program, self.input_data]
        return [name for name in named if name is not None]


class BundlePhase(Strict):
    """A phase."""

    index: int = Field(default=0, ge=0)
    name: Name
    description: str = ""
    start: UtcMoment
    end: UtcMoment | None = None
    tasks: Annotated[tuple[int, ...], SOME]
    max_submissions: Count | None = 100
    max_submissions_per_day: Count | None = 5
    execution_time_limit: Count = 600
    auto_migrate_to_this_phase: bool = False
    hide_output: bool = False
    hide_prediction_output: bool = False
    hide_score_output: bool = False
    accepts_only_result_submissions: bool = False
    public_data: str | None = None
    starting_kit: str | None = None


class BundleColumn(Strict):
    """A column of the leaderboard."""

    title: Annotated[str, _at_most(MAX_TITLE)]
    key: Key
    index: int = Field(ge=0)
    sorting: Literal["desc", "asc"] = "desc"
    computation: Literal["sum", "avg", "min", "max"] | None = None
    computation_indexes: tuple[int, ...] | None = None
    precision: int = Field(default=2, ge=0)
    hidden: bool = False


class BundleBoard(Strict):
    """A leaderboard; the platform reads the first one alone."""

    title: Annotated[str, _at_most(64)]
    key: Key
    submission_rule: Annotated[str, AfterValidator(_rule)] = "Add"
    hidden: bool = False
    columns: Annotated[tuple[BundleColumn, ...], SOME]


class BundleQuestion(Strict):
    """A question of the fact sheet; all six keys must be there, yes and no as text."""

    key: Annotated[str, Field(pattern=r"^\S+$")]
    type: Literal["checkbox", "text", "select"]
    title: Name
    selection: str | list[Any]
    is_required: Literal["true", "false"]
    is_on_leaderboard: Literal["true", "false"]


class BundleForm(Strict):
    """``competition.yaml``."""

    version: Literal[2]
    title: Name
    description: str = ""
    image: str
    terms: str
    docker_image: str = "codalab/codalab-legacy:py37"
    registration_auto_approve: bool = False
    make_programs_available: bool = False
    make_input_data_available: bool = False
    enable_detailed_results: bool = False
    show_detailed_results_in_submission_panel: bool = True
    show_detailed_results_in_leaderboard: bool = True
    auto_run_submissions: bool = True
    can_participants_make_submissions_public: bool = True
    forum_enabled: bool = True
    contact_email: Annotated[Name, AfterValidator(_address)] | None = None
    reward: Name | None = None
    queue: str | None = None
    pages: Annotated[tuple[BundlePage, ...], SOME]
    fact_sheet: dict[str, BundleQuestion] = {}
    tasks: Annotated[tuple[BundleTask, ...], SOME]
    phases: Annotated[tuple[BundlePhase, ...], SOME]
    leaderboards: Annotated[tuple[BundleBoard, ...], SOME]


def check_bundle(path: Path) -> None:
    """Check a bundle that was written, and perhaps changed by hand.

    Raises
    ------
    InputFaults
        Whatever the platform would not take.
    """
    require_taken(read_zip(path))


def require_taken(files: Mapping[str, bytes]) -> None:
    """Require that the platform takes a bundle of these files.

    Raises
    ------
    InputFaults
        Whatever it would not take, each with its line in ``competition.yaml``.
    """
    if COMPETITION not in files:
        raise InputFaults(Fault(COMPETITION, "is not in the bundle, at its top"))
    document = loads(files[COMPETITION], COMPETITION)
    about = validate(document, BundleForm)
    programs = {name: _command(raw) for name, raw in files.items() if _is_archive(raw)}
    faults = [
        *_faults_of_files(document, about, files),
        *_faults_of_tasks(document, about, programs),
        *_faults_of_phases(document, about),
        *_faults_of_moments(document, files[COMPETITION]),
        *_faults_of_board(document, about),
        *_faults_of_questions(document, about),
    ]
    raise_faults(faults)


def _faults_of_files(
    document: Document, about: BundleForm, files: Mapping[str, bytes]
) -> Iterator[Fault]:
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("image",), about.image),
        (("terms",), about.terms),
        *((("pages", i, "file"), page.file) for i, page in enumerate(about.pages)),
    ]
    for where, name in named:
        if name not in files:
            yield document.fault(where, f"{name} is not in the bundle")
        elif not files[name].strip():
            yield document.fault(where, f"{name} is empty")
    for i, phase in enumerate(about.phases):
        for key in ("public_data", "starting_kit"):
            name = getattr(phase, key)
            if name is not None and not _is_archive(files.get(name, b"")):
                yield document.fault(("phases", i, key), f"{name} is no zip file in the bundle")


def _is_archive(raw: bytes) -> bool:
    return zipfile.is_zipfile(io.BytesIO(raw))


def _command(raw: bytes) -> str:
    """Return what an archive would be started by; empty where it is no program."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if METADATA not in packed.namelist():
            return ""
        try:
            about = yaml.safe_load(packed.read(METADATA))
        except yaml.YAMLError:
            return ""
    return str(about.get("command") or "") if isinstance(about, dict) else ""


def _faults_of_tasks(
    document: Document, about: BundleForm, programs: Mapping[str, str]
) -> Iterator[Fault]:
    """Yield what is wrong with tasks; ``programs`` holds the command of each archive."""
    for i, n in _repeated([task.index for task in about.tasks]):
        yield document.fault(("tasks", i, "index"), f"the index {n} is there twice")
    for i, task in enumerate(about.tasks):
        for name in task.archives:
            if name not in programs:
                yield document.fault(("tasks", i), f"{name} is no zip file in the bundle")
        if programs.get(task.scoring_program) == "":
            text = f"{task.scoring_program} has no {METADATA} with a command at its top"
            yield document.fault(("tasks", i, "scoring_program"), text)


def _faults_of_phases(document: Document, about: BundleForm) -> Iterator[Fault]:
    known = {task.index for task in about.tasks}
    for i, phase in enumerate(about.phases):
        for index in sorted({*phase.tasks} - known):
            yield document.fault(("phases", i, "tasks"), f"no task has the index {index}")
        if phase.end is not None and phase.end <= phase.start:
            text = f"expected a moment after the start, {phase.start}"
            yield document.fault(("phases", i, "end"), text)
    in_order = sorted(enumerate(about.phases), key=lambda item: item[1].index)
    if in_order[0][1].auto_migrate_to_this_phase:
        text = "the first phase has none before it to take submissions from"
        yield document.fault(("phases", in_order[0][0], "auto_migrate_to_this_phase"), text)
    for (i, before), (j, after) in pairwise(in_order):
        if before.end is None:
            text = "expected an end, since a phase follows"
            yield document.fault(("phases", i), text)
        elif after.start <= before.end:
            text = f"expected a moment after the end of the phase before, {before.end}"
            yield document.fault(("phases", j, "start"), text)


def _faults_of_moments(document: Document, raw: bytes) -> Iterator[Fault]:
    """Yield moments that YAML itself reads as such."""
    for i, phase in enumerate(yaml.safe_load(raw)["phases"]):
        for key in ("start", "end"):
            if not isinstance(phase.get(key, ""), str | None):
                text = "a bare moment loses its time of day on the platform"
                yield document.fault(("phases", i, key), text, "put it in quotes")


def _faults_of_board(document: Document, about: BundleForm) -> Iterator[Fault]:
    for b, board in enumerate(about.leaderboards):
        for i, key in _repeated([column.key for column in board.columns]):
            where = ("leaderboards", b, "columns", i, "key")
            yield document.fault(where, f"the key {key!r} is there twice")


def _faults_of_questions(document: Document, about: BundleForm) -> Iterator[Fault]:
    for key, question in about.fact_sheet.items():
        if key != question.key:
            text = f"expected the key that it stands under, {key!r}"
            yield document.fault(("fact_sheet", key, "key"), text)
        if question.type == "text" and question.selection != "":
            yield document.fault(("fact_sheet", key, "selection"), 'expected "" for a text')
        if question.type != "text" and not isinstance(question.selection, list):
            yield document.fault(("fact_sheet", key, "selection"), "expected a list of answers")
    size = len(str({k: q.model_dump() for k, q in about.fact_sheet.items()}))
    if size > MAX_FACT_SHEET:
        text = f"has {size} characters, and the platform takes {MAX_FACT_SHEET}"
        yield document.fault(("fact_sheet",), text)


def _repeated(items: Sequence[Any]) -> list[tuple[int, Any]]:
    """Return the places of items that were there before."""
    seen: Counter[Any] = Counter()
    found = []
    for i, item in enumerate(items):
        if seen[item]:
            found.append((i, item))
        seen[item] += 1
    return found
