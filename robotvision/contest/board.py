"""The boards of a contest: for each phase, task and mode who is ranked, shown, or listed apart.

One run a team is ranked: the last one that it marked as primary, or where it marked none the last
one that counts. Its other runs are shown without a rank; so are baselines. Refused runs use up no
limit; those that came late, or over a limit, are listed apart and not scored. Withdrawn runs
vanish, but what they used up of a limit stays used: a limit bounds how often a team may ask.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from robotvision.contest.file import ContestSetup
from robotvision.contest.leaderboard.contest import Contest
from robotvision.contest.leaderboard.panels import NOT_STATED, BoardRow, Role, by_condition
from robotvision.contest.leaderboard.ranked import RankedRuns
from robotvision.contest.leaderboard.standings import part_standings
from robotvision.contest.schema import Baseline, HiddenSet, as_moment
from robotvision.contest.store import Submission, submissions
from robotvision.contest.verdict import EntryVerdict, verdict_on
from robotvision.errors import InputFaults, RobotVisionError, near
from robotvision.submissions.batch import RefusedRun, Scores, score_runs
from robotvision.submissions.ranking import rank
from robotvision.submissions.standings import Pair, Standings
from robotvision.submissions.testsets import RunFiles


class EntryStatus(StrEnum):
    """What became of a submission."""

    COUNTED = "counted"
    REFUSED = "refused"
    LATE = "late"
    OVER_LIMIT = "over the limit"
    WAITING = "not judged yet"


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A submission with the verdict on it and what became of it; ``why`` where it is apart."""

    submission: Submission
    verdict: EntryVerdict
    status: EntryStatus
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        record = self.submission.record
        return {
            "key": self.submission.key,
            "team": record.team,
            "run": record.run,
            "received": record.received,
            "phase": record.phase,
            **({"task": record.task} if record.task else {}),
            "mode": record.mode or None,
            "status": str(self.status),
            "why": self.why,
            **self.verdict.as_dict(),
        }


@dataclass(frozen=True, eq=False)
class Board:
    """One table of a contest.

    Parameters
    ----------
    phase, mode : str
    task : str
        Its name in the contest; empty where there is one.
    contest : Contest
        Task and truth of its test sets.
    sets : sequence of HiddenSet
        The same as described, with their conditions.
    rows : sequence of BoardRow
        Every scored run.
    apart : sequence of Received
        Late, over the limit, refused or not judged.
    scores : Scores
        Of every scored run, with warnings that are the organiser's.
    """

    phase: str
    mode: str
    task: str
    contest: Contest
    sets: Sequence[HiddenSet]
    rows: Sequence[BoardRow]
    apart: Sequence[Received]
    scores: Scores

    @property
    def conditions(self) -> dict[str, dict[str, str]]:
        """Under which each test set was recorded."""
        return {s.name: s.conditions for s in self.sets}

    @cached_property
    def ranked(self) -> RankedRuns:
        """All runs that were scored or refused; the primary ones of the teams are ranked."""
        primary = {row.name for row in self.rows if row.role is Role.PRIMARY}
        scored = tuple(run for run in self.scores.scored if run.name in primary)
        rankings = rank(replace(self.scores, scored=scored))
        return RankedRuns(self.scores, rankings, self.contest, Path(), self.rows, self.conditions)

    @property
    def standings(self) -> list[Standings]:
        """The rankings of the primary runs, with what chance leaves open."""
        return self.ranked.standings

    def pair(self, first: str, second: str) -> Pair:
        """Return the paired comparison of any two runs on the board, the better first.

        Raises
        ------
        RobotVisionError
            There is no such run.
        """
        rows = {row.entry.name: row for row in self.rows}
        for name in (first, second):
            if name not in rows:
                raise RobotVisionError(
                    f"no run is called {name!r}{near(name, rows)}; runs: {', '.join(rows)}"
                )
        sets = list(self.contest.sets)
        if first == second or (len(sets) > 1 and self.contest.task.overall != "sum"):
            raise RobotVisionError("expected two runs of a board whose test sets are summed")
        entries = [rows[first].entry, rows[second].entry]
        return part_standings(self.contest, entries, "overall", sets).pairs[0]

    def by_condition(self) -> dict[str, dict[str, list[str]]]:
        """Return for each condition that differs the test sets of each of its values."""
        return by_condition(self.conditions)


