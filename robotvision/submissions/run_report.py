"""What a run's own report says of its training: which share of the test frames that has seen.

A run folder holds ``report.json`` beside its run files. Its warnings `OVERLAP` go with the run to
the organiser: `robotvision.submissions.pack` writes the shares into the manifest, and a ranking
reads them where each run is a folder with its report in it. It is the participant's own file, so
what it does not say proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from robotvision.records import OVERLAP, Notice
from robotvision.regular_file import read_regular

REPORT = "report.json"

Share = Annotated[float, Field(gt=0, le=1)]


class _ToldOverlap(BaseModel):
    set: str = Field(max_length=100)
    share: Share


class _ToldReport(BaseModel):
    warnings: list[dict[str, Any]]


def overlap_shares(files: Iterable[Path]) -> dict[str, float]:
    """Return the share of each test set that training has seen, as reports beside run files say.

    Parameters
    ----------
    files : iterable of Path
        The run files of one run.

    Returns
    -------
    dict of str to float
        In (0, 1]; empty where no report says so, or what lies there is no report.
    """
    shares: dict[str, float] = {}
    for folder in dict.fromkeys(path.parent for path in files):
        path = folder / REPORT
        if path.is_symlink():
            continue  # what it points to may be anybody's
        try:
            report = _ToldReport.model_validate_json(read_regular(path))
            told = [w for w in report.warnings if w.get("code") == OVERLAP]
            found = [_ToldOverlap.model_validate(w) for w in told]
        except (OSError, ValidationError):
            continue  # no report of ours
        shares |= {overlap.set: overlap.share for overlap in found if overlap.set.isprintable()}
    return shares


def overlap_told(run: str, shares: Mapping[str, float]) -> list[Notice]:
    """Return what an organiser must know of a run whose report says so, a notice a test set."""
    return [
        Notice(
            OVERLAP,
            f"{run}: by its own report training has seen {share:.1%} of the test frames "
            f"of {name}; ask how it was trained",
            {"runs": [run], "set": name, "share": share},
        )
        for name, share in shares.items()
    ]
