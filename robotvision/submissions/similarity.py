"""Tell runs whose answers agree more than honest systems' do, and runs that are all right.

Two good systems agree on most frames, since both are right there. Two copies agree on the wrong
answers, too. Teachers know this of answer sheets: errors in common against differences (Harpp and
Hogan, "Crime in the classroom", Journal of Chemical Education 70, 1993). Here the measure is
Cohen's kappa (1960) given the truth::

    kappa = (agreements - E) / (frames - E),  E = sum over rooms of  a' b / n

where ``a`` and ``b`` count how often each run gave each answer in the ``n`` frames of a true room:
E is the number of agreements that the two confusion tables explain, were errors made independently
of each other. Kappa is 0 then, and 1 for identical answers. Two systems that always name the same
room agree everywhere and E explains all of it.

Systems that see the same images stumble at the same places, so honest kappas are above 0. On three
pairs of sequences they stayed below 0.66 with other features, below 0.53 with the same features and
another classifier; the same system with another parameter reached 0.96
(``scripts/measure_similarity.py``). Told are
`MIN_KAPPA` and more, where `MIN_ERRORS` wrong answers in `MIN_STAYS` stays are the same: a few
errors in one place two good systems may well have in common. Identical answers need fewer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from robotvision.arrays import Ints
from robotvision.records import Notice
from robotvision.scoring.table import FrameTable

MIN_KAPPA = 0.85
MIN_ERRORS = 10
MIN_STAYS = 3
IDENTICAL_ERRORS, IDENTICAL_STAYS = 3, 2
"""Enough where no answer differs."""
MIN_FRAMES = 30
"""Fewer frames may all be right by skill and luck."""
GENERIC = ("run", "team", "group", "participant", "system", "entry")
"""What is left of a name like ``team 2`` says nothing of whose run it is."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two runs agree.

    Parameters
    ----------
    same : int
        Frames with the same answer.
    explained : float
        Agreements that their confusion tables explain.
    kappa : float
        Agreement beyond that, at most 1; 0 where there is nothing beyond.
    same_errors, differences : int
        Frames with the same wrong answer; with other answers.
    stays : int
        Stays in a true room with a wrong answer in common.
    """

    same: int
    explained: float
    kappa: float
    same_errors: int
    differences: int
    stays: int

    @property
    def is_suspect(self) -> bool:
        """Whether honest systems do not agree so far."""
        if not self.differences:
            return self.same_errors >= IDENTICAL_ERRORS and self.stays >= IDENTICAL_STAYS
        has_enough = self.same_errors >= MIN_ERRORS and self.stays >= MIN_STAYS
        return has_enough and self.kappa >= MIN_KAPPA


def agreement(truth: Ints, first: Ints, second: Ints) -> Agreement:
    """Return how far the answers of two runs agree, given the truth.

    Parameters
    ----------
    truth, first, second : (n,) integers
        The true room and the answers by code; frames whose truth is -1 (not known) are left out,
        and an answer of -1 is none.
    """
    is_known = truth >= 0
    truth, first, second = truth[is_known], first[is_known], second[is_known]
    same = first == second
    explained = 0.0
    for room in np.unique(truth):
        here = truth == room
        answers = np.concatenate([first[here], second[here]]) + 1
        n_answers = int(answers.max()) + 1
        a, b = (np.bincount(x[here] + 1, minlength=n_answers) for x in (first, second))
        explained += float(a @ b) / int(here.sum())
    is_error = same & (first != truth) & (first >= 0)
    stay = np.cumsum(np.diff(truth, prepend=truth[:1]) != 0)
    beyond = len(truth) - explained
    return Agreement(
        int(same.sum()),
        explained,
        (int(same.sum()) - explained) / beyond if beyond > 1e-9 else 0.0,
        int(is_error.sum()),
        int((~same).sum()),
        len(np.unique(stay[is_error])),
    )


def team_of(run: str) -> str:
    """Return whose run it is, by its name: ``uaic`` for ``uaic_run1``, ``UAIC-2`` and ``uaic``.

    A name that says nothing but a number (``run1``, ``team 2``) is a team of its own.
    """
    name = run.casefold()
    team = re.sub(r"[-_. ]*(run)?[-_. ]*\d+$", "", name)
    return name if not team or len(team) == 1 or team in GENERIC else team


def similar_runs(
    frames: FrameTable, answers: Mapping[str, Ints], teams: Mapping[str, str] | None = None
) -> list[Notice]:
    """Return a notice for each pair of teams whose runs agree further than honest ones do.

    Of the pairs of runs of two teams, the one that agrees most.

    Parameters
    ----------
    frames : FrameTable
        The truth.
    answers : Mapping[str, (n,) integers]
        By run, as codes of the table's labels.
    teams : Mapping[str, str], optional
        Whose each run is; else by `team_of`.
    """
    of_run = teams or {run: team_of(run) for run in answers}
    most: dict[frozenset[str], tuple[str, str, Agreement]] = {}
    names = list(answers)
    teams_of = [of_run[name] for name in names]
    for i, j in _near(frames.truth, [answers[name] for name in names]):
        both = frozenset((teams_of[i], teams_of[j]))
        if len(both) < 2:
            continue
        one = agreement(frames.truth, answers[names[i]], answers[names[j]])
        if one.is_suspect and (both not in most or one.kappa > most[both][2].kappa):
            most[both] = names[i], names[j], one
    return [_similar(*pair, int(frames.is_known.sum())) for pair in most.values()]


def _near(truth: Ints, answers: Sequence[Ints]) -> list[tuple[int, int]]:
    """Return the pairs of runs that could be suspect, from what is counted for all at once.

    ``explained`` needs each room's counts of answers alone, so one matrix product a room gives it
    for all pairs.
    """
    is_known = truth >= 0
    k, n = len(answers), int(is_known.sum())
    if k < 2 or not n:
        return []
    truth, given = truth[is_known], np.stack([a[is_known] for a in answers])
    explained = np.zeros((k, k))
    n_answers = int(given.max()) + 2
    for room in np.unique(truth):
        here = given[:, truth == room] + 1
        places = here + np.arange(k)[:, None] * n_answers
        counts = np.bincount(places.ravel(), minlength=k * n_answers).reshape(k, n_answers)
        explained += (counts @ counts.T) / here.shape[1]
    is_error = (given != truth) & (given >= 0)
    pairs = []
    for i in range(k - 1):
        is_same = given[i + 1 :] == given[i]
        same, errors = is_same.sum(1), (is_same & is_error[i]).sum(1)
        beyond = n - explained[i, i + 1 :]
        is_far = same - explained[i, i + 1 :] >= (MIN_KAPPA - 1e-6) * beyond
        is_near = (errors >= IDENTICAL_ERRORS) & ((same == n) | is_far)
        pairs += [(i, i + 1 + int(j)) for j in np.flatnonzero(is_near)]
    return pairs


def _similar(first: str, second: str, pair: Agreement, n: int) -> Notice:
    how = "identical" if pair.differences == 0 else "nearly identical"
    text = (
        f"{first} and {second}: {how} answers: {pair.same} of {n} the same, "
        f"{pair.same_errors} of these wrong (the two confusion tables explain "
        f"{pair.explained:.0f}; kappa {pair.kappa:.2f}); ask both how they were made"
    )
    details = {
        "runs": [first, second],
        "same": pair.same,
        "explained": round(pair.explained, 1),
        "kappa": round(pair.kappa, 4),
        "same_errors": pair.same_errors,
        "differences": pair.differences,
    }
    return Notice("similar-answers", text, details)


def flawless_runs(scores: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Notice]:
    """Return a notice for each run all of whose answers are right.

    Parameters
    ----------
    scores : sequence of (name, score)
        As `robotvision.submissions.score.summarise` gives them.
    """
    return [
        Notice(
            "all-answers-right",
            f"{name}: all {score['frames']} answers are right; ask how it was made, and whether "
            "the truth was at hand",
            {"runs": [name], "frames": score["frames"]},
        )
        for name, score in scores
        if score["outcomes"]["correct"] == score["frames"] >= MIN_FRAMES
    ]
