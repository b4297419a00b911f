"""Kill commands while they write, and look at what stands at the final names: whole, or nothing.

    python scripts/check_kills.py [--kills 40] [--seed 1] [--only pack,rank-site,...]

Every second kill waits until the command has begun to write; the others come at any time. For
every second one an earlier output is there, which must then be whole too. Exit code 1: half a file
stood somewhere.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench_site import write_contest

from robotvision.data import open_sequence
from robotvision.writing import MARKER

ROOT = Path(__file__).resolve().parents[1]
Check = Callable[[Path], bool]


def ends_with(*ends: bytes) -> Check:
    """Return the check of a file that ends so."""
    return lambda path: path.read_bytes().rstrip(b"\n").endswith(ends)


def is_zip(path: Path) -> bool:
    """Return whether every entry of an archive can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except zipfile.BadZipFile:
        return False


def is_site(path: Path) -> bool:
    """Return whether a site holds every file of its marker, each to its end."""
    names = json.loads((path / MARKER).read_text())["files"]
    pages = [path / n for n in names if n.endswith(".html")]
    json.loads((path / "scores.json").read_text())
    return len(pages) > 1 and all(ends_with(b"</html>")(p) for p in pages)


def is_ranking(path: Path) -> bool:
    """Return whether the tables that are there are whole; they are moved there one by one."""
    lines = {"ranking.md": 3, "ranking.csv": 3}
    for name, least in lines.items():
        if (path / name).exists() and len((path / name).read_text().splitlines()) < least:
            return False
    return not (path / "scores.json").exists() or bool(
        json.loads((path / "scores.json").read_text())
    )


def is_sequence(path: Path) -> bool:
    """Return whether a folder is a sequence of all frames."""
    return len(open_sequence(path).frames) == 8


@dataclass(frozen=True)
class Case:
    """A command, what it writes, and whether that is whole."""

    name: str
    arguments: tuple[str, ...]
    target: str
    is_whole: Check


RANK = ("rank", "--task", "task.yaml", "--truth", "truth.csv", "runs")
CASES = (
    Case("rank-out", (*RANK, "--out", "ranking"), "ranking", is_ranking),
    Case("rank-site", (*RANK, "--site", "site", "--pages"), "site", is_site),
    Case("organiser-site", (*RANK, "--organiser-site", "mine"), "mine", is_site),
    Case(
        "codabench",
        ("codabench", "--task", "task.yaml", "--truth", "truth.csv", "-o", "b.zip"),
        "b.zip",
        is_zip,
    ),
    Case(
        "pack",
        ("pack", "--task", "task.yaml", "--card", "card.yaml", "-o", "p.zip", "runs/team000.txt"),
        "p.zip",
        is_zip,
    ),
    Case("report", ("report", "run", "-o", "page.html"), "page.html", ends_with(b"</html>")),
    Case(
        "figure",
        ("figure", "confusion", "run", "-o", "figure.png"),
        "figure.png",
        ends_with(b"IEND\xaeB`\x82"),
    ),
    Case(
        "export",
        ("export", "run", "--to", "parquet", "-o", "run.parquet"),
        "run.parquet",
        ends_with(b"PAR1"),
    ),
    Case("train", ("train", "run.yaml", "-o", "model.rvmodel"), "model.rvmodel", is_zip),
    Case(
        "synth",
        ("synth", "tour", "--frames", "8", "--size", "80x60", "--out", "drive"),
        "drive",
        is_sequence,
    ),
)


def prepare(folder: Path) -> None:
    """Write what the commands read."""
    write_contest(folder, 14, 400)
    (folder / "card.yaml").write_text(
        "group: a\nmethod: b\nretrieval: visual\nrun_type: automatic\nmode: obligatory\n"
        "time_per_frame_ms: 1\nmachine: c\nadditional_resources: none\n"
    )
    sequences = ROOT / "sequences"
    (folder / "run.yaml").write_text(
        f"task: rooms\ntrain: [{sequences}/building_cloudy]\ntest: [{sequences}/building_night]\n"
        "features: [hsv_histogram]\nclassifier: knn\n"
    )


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command."""
    return subprocess.Popen(
        [sys.executable, "-c", "from robotvision.cli import main; main()", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def run_whole(folder: Path, case: Case) -> float:
    """Run a command to its end; return its seconds."""
    began = time.perf_counter()
    process = start(folder, *case.arguments)
    _, errors = process.communicate()
    if process.returncode or not case.is_whole(folder / case.target):
        raise SystemExit(f"{case.name} does not work at all: {errors.decode()}")
    return time.perf_counter() - began


def kill(folder: Path, case: Case, rng: random.Random, longest: float, *, waits: bool) -> bool:
    """Start a command, kill it, and return whether what stands there is whole."""
    process = start(folder, *case.arguments)
    delay = rng.random() * (0.03 if waits else longest)
    while waits and process.poll() is None and not list(folder.glob(".*.part*")):
        time.sleep(0.0005)
    time.sleep(delay)
    process.kill()
    process.communicate()
    target = folder / case.target
    return not target.exists() or case.is_whole(target)


def remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def check(folder: Path, case: Case, kills: int, seed: int) -> int:
    """Kill a command so many times; return how often something half was left."""
    rng = random.Random(f"{case.name} {seed}")
    remove(folder / case.target)
    longest, halves = run_whole(folder, case), 0
    for k in range(kills):
        if k % 2 or case.name == "synth":  # which never writes into a folder with files
            remove(folder / case.target)
        elif not (folder / case.target).exists():
            run_whole(folder, case)
        halves += not kill(folder, case, rng, longest, waits=k % 4 < 2)
    remove(folder / case.target)
    run_whole(folder, case)  # what the killed ones left beside it does no harm
    return halves


def main() -> None:
    """Check, print, and exit 1 where something half was left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(c.name for c in CASES))
    chosen = parser.parse_args()
    total = 0
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        prepare(folder)
        start(folder, "run", "run.yaml", "--out", "run", "--limit", "40").communicate()
        for case in CASES:
            if case.name not in chosen.only.split(","):
                continue
            halves = check(folder, case, chosen.kills, chosen.seed)
            total += halves
            print(f"{case.name}: {chosen.kills} kills, {halves} half files", flush=True)
        left = sorted(p.name for p in folder.rglob(".*.part*"))
        print(f"left beside: {', '.join(left) or 'nothing'}")
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
