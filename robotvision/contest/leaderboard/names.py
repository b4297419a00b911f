"""What pages of runs are called, and what of the organiser's folders stays out of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robotvision.contest.leaderboard.contest import ContestEntry
from robotvision.records import Notice


def slug(name: str) -> str:
    """Return a harmless file name: letters, digits, ``-`` and ``_``, 60 at most."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60] or "run"


def page_names(names: Sequence[str]) -> list[str]:
    """Return a distinct, harmless file name for each run: see `slug`."""
    taken: set[str] = set()
    slugs = []
    for name in names:
        base = slug(name)
        chosen, k = base, 1
        while chosen.lower() in taken:
            k += 1
            chosen = f"{base}-{k}"
        taken.add(chosen.lower())
        slugs.append(chosen)
    return slugs


def without_folder(lines: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return lines with the folder of the runs left out: a site does not tell where it lay."""
    return tuple(line.replace(f"{folder}/", "") for line in lines)


def without_paths(entries: Sequence[ContestEntry], folder: Path) -> list[ContestEntry]:
    """Return entries whose warnings leave the folder of the runs out."""
    return [
        replace(
            run,
            warnings=tuple(
                Notice(n.code, without_folder([n.message], folder)[0], n.details)
                for n in run.warnings
            ),
        )
        for run in entries
    ]
