"""The description that comes with a run, as participants' forms asked for it.

A run is handed in with its method, its retrieval type, its run type, the time it took a frame and
on what machine, and the additional resources it used.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field

from robotvision.errors import RobotVisionError, not_writable
from robotvision.yamlfile import Document, Strict, load, validate


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("expected some words, got nothing; fill it in")
    return text


Words = Annotated[str, AfterValidator(_filled)]


class Card(Strict):
    """What a run is: ``card.yaml``. ``group`` is the team; ``primary`` its run that ranks."""

    group: Words
    method: Words
    retrieval: Literal["visual", "depth", "mixed"]
    run_type: Literal["automatic", "manual"]
    mode: Literal["obligatory", "optional"]
    time_per_frame_ms: float = Field(gt=0)
    machine: Words
    additional_resources: Words
    other: str = ""
    members: tuple[str, ...] = ()
    primary: bool = False


TEMPLATE = """\
# What this run is. Fill in every line; `robotvision pack` lists what is missing.

# Who hands it in.
group:
# How an answer is made: features, classifier, when it keeps silent.
method:
# What it looks at: visual, depth or mixed.
retrieval:
# automatic, or manual where somebody looked at test frames.
run_type:
# obligatory: each frame on its own. optional: earlier frames were used.
mode:
# Time for one frame in milliseconds, and the machine it was taken on.
time_per_frame_ms:
machine:
# Whatever was used beside the task's training sequences: data, pretrained networks; or none.
additional_resources:
# Anything else (may stay empty).
other: ""
# Who is in the team (may stay empty). Whether this run ranks, where the team hands in several.
members: []
primary: false
"""


def write_template(path: Path) -> None:
    """Write a card to fill in.

    Raises
    ------
    RobotVisionError
        The file exists already, or it cannot be written.
    """
    try:
        with open(path, "x", encoding="utf-8") as f:
            f.write(TEMPLATE)
    except FileExistsError as e:
        raise RobotVisionError(f"{path}: a file lies there already; give another name") from e
    except OSError as e:
        raise not_writable(path, e) from e


def read_card(path: Path | None, given: Mapping[str, Any]) -> Card:
    """Return the card in a file, with what is ``given`` in its place.

    Parameters
    ----------
    path : Path or None
        ``card.yaml``; None: everything is in ``given``.
    given : Mapping
        Values by key; None where not given.

    Raises
    ------
    InputFaults
        Whatever is missing or wrong, all at once.
    """
    document = load(path) if path else Document("the card", {}, {}, {})
    values = {key: value for key, value in given.items() if value is not None}
    if isinstance(document.data, dict) or document.data is None:
        data = {**(document.data or {}), **values}
        marks = {(key,): (1, 1) for key in values} | dict(document.values)
        document = Document(document.path, data, document.keys, marks)
    return validate(document, Card)


def as_yaml(card: Card) -> str:
    """Return the card as YAML."""
    text: str = yaml.safe_dump(card.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return text
