"""What an audit of the obligatory mode came to, as a table."""

from __future__ import annotations

from collections import Counter

from robotvision.experiment.audit import Audit
from robotvision.report.table import Table, columns


def changes_table(audit: Audit) -> Table:
    """Return the frames shown in each way, and how many answers differ from the straight ones."""
    changed = Counter(change.way for change in audit.changes)
    return Table(
        "Answers to frames permuted, repeated and alone",
        columns("shown", "frames", "answers changed"),
        [[way, n, "" if way == "straight" else changed[way]] for way, n in audit.asked.items()],
    )
