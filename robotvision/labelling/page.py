"""The page on which a sequence is labelled, of the report's own components."""

from __future__ import annotations

from typing import Any

from robotvision.labelling.proposals import Proposals
from robotvision.labelling.session import LabelSession
from robotvision.report.html.charts import tour_map
from robotvision.report.html.shell import as_script, render

SPEEDS = (0.25, 0.5, 1, 2, 4, 8)
KEYS = (
    ("1 2 3", "give this frame, or the chosen range, the room of that key"),
    ("r", "a new room by typing: given to the frame or the range at once"),
    ("← →", "one frame; with shift a range; PgUp and PgDn ten"),
    ("[ ]", "last and next border"),
    ("n", "the most doubtful frame"),
    ("Enter", "accept what is proposed for this stretch"),
    ("A", "accept everything that is proposed"),
    ("space", "play; a room's key held meanwhile labels what passes"),
    ("- +", "slower, faster"),
    ("c", "a segment begins here, or no longer does"),
    ("o 1", "the object of that key is in view, or is not; O: a new one by typing"),
    ("Del", "take the room away"),
    ("z Z", "undo, redo"),
    ("s", "save the truth"),
    ("Esc", "no range"),
)
"""What the keys do, for the page's help and the guide."""


def label_page(session: LabelSession) -> str:
    """Return the page of a session as it stands."""
    sequence = session.sequence
    return render(
        "label.html.j2",
        scripts=("state", "tracks", "label"),
        styles=("page", "parts", "label"),
        package="robotvision.labelling",
        is_served=True,
        title=f"{sequence.name}, labelling",
        name=sequence.name,
        n=len(sequence),
        truth_path=session.truth_path,
        speeds=SPEEDS,
        keys=KEYS,
        tour_map=_map(session),
        data=as_script(_payload(session)),
    )


def _payload(session: LabelSession) -> dict[str, Any]:
    """Return what does not change while labelling, as the report's scripts take it."""
    frames = session.sequence.frames
    view = session.view()
    return {
        "labels": view["labels"],
        "unknown": [],
        "outcomes": [],
        "objects": view["objects"],
        "sequences": [session.sequence.name],
        "sequence": [0] * len(frames),
        "index": [e.index for e in frames],
        "segment": session.state.segments(),
        "time_ms": [round(e.timestamp_ns / 1e6, 1) for e in frames],
        "truth": view["given"],
        "seen": view["seen"],
        "runs": [],
        "x_m": [None if e.pose is None else round(e.pose[0], 3) for e in frames],
        "y_m": [None if e.pose is None else round(e.pose[1], 3) for e in frames],
    }


def _map(session: LabelSession) -> Any:
    frames = session.sequence.frames
    poses = {k: e.pose[:2] for k, e in enumerate(frames) if e.pose is not None}
    return tour_map(poses, [0] * len(frames), [-1] * len(frames))


def proposals_view(session: LabelSession) -> dict[str, Any]:
    """Return what is proposed as plain data; how far the embeddings are, where nothing is yet."""
    proposed = session.propose()
    done, total = session.progress
    about = {"problem": session.problem, "done": done, "total": total}
    if proposed is None or session.embedding is None:
        return about
    version, proposals = proposed
    return about | {"version": version, "feature": session.embedding.feature, **_plain(proposals)}


def _plain(proposals: Proposals) -> dict[str, Any]:
    """Return proposals in small numbers; doubt in percent."""
    return {
        "rooms": proposals.rooms.tolist(),
        "doubt": (100 * proposals.doubt).round().astype(int).tolist(),
        "borders": list(proposals.borders),
        "next": proposals.next,
    }