def receive(setup: ContestSetup) -> list[Received]:
    """Return every submission that is not withdrawn, judged and counted, in order of arrival.

    Raises
    ------
    RobotVisionError
        The contest or a record is wrong.
    """
    result = []
    used: Counter[tuple[str, ...]] = Counter()
    for submission in submissions(setup):
        record = submission.record
        verdict = verdict_on(submission.path, setup.rules(record.phase, record.task))
        status, why = _status(setup, submission, verdict, used)
        if not submission.is_withdrawn:
            result.append(Received(submission, verdict, status, why))
    return result


def _status(
    setup: ContestSetup,
    submission: Submission,
    verdict: EntryVerdict,
    used: Counter[tuple[str, ...]],
) -> tuple[EntryStatus, str]:
    """Return what becomes of a submission, and why; note what it uses up of its team's limits."""
    about, record = setup.about, submission.record
    if not verdict.is_accepted:
        return EntryStatus.REFUSED, ""
    closes = about.phases[record.phase].closes
    if closes is not None and submission.received >= as_moment(closes):
        return (
            EntryStatus.LATE,
            f"received {record.received}, the phase {record.phase} ended {closes}",
        )
    team = (record.team.casefold(), record.phase, record.task)
    day = (*team, submission.received.astimezone(UTC).date().isoformat())
    limits = about.limits
    if limits.runs is not None and used[team] >= limits.runs:
        return (
            EntryStatus.OVER_LIMIT,
            f"run {used[team] + 1} of {limits.runs} that a team may hand in",
        )
    if limits.per_day is not None and used[day] >= limits.per_day:
        return EntryStatus.OVER_LIMIT, f"more than {limits.per_day} runs on {day[-1]} (UTC)"
    used[team] += 1
    used[day] += 1
    return EntryStatus.COUNTED, ""


