"""Mutate files of every kind that is read, and hold each reader to one line, 5 s and 500 MB.

Every case is read by a child of its own, forked from a process that has everything imported. A case
passes where the reader takes the file or raises RobotVisionError; a traceback, a signal, more time
or more memory is a failure, and the file is kept with the seed that makes it again:

    scripts/fuzz --seed 7 --seconds 600
    scripts/fuzz --seed 7 --cases 200 --only mcap
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

MAX_S = 5.0
"""Of processor time; a machine at work may take far longer by the clock."""
MAX_WAIT_S = 60.0
"""By the clock: nothing may be waited for."""
MAX_BYTES = 500 * 2**20
"""More than the parent holds already."""
TOKENS = (
    b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n", b" ", b"\t", b'"', b"'",
    b",", b";", b"!", b":", b"-", b"-1", b"0", b"1e999", b"-1e999", b"NaN", b"Infinity", b"null",
    b"true", b"[]", b"{}", b"[" * 500, b"{" * 500, b"&a [*a,*a]", b"!!python/none", b"9" * 20,
    b"9" * 500, b"../" * 20, b"/etc/passwd", b"\x1b[31m", b"\xed\xa0\x80", "\u0663".encode(),
    b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff" * 8, b"\0" * 8,
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What is read: a folder of good files, those of them to mutate, and what reads the folder."""

    name: str
    folder: Path
    files: tuple[str, ...]
    read: Callable[[Path], object]


def mutate(raw: bytes, draw: random.Random) -> bytes:
    """Return a file with one to four changes: bits, cuts, copies, tokens, numbers."""
    data = bytearray(raw)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        at = draw.randrange(len(data) + 1)
        kind = draw.randrange(8)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << draw.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at : at + draw.choice((1, 2, 4, 16, 256))]
        elif kind == 3:
            data[at:at] = data[at : at + draw.choice((1, 8, 64, 4096))]
        elif kind == 4:
            data[at:at] = draw.choice(TOKENS)
        elif kind == 5:
            token = draw.choice(TOKENS)
            data[at : at + len(token)] = token
        elif kind == 6 and data:
            data[at % len(data)] = draw.choice((0, 1, 127, 128, 255))
        elif kind == 7 and data:
            lines = bytes(data).split(b"\n")
            a, b = draw.randrange(len(lines)), draw.randrange(len(lines))
            lines[a] = lines[b]
            data[:] = b"\n".join(lines)
    return bytes(data)


def cases(targets: list[Target], seed: int) -> Iterator[tuple[int, Target, str, bytes]]:
    """Yield (number, target, file, its mutated bytes) without end; each follows from its number."""
    number = 0
    while True:
        draw = random.Random(f"{seed}-{number}")
        target = draw.choice(targets)
        name = draw.choice(target.files)
        yield number, target, name, mutate((target.folder / name).read_bytes(), draw)
        number += 1


def attempt(target: Target, folder: Path) -> str:
    """Read the folder in a child; return an empty text where that went as it must."""
    report_r, report_w = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(report_r)
        _read_and_leave(target, folder, report_w)
    os.close(report_w)
    with os.fdopen(report_r, "rb") as report:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, MAX_WAIT_S)
        text = report.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(child, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return (
            f"still there after {MAX_WAIT_S:g} s"
            if number == signal.SIGKILL
            else f"signal {number}"
        )
    took = usage.ru_utime + usage.ru_stime
    if took > MAX_S:
        return f"{took:.1f} s"
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = (usage.ru_maxrss - held) * 1024
    if grown > MAX_BYTES:
        return f"{grown >> 20} MB"
    return text


def _read_and_leave(target: Target, folder: Path, report: int) -> None:
    from robotvision.errors import RobotVisionError

    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        target.read(folder)
    except RobotVisionError as e:
        try:
            _require_lines(e.lines())
        except ValueError as problem:
            os.write(report, str(problem).encode("utf-8", "backslashreplace"))
    except BaseException:
        os.write(report, traceback.format_exc(limit=-6).encode("utf-8", "backslashreplace"))
    os._exit(0)


def _require_lines(lines: list[str]) -> None:
    """Raise ValueError where a message would do something to a terminal, or fills it."""
    for line in lines:
        if len(line) > 4000:
            raise ValueError(f"a message of {len(line)} characters: {line[:200]}")
        if "\x1b" in line:
            raise ValueError(f"a message with a terminal's escape: {line[:200]!r}")


def targets_in(folder: Path) -> list[Target]:
    """Make good files of every kind below a folder, and say what reads each."""
    from fuzz_targets import make_targets

    return make_targets(folder)


def fuzz(
    targets: list[Target], seed: int, seconds: float, n_cases: int, keep: Path | None = None
) -> tuple[Counter[str], list[str]]:
    """Try cases until time or number is up; return counts by target and what failed."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as scratch:
        for number, target, name, raw in cases(targets, seed):
            if number >= n_cases or time.monotonic() > end:
                break
            folder = Path(scratch) / "case"
            shutil.copytree(target.folder, folder, symlinks=True)
            (folder / name).write_bytes(raw)
            problem = attempt(target, folder)
            counts[target.name] += 1
            if problem:
                failures.append(f"case {number}, {target.name}/{name}: {problem}")
                if keep is not None:
                    shutil.copytree(folder, keep / f"{seed}-{number}-{target.name}")
            shutil.rmtree(folder)
    return counts, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cases", type=int, default=10**9)
    parser.add_argument("--only", help="targets whose name holds this text")
    parser.add_argument("--keep", type=Path, help="keep failing cases in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        targets = [t for t in targets_in(Path(folder)) if (options.only or "") in t.name]
        counts, failures = fuzz(targets, options.seed, options.seconds, options.cases, options.keep)
    for name, n in sorted(counts.items()):
        print(f"{name:16} {n:7} cases")
    print("\n".join(failures))
    print(f"{sum(counts.values())} cases, seed {options.seed}: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
