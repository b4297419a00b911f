"""The judge's verdict on a submission: one function for participants, organisers and Codabench.

It goes by what is public alone: the task, how many frames each test set has, and which modes and
kinds of submissions are taken. So a participant who rehearses gets it word for word before it
counts; only the points need the truth. Frames are named by number, since a truth without its
sequence knows no file names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.contest.leaderboard.contest import Contest
from robotvision.errors import Fault, InputFaults, by_kind, in_file
from robotvision.submissions.card import Card
from robotvision.submissions.checker import CheckResult, check_run_file, refusal, verdict_lines
from robotvision.submissions.handed_in import HandedIn, located, open_files, read_files
from robotvision.submissions.pack import PROGRAM_FOLDER, WHOLE, PackedProgram
from robotvision.submissions.testsets import RunFiles
from robotvision.submissions.truthfile import FrameSet
from robotvision.tasks.model import Task

MODES = ("obligatory", "optional")


@dataclass(frozen=True, slots=True, eq=False)
class EntryRules:
    """What a submission is judged by, all of it public.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    sets : Mapping[str, FrameSet]
        The test sets' frames, by number, in the task's order.
    modes : sequence of str
        Those that are taken.
    takes_programs : bool
        Whether a pack may hold a program in place of answers.
    """

    task: Task
    sets: Mapping[str, FrameSet]
    modes: Sequence[str] = MODES
    takes_programs: bool = False

    @classmethod
    def of(
        cls, contest: Contest, modes: Sequence[str] = MODES, *, takes_programs: bool = False
    ) -> EntryRules:
        """Return the rules of a contest whose truth is at hand."""
        frames = {  # rising, as participants know them: a shuffled release stands in another order
            name: FrameSet(name, np.sort(t.frames.indices)) for name, t in contest.sets.items()
        }
        return cls(contest.task, frames, modes, takes_programs)


@dataclass(frozen=True, slots=True, eq=False)
class EntryVerdict:
    """Whether a submission is accepted, and what is wrong with it.

    Parameters
    ----------
    faults : tuple of Fault
        Their paths are names within the submission.
    warnings : tuple of str
        What may be a mistake and refuses nothing.
    entry : HandedIn or None
        The submission; None where it could not be opened.
    checks : Mapping[str, CheckResult]
        Of its run files, by test set.
    """

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...] = ()
    entry: HandedIn | None = None
    checks: Mapping[str, CheckResult] = field(default_factory=dict, repr=False)

    @property
    def is_accepted(self) -> bool:
        """Whether it can be scored, or run."""
        return not self.faults

    @property
    def card(self) -> Card | None:
        """What the submission says of itself; None where it does not."""
        return self.entry.card if self.entry else None

    @property
    def program(self) -> PackedProgram | None:
        """The program that answers; None where answers were handed in."""
        return self.entry.program if self.entry else None

    def lines(self, where: str = "") -> list[str]:
        """Return the verdict in words: faults by kind, warnings and a line that sums them up.

        ``where`` is what the submission is called; without it, paths are those within it.
        """
        faults = [located(f, where) for f in self.faults] if where else self.faults
        return verdict_lines(where or WHOLE, faults, self.warnings, self.summary)

    @property
    def summary(self) -> str:
        """``accepted: 2 run files, mode obligatory`` or ``refused: 3 faults``."""
        if not self.is_accepted:
            return refusal(self.faults)
        mode = f"mode {self.card.mode}" if self.card else "mode not stated"
        n = len(self.checks)
        what = "a program" if self.program else f"{n} run file{'s' * (n != 1)}"
        return f"accepted: {what}, {mode}"

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        return {
            "ok": self.is_accepted,
            "faults": in_file(self.faults),
            "kinds": in_file(by_kind(self.faults)),
            "warnings": list(self.warnings),
        }

    def run(self, name: str, owner: str = "") -> RunFiles:
        """Return the run files of an accepted submission, to be scored under a name."""
        if self.entry is None:
            raise InputFaults(self.faults)
        entry = self.entry
        paths = {s: Path(inner) for s, inner in entry.runs.items()}
        return RunFiles(name, paths, entry.contents(), entry.card, owner)


def verdict_on(path: Path, rules: EntryRules, *, left_out: Collection[str] = ()) -> EntryVerdict:
    """Return the verdict on a pack, another zip file, a folder of run files, or a run file.

    Parameters
    ----------
    path : Path
    rules : EntryRules
    left_out : collection of str
        Files in it that are not the participant's, by name.
    """
    try:
        files = read_files(path)
    except InputFaults as e:
        return unopened(e)
    return verdict({n: raw for n, raw in files.items() if n not in left_out}, rules)


def unopened(error: InputFaults) -> EntryVerdict:
    """Return the verdict on what cannot be opened: its faults, of the submission as a whole."""
    whole = (Fault(WHOLE, f.message, remedy=f.remedy, kind=f.kind) for f in error.faults)
    return EntryVerdict(tuple(whole))


def verdict(files: Mapping[str, bytes], rules: EntryRules) -> EntryVerdict:
    """Return the verdict on a submission whose files are in memory, by their names within it."""
    try:
        entry = open_files(files, list(rules.sets), rules.task)
    except InputFaults as e:
        return EntryVerdict(e.faults)
    faults = _faults_of_card(entry, rules)
    if entry.program is not None:
        faults += _faults_of_program(entry, entry.program, rules)
        return EntryVerdict(tuple(faults), (), entry)
    checks = {
        name: check_run_file(Path(inner), rules.task, rules.sets[name], entry.files[inner])
        for name, inner in entry.runs.items()
    }
    faults += [fault for check in checks.values() for fault in check.faults]
    warnings = [f"{check.path}: {text}" for check in checks.values() for text in check.warnings]
    return EntryVerdict(tuple(faults), tuple(warnings), entry, checks)


def _faults_of_card(entry: HandedIn, rules: EntryRules) -> list[Fault]:
    if entry.card is None or entry.card.mode in rules.modes:
        return []
    message = f"mode {entry.card.mode}; the contest takes {' and '.join(rules.modes)}"
    return [Fault("card.yaml", message, remedy="state the mode of the run", kind="mode")]


def _faults_of_program(entry: HandedIn, program: PackedProgram, rules: EntryRules) -> list[Fault]:
    if not rules.takes_programs:
        message = "a program in place of answers, and the contest takes run files alone"
        return [Fault(WHOLE, message, remedy="pack run files", kind="program")]
    if not (program.command or program.model):
        message = "a program without a command or a model"
        return [Fault("manifest.json", message, remedy="pack it again", kind="program")]
    named = [f"{PROGRAM_FOLDER}/{name}" for name in (program.model, program.config) if name]
    return [
        Fault(WHOLE, f"{name} is not among its files", remedy="pack it again", kind="program")
        for name in named
        if name not in entry.files
    ]
