"""What the harness itself writes that holds truth or answers, recognised by content, not by name.

Run logs and their folders, labels as they are made, reports, exports, packs, bundles for Codabench,
keys of released sequences, and folders of extracted features.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Mapping

_HEAD = 4096
_TAIL = 256 << 10
_LOG = re.compile(rb'\s*\{"type": ?"(run|sequence|frame)"')
_HEADS = {
    ".jsonl": (
        re.compile(_LOG.pattern + rb'|\s*\{"schema": ?1, ?"sequence": ?"'),
        "a run log or labels",
    ),
    ".json": (
        re.compile(rb'\s*\{\s*"(schema": ?1,\s*"(task|mode|runs)|order": ?"\w+", ?"sequences)"'),
        "a report or a key",
    ),
    ".html": (re.compile(rb'(?s).*name="generator" content="robotvision'), "a report"),
    ".mcap": (re.compile(rb"(?s)\x89MCAP.*robotvision"), "an export of a run"),
    ".rrd": (re.compile(rb"(?s)RRF.*robotvision"), "an export of a run"),
}
"""Suffix -> how the files of it that the harness wrote begin, and what they are."""
_FEATURES = re.compile(r"[0-9a-f]{40}\.npy")
_PACKED = re.compile(
    r"(.*/)?(run\.jsonl|manifest\.json|competition\.yaml|(.*_)?truth\.(csv|txt|json|yaml))"
)


def folder_sign(names: Mapping[str, str]) -> str:
    """Return what a folder is, from its files (name -> path): a run's and the like; else empty."""
    if "run.jsonl" in names and _LOG.match(_head(names["run.jsonl"])):
        return "a run folder"
    if "competition.yaml" in names and any(n.startswith("reference_data") for n in names):
        return "a bundle for Codabench"
    if any(_FEATURES.fullmatch(n) for n in names):
        return "extracted features"
    return ""


def file_sign(path: str) -> str:
    """Return what a regular file is, if the harness wrote it and it may hold truth; else empty."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in _HEADS:
        pattern, what = _HEADS[suffix]
        return what if pattern.match(_head(path)) else ""
    if suffix == ".parquet":
        return "an export of a run" if b"robotvision" in _tail(path) else ""
    return "a pack or a bundle" if suffix == ".zip" and _is_packed(path) else ""


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as f:
            return f.read(_HEAD)
    except OSError:  # what the harness cannot read, the program cannot either
        return b""


def _tail(path: str) -> bytes:
    try:
        with open(path, "rb") as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - _TAIL))
            return f.read(_TAIL)
    except OSError:  # as above
        return b""


def _is_packed(path: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(_PACKED.fullmatch(name) for name in archive.namelist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):  # none of ours
        return False
