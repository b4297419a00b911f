"""What training has seen of the test frames: a table, plain data, and a sheet of image pairs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape

from robotvision.data.images import decode_color, encode_png
from robotvision.data.overlap import Overlap, SharedFrame
from robotvision.errors import FrameError, RobotVisionError, not_writable
from robotvision.experiment.overlap import overlap_notices
from robotvision.report.console import titled
from robotvision.report.table import Cell, Column, Table, share

N_SHOWN = 12
"""Pairs that the terminal shows of each test set."""
N_SHEET = 12
"""Pairs that a sheet shows."""
TILE = (240, 180)
"""Width and height of an image on a sheet, in pixels."""
GAP = 8


def leaks_table(name: str, overlap: Overlap, limit: int | None = None) -> Table:
    """Return the pairs of a test set, a row a test frame.

    Parameters
    ----------
    name : str
        Of the test set.
    overlap : Overlap
    limit : int, optional
        At most so many pairs, spread over all of them.
    """
    pairs = _spread([*overlap.counted, *overlap.others], limit)
    rows: list[list[Cell]] = [
        [
            pair.test,
            pair.test_frame,
            pair.train,
            pair.train_frame,
            str(pair.reason),
            pair.distance,
        ]
        for pair in pairs
    ]
    columns = [
        Column("test", is_text=True),
        Column("frame"),
        Column("training", is_text=True),
        Column("frame"),
        Column("why", is_text=True),
        Column("distance", share),
    ]
    return Table(f"{name}: test frames that training has seen", columns, rows, "leaks")


def leaks_as_dict(overlaps: Mapping[str, Overlap]) -> dict[str, Any]:
    """Return what ``robotvision audit --leaks --json`` prints.

    ``sets`` holds for each test set its ``frames``, how many are ``seen`` in training, their
    ``share``, the number of each of the ``reasons``, every pair (``pairs``), and those too few to
    count (``too_few``).
    """
    return {
        "schema": 1,
        "is_clean": not any(overlap.counted for overlap in overlaps.values()),
        "sets": {
            name: {
                "frames": overlap.n_test,
                "seen": len(overlap.counted),
                "share": overlap.share,
                "reasons": overlap.counts(),
                "pairs": [pair.as_dict() for pair in overlap.counted],
                "too_few": [pair.as_dict() for pair in overlap.others],
            }
            for name, overlap in overlaps.items()
        },
        "warnings": [notice.as_dict() for notice in overlap_notices(overlaps)],
    }


def print_leaks(out: Console, overlaps: Mapping[str, Overlap]) -> None:
    """Print the pairs of every test set, and what they come to."""
    for set_name, overlap in overlaps.items():
        name = escape(set_name)
        n_pairs = len(overlap.counted) + len(overlap.others)
        if n_pairs:
            out.print(titled(leaks_table(set_name, overlap, N_SHOWN)))
        if n_pairs > N_SHOWN:
            out.print(f"{N_SHOWN} of {n_pairs} pairs (--json lists all)")
        if overlap.counted:
            reasons = ", ".join(f"{n} {reason}" for reason, n in overlap.counts().items())
            seen = f"{len(overlap.counted)} of {overlap.n_test} test frames"
            out.print(f"{name}: training has seen {seen} ({reasons})", style="red")
        elif overlap.others:
            few = f"{len(overlap.others)} of {overlap.n_test} test frames"
            out.print(f"{name}: {few} look like training, too few to count", style="yellow")
        else:
            out.print(
                f"{name}: training has seen none of {overlap.n_test} test frames", style="green"
            )


def write_pair_sheet(path: Path, overlaps: Mapping[str, Overlap]) -> None:
    """Draw pairs of a training image (left) and a test image (right), two pairs a line, as PNG.

    Parameters
    ----------
    path : Path
    overlaps : Mapping of str to Overlap
        By test set. Only pairs whose images are files are drawn.

    Raises
    ------
    RobotVisionError
        There is no such pair, or the file cannot be written.
    """
    pairs = [p for o in overlaps.values() for p in (*o.counted, *o.others)]
    pairs = [p for p in pairs if Path(p.train_image).is_file() and Path(p.test_image).is_file()]
    if not pairs:
        raise RobotVisionError(f"{path}: no pair of image files to draw")
    tiles = [_pair_tile(pair) for pair in _spread(pairs, N_SHEET)]
    if len(tiles) % 2:
        tiles.append(np.full_like(tiles[0], 255))
    sheet = np.vstack([np.hstack(tiles[i : i + 2]) for i in range(0, len(tiles), 2)])
    try:
        path.write_bytes(encode_png(sheet))
    except OSError as e:
        raise not_writable(path, e) from e


def _spread(pairs: list[SharedFrame], limit: int | None) -> list[SharedFrame]:
    if limit is None or len(pairs) <= limit:
        return pairs
    return [pairs[i] for i in np.linspace(0, len(pairs) - 1, limit).astype(int)]


def _pair_tile(pair: SharedFrame) -> NDArray[np.uint8]:
    """Return the two images beside each other, and a line of words below."""
    import cv2

    width, height = TILE
    tile = np.full((height + 3 * GAP + 14, 2 * width + 3 * GAP, 3), 255, np.uint8)
    for left, where in ((GAP, pair.train_image), (2 * GAP + width, pair.test_image)):
        try:
            image = decode_color(Path(where).read_bytes(), where)
        except (OSError, FrameError):
            continue  # the space stays white, the words below name it
        small = cv2.resize(image, TILE, interpolation=cv2.INTER_AREA)
        tile[GAP : GAP + height, left : left + width] = small
    words = f"{pair.train} {pair.train_frame} | {pair.test} {pair.test_frame}: {pair.reason}"
    at = (GAP, height + 2 * GAP + 8)
    cv2.putText(tile, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return tile
