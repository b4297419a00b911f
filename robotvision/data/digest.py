"""A digest of what a sequence holds, to tell whether two runs saw the same one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from robotvision.data.sequence import ImageSequence


def table_digest(sequence: ImageSequence) -> str:
    """Return a digest of a sequence's frames and truth (its images are not read for it)."""
    h = hashlib.sha256()
    for f in sequence.frames:
        sources = sorted((c, Path(s.where).name) for c, s in f.sources.items())
        h.update(json.dumps([f.index, f.timestamp_ns, f.segment, sources]).encode())
    for index, truth in sorted((sequence.truth or {}).items()):
        h.update(json.dumps([index, truth.room, sorted(truth.objects)]).encode())
    return h.hexdigest()
