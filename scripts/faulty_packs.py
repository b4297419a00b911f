"""Print what becomes of 15 faulty packs at home, at the organiser's and on Codabench.

At home a participant has the contest's release alone; the organiser has its truth; the platform's
scoring program has the reference data, and beside a submission a file of the platform's worker.
Exit code 1: a verdict differs in one of them.

::

    python scripts/faulty_packs.py
    python scripts/faulty_packs.py --json
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.fixtures.contests import (  # noqa: E402
    FAULTY,
    Verdicts,
    begin_obligatory,
    pack_files,
    verdicts_on,
    zipped,
)

HEAD = "| pack | at home | contest check | on Codabench | the same words |\n|---|---|---|---|---|"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print every verdict in full")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        found = judge_all(Path(name))
    if options.json:
        data = {n: v.at_home.as_dict() | {"is_same": v.is_same} for n, v in found.items()}
        print(json.dumps(data, indent=1))
    else:
        print(HEAD, *(row(name, verdicts) for name, verdicts in found.items()), sep="\n")
    return 0 if all(v.is_same for v in found.values()) else 1


def judge_all(folder: Path) -> dict[str, Verdicts]:
    """Return the verdicts on each pack, by its name."""
    setup = begin_obligatory(folder)
    found = {}
    for i, (name, (change, _)) in enumerate(FAULTY.items()):
        files = pack_files()
        change(files)
        pack = folder / f"{i}.zip"
        pack.write_bytes(zipped(files))
        found[name] = verdicts_on(setup, pack, folder / f"platform{i}")
    return found


def row(name: str, verdicts: Verdicts) -> str:
    """Return a line of the table."""
    accepted = (verdicts.at_home.is_accepted, verdicts.at_check.is_accepted, verdicts.is_taken)
    words = ["accepted" if yes else "refused" for yes in accepted]
    same = FAULTY[name][1] if verdicts.is_same else "no: they differ"
    return f"| {name} | {' | '.join(words)} | {same} |"


if __name__ == "__main__":
    sys.exit(main())
