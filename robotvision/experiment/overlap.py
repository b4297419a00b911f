"""Compare the test sets of an experiment with what they are trained on, and say what they share.

Compared are the sequences that a configuration trains on. Of a model file it is the sequences that
the file names: their images where they are still in their place, else their tables alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from robotvision.config.experiment import Experiment, plain_spec
from robotvision.config.schema import SequenceSpec
from robotvision.data.digest import table_digest
from robotvision.data.overlap import Overlap, find_overlap
from robotvision.data.sequence import ImageSequence
from robotvision.errors import InputFaults
from robotvision.experiment.prepare import Prepared, open_part, prepare
from robotvision.experiment.progress import Observer
from robotvision.records import OVERLAP, Notice

N_EXAMPLES = 5
"""Pairs of frames that a notice names."""
HASHES = "fingerprints"
"""Folder of perceptual hashes within the cache of features."""


def find_overlaps(
    prepared: Prepared,
    cache: Path | None = None,
    observer: Observer | None = None,
) -> dict[str, Overlap]:
    """Compare every test set of an experiment with its training.

    Parameters
    ----------
    prepared : Prepared
    cache : Path, optional
        Folder of extracted features, in which hashes are kept as well; None: none are kept.
    observer : Observer, optional
        Receives progress, and a line where a model's training sequences are not in their place.

    Returns
    -------
    dict of str to Overlap
        By test set.
    """
    observer = observer or Observer()
    folder = None if cache is None else cache / HASHES
    about = {} if prepared.model is None else prepared.model.about
    of_model, tables = _training_of(about, observer)
    return {
        part.name: find_overlap(
            [*prepared.training_sequences(part), *of_model],
            prepared.test_sequences(part),
            folder,
            observer.step,
            tables,
        )
        for part in prepared.experiment.parts
    }


def audit_leaks(
    experiment: Experiment, cache: Path | None = None, observer: Observer | None = None
) -> dict[str, Overlap]:
    """Compare every test set of a configuration with its training; nothing is trained.

    Parameters
    ----------
    experiment : Experiment
        A checked configuration.
    cache, observer
        As in `find_overlaps`.

    Raises
    ------
    RobotVisionError
        The input is wrong.
    """
    return find_overlaps(prepare(experiment, observer), cache, observer)


def overlap_notices(found: Mapping[str, Overlap]) -> list[Notice]:
    """Return a notice for each test set of which training has seen frames."""
    return [_notice(name, overlap) for name, overlap in found.items() if overlap.counted]


def _notice(name: str, overlap: Overlap) -> Notice:
    counts = overlap.counts()
    reasons = ", ".join(f"{reason}: {n}" for reason, n in counts.items())
    text = (
        f"{name}: training has seen {len(overlap.counted)} of {overlap.n_test} test frames "
        f"({overlap.share:.1%}; {reasons}); robotvision audit --leaks shows the pairs"
    )
    examples = [pair.as_dict() for pair in overlap.counted[:N_EXAMPLES]]
    share = round(overlap.share, 4)
    return Notice(
        OVERLAP, text, {"set": name, "share": share, "reasons": counts, "examples": examples}
    )


def training_records(
    sequences: Sequence[ImageSequence], specs: Sequence[SequenceSpec]
) -> list[dict[str, Any]]:
    """Return what a model file keeps of the sequences it was trained on, to find them again.

    Parameters
    ----------
    sequences : sequence of ImageSequence
    specs : sequence of SequenceSpec
        Where each was opened from.
    """
    return [
        {"name": s.name, "digest": table_digest(s), "spec": plain_spec(spec)}
        for s, spec in zip(sequences, specs, strict=True)
    ]


def _training_of(
    about: Mapping[str, Any], observer: Observer
) -> tuple[list[ImageSequence], dict[str, str]]:
    """Return the sequences a model file was trained on, and the names of the others by digest."""
    opened: list[ImageSequence] = []
    tables: dict[str, str] = {}
    for record in about.get("training", ()):
        sequence = _reopened(record)
        if sequence is None:
            tables[str(record["digest"])] = str(record["name"])
        else:
            opened.append(sequence)
    if tables:
        names = ", ".join(tables.values())
        observer.note(
            f"the model was trained on {names}, no longer in its place: test sequences are "
            "compared with its tables alone, not with its images"
        )
    return opened, tables


def _reopened(record: Mapping[str, Any]) -> ImageSequence | None:
    """Return a sequence of a model's training where it is still the same, else None."""
    if "spec" not in record:  # model files before 0.2
        return None
    try:
        spec = SequenceSpec.model_validate(record["spec"])
        if not Path(spec.path).exists():
            return None
        sequence = open_part(spec)
    except (InputFaults, ValidationError):
        return None  # another sequence is there now, or it was damaged since, or the model was
    return sequence if table_digest(sequence) == record["digest"] else None
