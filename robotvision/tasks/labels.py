"""Labels as files spell them, matched with those of a task: exactly, or by a declared alias.

A spelling that differs from a label by nothing but case, blanks, hyphens or underscores is a
misspelling of it: it is refused wherever labels are read, and is never taken for another room, for
the unknown label or for an object that the task does not have. All such comparisons are made here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from robotvision.errors import near

_BREAK = re.compile(r"[\s_-]+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)\x00(?=\d)")


def folded(text: str) -> str:
    """Return what a spelling has in common with those that differ by case, blanks, ``_`` or ``-``.

    A break between two digits counts: ``Room 1-11`` is not ``Room 11-1``. Signs without a width of
    their own do not.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    shown = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    marked = _BREAK.sub("\x00", shown)
    return _BETWEEN_DIGITS.sub("-", marked).replace("\x00", "")


def usual_spellings(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return one spelling of each label, the most frequent (of equals the first in order), sorted.

    Parameters
    ----------
    counts : Mapping[str, int]
        How often each spelling occurs.
    """
    usual: dict[str, str] = {}
    for spelling in sorted(counts):
        before = usual.setdefault(folded(spelling), spelling)
        if counts[spelling] > counts[before]:
            usual[folded(spelling)] = spelling
    return tuple(sorted(usual.values()))


class LabelMatcher:
    """Match spellings with labels.

    Parameters
    ----------
    labels : iterable of str
        The labels, exactly as the task spells them.
    aliases : Mapping[str, str]
        Other exact spellings that are accepted, and the label of each. One whose label is not
        among ``labels`` matches nothing.
    """

    def __init__(self, labels: Iterable[str], aliases: Mapping[str, str]) -> None:
        self.labels = tuple(labels)
        known = set(self.labels)
        self.aliases = {a: label for a, label in aliases.items() if label in known}
        self._exact = self.aliases | {label: label for label in self.labels}
        self._folded = {folded(s): label for s, label in reversed(self._exact.items())}

    def label(self, spelling: str) -> str | None:
        """Return the label that a spelling stands for, itself or by an alias; None: there is none.

        A misspelling stands for none.
        """
        return self._exact.get(spelling)

    def meant(self, spelling: str) -> str | None:
        """Return the label that a spelling misspells; None where it is exact or unlike them all."""
        return None if spelling in self._exact else self._folded.get(folded(spelling))

    def hint(self, spelling: str) -> str:
        """Return ``"; did you mean 'x'?"`` where a label is meant or close, else ``""``."""
        meant = self.label(spelling) or self.meant(spelling)
        return f"; did you mean {meant!r}?" if meant else near(spelling, self.labels)


@lru_cache(maxsize=64)
def matcher(labels: tuple[str, ...], aliases: tuple[tuple[str, str], ...]) -> LabelMatcher:
    """Return the matcher of labels and (alias, label) pairs, built once."""
    return LabelMatcher(labels, dict(aliases))
