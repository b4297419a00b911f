"""The labels of ViDRILO's MATLAB file, read by a Python of its own.

``python -m robotvision.data.vidrilo_labels FILE`` prints what `labels_in` returns, as JSON. On some
broken files SciPy's reader ends the whole process (a segmentation fault); so a child reads, and
how it ends is reported.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.regular_file import open_regular

STRUCT = "Configuration"
_LONGEST_S = 600


def labels_apart(mat: Path) -> list[dict[str, Any]] | str:
    """Return `labels_in` of a file, read by a child process; or what is wrong, in one line."""
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(p for p in (here, os.environ.get("PYTHONPATH", "")) if p)
    # -P: nothing in the current folder is imported in place of a package
    command = [sys.executable, "-P", "-m", __spec__.name, str(mat)]
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
        entries: list[dict[str, Any]] | str = json.loads(child.stdout)
        return entries
    if child.returncode < 0:
        how = signal.Signals(-child.returncode).name
        return f"not a MATLAB file that can be read (SciPy's reader was ended by {how})"
    last = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return f"not a MATLAB file that can be read ({''.join(last)})"


def labels_in(mat: Path) -> list[dict[str, Any]] | str:
    """Return names and room numbers of each entry of the struct, or what is wrong, in one line.

    Returns
    -------
    list of {'names': list of str, 'rooms': list of int or None}
        None where the room numbers are not whole numbers.
    """
    from scipy.io import loadmat

    try:
        with open_regular(mat) as f:
            variables = loadmat(f, variable_names=[STRUCT])
        entries = variables.get(STRUCT)
        fields = getattr(getattr(entries, "dtype", None), "names", None)
        if entries is None or fields is None or len(fields) < 3:
            return f"expected a struct {STRUCT!r} of at least three fields"
        return [
            {"names": _texts(e[fields[0]]), "rooms": _wholes(e[fields[2]])} for e in entries.ravel()
        ]
    except OSError as e:
        return f"cannot be read ({e.strerror or e})"
    except Exception as e:  # scipy raises whatever its parser trips over in a broken file
        what = " ".join(str(e).split())
        return f"not a MATLAB file that can be read ({type(e).__name__}: {what})"


def _texts(value: Any) -> list[str]:
    """Return the strings of a cell array or of a character matrix."""
    texts = []
    for item in np.asarray(value).ravel():
        text = np.asarray(item).ravel()
        texts.append(str(text[0]).strip() if text.size else "")
    return texts


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
    print(json.dumps(labels_in(Path(sys.argv[1]))))