@dataclass(frozen=True, slots=True)
class JudgedAnswers:
    """What a program answered when it was run: run files by test set, and how fast it was.

    ``latency_ms`` is the time that half of the frames took at most; None where none was answered.
    """

    contents: Mapping[str, bytes]
    note: str
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A run that will be scored: its files, and what a board says of it."""

    files: RunFiles
    role: Role
    team: str
    notes: tuple[str, ...]
    judged_ms: float | None = None


def boards(
    setup: ContestSetup,
    received: Sequence[Received] | None = None,
    judged: Mapping[str, JudgedAnswers] | None = None,
) -> list[Board]:
    """Return the boards of a contest that anything was handed in for.

    Parameters
    ----------
    setup : ContestSetup
    received : sequence of Received, optional
        As `receive` returns them.
    judged : Mapping[str, JudgedAnswers], optional
        Answers of programs, by a submission's key; of baselines by ``baseline/<name>``.

    Raises
    ------
    RobotVisionError
        The contest, a record or a baseline is wrong.
    """
    received = receive(setup) if received is None else received
    judged = judged or {}
    found = []
    for phase, task in setup.divisions:
        for mode in setup.about.modes:
            here = [
                r
                for r in received
                if (r.submission.record.phase, r.submission.record.task) == (phase, task)
                and _mode(r, setup) == mode
            ]
            baselines = [
                b for b in setup.about.baselines if (b.phase, b.task, b.mode) == (phase, task, mode)
            ]
            if here or baselines:
                found.append(_board(setup, (phase, task, mode), here, baselines, judged))
    return found


def _mode(received: Received, setup: ContestSetup) -> str:
    """Return in whose table a run stands: a run that does not say goes with the obligatory ones."""
    mode = received.submission.record.mode
    return mode if mode in setup.about.modes else setup.about.modes[0]


def _board(
    setup: ContestSetup,
    place: tuple[str, str, str],
    received: Sequence[Received],
    baselines: Sequence[Baseline],
    judged: Mapping[str, JudgedAnswers],
) -> Board:
    """Return the board of a phase, task and mode."""
    phase, task, mode = place
    contest = setup.contest(phase, task)
    is_scored = [r.status is EntryStatus.COUNTED for r in received]
    counted = [r for r, yes in zip(received, is_scored, strict=True) if yes]
    waiting = [r for r in counted if r.verdict.program and r.submission.key not in judged]
    ready = [r for r in counted if r not in waiting]
    candidates = _candidates(ready, judged)
    candidates += [c for b in baselines if (c := _baseline(setup, b, judged)) is not None]
    files = _with_distinct_names([c.files for c in candidates])
    scores = score_runs(contest.task, contest.sets, files, mode, contest.frames, is_contest=True)
    if scores.refused:  # accepted above; only a baseline that does not fit comes here
        raise InputFaults(f for run in scores.refused for f in run.faults)
    refused = [
        RefusedRun(r.submission.name, r.verdict.faults)
        for r in received
        if r.status is EntryStatus.REFUSED
    ]
    scores = replace(scores, refused=tuple(refused))
    rows = [
        BoardRow(entry, c.role, c.team, c.notes, c.judged_ms)
        for entry, c in zip(scores.scored, candidates, strict=True)
    ]
    apart = [r for r in received if r.status is not EntryStatus.COUNTED]
    apart += [
        replace(r, status=EntryStatus.WAITING, why="run robotvision contest judge") for r in waiting
    ]
    return Board(phase, mode, task, contest, setup.sets_of(phase, task), rows, apart, scores)


def _candidates(
    received: Sequence[Received], judged: Mapping[str, JudgedAnswers]
) -> list[_Candidate]:
    """Return the runs that count, each with its role: one primary run a team."""
    primary: dict[str, Received] = {}
    for r in received:
        team = r.submission.record.team.casefold()
        before = primary.get(team)
        if before is None or r.submission.record.primary or not before.submission.record.primary:
            primary[team] = r
    candidates = []
    for r in received:
        record = r.submission.record
        role = Role.PRIMARY if primary[record.team.casefold()] is r else Role.OTHER
        notes = () if record.mode else (NOT_STATED,)
        files, judged_ms = r.verdict.run(r.submission.name, record.team), None
        if r.verdict.program is not None:
            answers = judged[r.submission.key]
            files = replace(_of_program(files.name, files.owner, answers), card=files.card)
            notes, judged_ms = (*notes, answers.note), answers.latency_ms
        candidates.append(_Candidate(files, role, record.team, notes, judged_ms))
    return candidates


def _of_program(name: str, owner: str, answers: JudgedAnswers) -> RunFiles:
    paths = {s: Path(f"{s}.txt") for s in answers.contents}
    return RunFiles(name, paths, answers.contents, None, owner)


def _baseline(
    setup: ContestSetup, about: Baseline, judged: Mapping[str, JudgedAnswers]
) -> _Candidate | None:
    """Return a baseline's run; None where its configuration was not run yet."""
    if about.run is None:
        answers = judged.get(f"baseline/{about.name}")
        if answers is None:
            return None
        files = _of_program(about.name, f"baseline {about.name}", answers)
        return _Candidate(files, Role.BASELINE, "", (answers.note,), answers.latency_ms)
    path = setup.place(about.run)
    verdict = verdict_on(path, setup.rules(about.phase, about.task))
    if not verdict.is_accepted:
        raise RobotVisionError("\n".join(verdict.lines(str(path))[:-1]))
    return _Candidate(verdict.run(about.name, f"baseline {about.name}"), Role.BASELINE, "", ())


def _with_distinct_names(runs: Sequence[RunFiles]) -> list[RunFiles]:
    """Return runs whose names differ: the second of a name gets a number behind it."""
    seen: Counter[str] = Counter()
    result = []
    for run in runs:
        seen[run.name] += 1
        n = seen[run.name]
        result.append(run if n == 1 else replace(run, name=f"{run.name} ({n})"))
    return result
