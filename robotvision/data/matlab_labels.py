"""The labels in MATLAB files of data sets, read by a Python of its own.

``python -m robotvision.data.matlab_labels KIND FILE`` prints what the reader of that kind returns,
as JSON: ``vidrilo`` (ViDRILO's configuration) or ``imageclef2014`` (the kit's of 2014). On some
broken files SciPy's reader ends the whole process (a segmentation fault); so a child reads, and
how it ends is reported.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.regular_file import open_regular

STRUCT = "Configuration"
_LONGEST_S = 600

Entries = list[dict[str, Any]]


def labels_apart(kind: str, mat: Path) -> Entries | str:
    """Return `labels_in` of a file, read by a child process; or what is wrong, in one line."""
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(p for p in (here, os.environ.get("PYTHONPATH", "")) if p)
    # -P: nothing in the current folder is imported in place of a package
    command = [sys.executable, "-P", "-m", __spec__.name, kind, str(mat)]
    try:
        child = subprocess.run(
            command,
            capture_output=True,
            env=os.environ | {"PYTHONPATH": path},
            check=False,
            timeout=_LONGEST_S,
        )
    except subprocess.TimeoutExpired:
        return f"not a MATLAB file that can be read (SciPy was not done after {_LONGEST_S} s)"
    if child.returncode == 0:
        entries: Entries | str = json.loads(child.stdout)
        return entries
    if child.returncode < 0:
        how = signal.Signals(-child.returncode).name
        return f"not a MATLAB file that can be read (SciPy's reader was ended by {how})"
    last = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return f"not a MATLAB file that can be read ({''.join(last)})"


def labels_in(kind: str, mat: Path) -> Entries | str:
    """Return what the struct ``Configuration`` of a file holds, or what is wrong, in one line.

    Returns
    -------
    list of dict
        See the function of the kind: `vidrilo_entries`, `kit_entries`.
    """
    from scipy.io import loadmat

    try:
        with open_regular(mat) as f:
            variables = loadmat(f, variable_names=[STRUCT])
        struct = variables.get(STRUCT)
        if struct is None or getattr(struct.dtype, "names", None) is None:
            return f"expected a struct {STRUCT!r}"
        return KINDS[kind](struct)
    except OSError as e:
        return f"cannot be read ({e.strerror or e})"
    except Exception as e:  # scipy raises whatever its parser trips over in a broken file
        what = " ".join(str(e).split())
        return f"not a MATLAB file that can be read ({type(e).__name__}: {what})"


def vidrilo_entries(struct: Any) -> Entries | str:
    """Return names and room numbers of each entry of ViDRILO's struct.

    Returns
    -------
    list of {'names': list of str, 'rooms': list of int or None}
        None where the room numbers are not whole numbers.
    """
    fields = struct.dtype.names
    if len(fields) < 3:
        return f"expected a struct {STRUCT!r} of at least three fields"
    return [{"names": _texts(e[fields[0]]), "rooms": _wholes(e[fields[2]])} for e in struct.ravel()]


def kit_entries(struct: Any) -> Entries | str:
    """Return the frames that the kit's struct of 2014 lists, for training and for testing.

    Returns
    -------
    list of dict
        One for ``trainingInfo`` and one for ``testInfo``, where they are there: ``part`` (the
        field's name), ``names`` (image files), ``rooms`` (numbers from 1, None where they are not
        whole), ``objects`` (a list of 0 or 1 for each object, or None), ``room_labels`` and
        ``object_labels``.
    """
    if struct.size != 1:
        return f"expected one entry in the struct {STRUCT!r}, got {struct.size}"
    whole = struct.ravel()[0]
    names = struct.dtype.names
    if not {"labelClasses", "labelObjects"} <= set(names):
        return f"expected the fields labelClasses and labelObjects in {STRUCT!r}"
    entries = []
    for part in ("trainingInfo", "testInfo"):
        info = whole[part] if part in names else None
        fields = getattr(getattr(info, "dtype", None), "names", None)
        if info is None or not info.size or fields is None or "visualPath" not in fields:
            continue
        one = info.ravel()[0]
        entries.append(
            {
                "part": part,
                "names": _texts(one["visualPath"]),
                "rooms": _wholes(one["class"]) if "class" in fields else None,
                "objects": _rows(one["objectAppearance"]) if "objectAppearance" in fields else None,
                "room_labels": _texts(whole["labelClasses"]),
                "object_labels": _texts(whole["labelObjects"]),
            }
        )
    return entries or f"expected the field trainingInfo or testInfo in {STRUCT!r}"


KINDS: dict[str, Callable[[Any], Entries | str]] = {
    "vidrilo": vidrilo_entries,
    "imageclef2014": kit_entries,
}


def _texts(value: Any) -> list[str]:
    """Return the strings of a cell array or of a character matrix."""
    texts = []
    for item in np.asarray(value).ravel():
        text = np.asarray(item).ravel()
        texts.append(str(text[0]).strip() if text.size else "")
    return texts


def _rows(value: Any) -> list[list[int]] | None:
    """Return a matrix of 0 and 1 by row, or None where it is none."""
    matrix = np.asarray(value)
    if matrix.ndim != 2 or matrix.dtype.kind not in "iufb" or not np.isin(matrix, (0, 1)).all():
        return None
    rows: list[list[int]] = matrix.astype(int).tolist()
    return rows


def _wholes(value: Any) -> list[int] | None:
    """Return whole numbers, or None where some are not."""
    numbers = np.asarray(value).ravel()
    if numbers.dtype.kind == "O":
        parts = [np.asarray(n).ravel() for n in numbers]
        if any(p.size != 1 for p in parts):
            return None
        numbers = np.array([p[0] for p in parts])
    if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        return None
    return [int(n) for n in numbers] if (numbers == np.rint(numbers)).all() else None


if __name__ == "__main__":
    print(json.dumps(labels_in(sys.argv[1], Path(sys.argv[2]))))
