"""How many labels make a sequence's truth, by a labeller who answers as a person would.

    python scripts/check_labelling.py SEQUENCE... [--given 12] [--corrections 15] [--strip 13]

The sequences have a truth, which the labeller alone sees. The page chooses every frame that is
asked for (`n`, the most doubtful). An answer is one room's key: for the frames of that room which
the filmstrip shows around the asked one without a break (`--strip`, 13 on a wide screen; 1: for the
asked frame alone). Frames right are those whose label, or else proposal, is the true room, as if
all proposals were accepted then. Shown beside them: all frames in the room labelled most.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robotvision.data import ImageSequence, open_sequence
from robotvision.features import cache_folder
from robotvision.labelling.embedding import NETWORK, WITHOUT_TORCH, embed
from robotvision.labelling.proposals import Proposer
from robotvision.labelling.session import start_of
from robotvision.labelling.state import LabelRooms, LabelStart, LabelState, RoomSpan
from robotvision.report.console import out, titled
from robotvision.report.table import Cell, Table, columns

ROOT = Path(__file__).resolve().parents[1]


def visible(rooms: Sequence[str], cuts: set[int], asked: int, strip: int) -> tuple[int, int]:
    """Return the range around a frame that is of its room and that the filmstrip shows."""
    reach = strip // 2
    start, end = asked, asked + 1
    while start > max(0, asked - reach) and rooms[start - 1] == rooms[asked] and start not in cuts:
        start -= 1
    while end < min(len(rooms), asked + reach + 1) and rooms[end] == rooms[asked]:
        if end in cuts:
            break
        end += 1
    return start, end


def labelled(
    sequence: ImageSequence, vectors: NDArray[np.floating], answers: Sequence[int], strip: int
) -> list[float]:
    """Return the share of frames right after each number of answers.

    Parameters
    ----------
    sequence : ImageSequence
        With a truth for every frame.
    vectors : (frames, dim) float
    answers : sequence of int
        Rising.
    strip : int
        Frames that the labeller sees at once.
    """
    rooms = [sequence.room(k) or "" for k in range(len(sequence))]
    start = start_of(sequence)
    state = LabelState(LabelStart(start.n_frames, cuts=start.cuts))
    proposer = Proposer(vectors)
    shares = []
    for number in range(answers[-1] + 1):
        codes = {name: code for code, name in enumerate(state.room_names)}
        known = [-1 if room is None else codes[room] for room in state.rooms]
        proposals = proposer.propose(known, len(codes), sorted(state.cuts))
        if number in answers:
            right = [
                code >= 0 and state.room_names[code] == room
                for code, room in zip(proposals.rooms, rooms, strict=True)
            ]
            shares.append(float(np.mean(right)))
        if proposals.next is not None:
            first, end = visible(rooms, state.cuts, proposals.next, strip)
            state.apply(LabelRooms((RoomSpan(first, end, rooms[proposals.next]),)))
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("sequences", nargs="*", type=Path)
    parser.add_argument("--given", type=int, default=12)
    parser.add_argument("--corrections", type=int, default=15)
    parser.add_argument("--strip", type=int, default=13)
    parser.add_argument("--feature", choices=["auto", NETWORK, WITHOUT_TORCH], default="auto")
    options = parser.parse_args()
    total = options.given + options.corrections
    answers = sorted({total // 4, options.given, total, 2 * total})
    rows: list[list[Cell]] = []
    for path in options.sequences or sorted((ROOT / "sequences").glob("building_*")):
        sequence = open_sequence(path)
        vectors = embed(sequence, cache_folder(), feature=options.feature).vectors
        most = Counter(sequence.room_counts()).most_common(1)[0][1] / len(sequence)
        for strip in sorted({options.strip, 1}, reverse=True):
            shares = labelled(sequence, vectors, answers, strip)
            cells = [f"{100 * share:.1f} %" for share in (*shares, most)]
            rows.append([sequence.name, len(sequence), strip, *cells])
    head = columns(
        "sequence", "frames", "strip", *(f"{n} answers" for n in answers), "largest room", n_text=1
    )
    out().print(titled(Table("Frames right", head, rows)))


if __name__ == "__main__":
    main()
