#!/usr/bin/env python3
"""Attack from inside each level of isolation, and say what got through, as a table.

A program is started as a participant's would be, beside an organiser's folder with test data, an
earlier run and training data, and tries each attack. Run it as root and as an ordinary user. Exit 1
where something got through that the level promises to hold; `SECURITY.md` shows what was found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from robotvision.errors import SystemFault
from robotvision.records import Frame
from robotvision.systems import sandbox, wire
from robotvision.systems.base import Session, View
from robotvision.systems.program import Program
from robotvision.tasks.model import Task

ATTACKER = Path(__file__).with_name("attacker.py")
SUBREAPER = "neither may be made (switched off for this check)"


def organiser(top: Path) -> list[Path]:
    """Write an organiser's folder; return what must be hidden."""
    test = top / "sequences" / "test"
    for path, text in {
        test / "truth.csv": "index,room\n0,~TRUTH\n",
        top / "sequences/train/truth.csv": "index,room\n0,Kitchen\n",
        top / "runs/one/run.jsonl": '{"type":"run","schema":1}\n{"room":"~RUN"}\n',
        top / "old.jsonl": '{"type":"run","schema":1}\n{"room":"~RUN"}\n',
        top / "page.html": '<meta name="generator" content="robotvision 0.1.0">~RUN',
        top / "more/copy.csv": "index,room\n0,~TRUTH\n",
        top / "more/notes.txt": "mine",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    os.link(test / "truth.csv", top / "more" / "innocent.bin")
    (top / "inner").symlink_to(top / "sequences")
    Path(f"{top}-link").symlink_to(top)
    return [test]


def attack(top: Path, hide: list[Path], port: int) -> tuple[str, dict[str, str | None]]:
    """Return the isolation in words, and what each attack got."""
    script = top.parent / "attacker.py"
    shutil.copy(ATTACKER, script)
    command = [sys.executable, "-I", "-S", str(script), str(top), str(port), str(os.getpid())]
    read = [top, Path(f"{top}-link")]
    got: dict[str, str | None] = {}
    with Program(command, read=read, hide=hide, timeout_s=120) as system:
        system.start(Session(Task(id="t", rooms=("Kitchen",))))
        system.reset(View({}))
        for i in range(int(system.name)):
            try:
                system.answer(Frame(i, i, {}))
            except SystemFault as e:
                name, what = json.loads(str(e).partition("the program says: ")[2])
                got[name] = what
    return system.isolation, got


def fuzz(seed: int, n: int) -> str:
    """Read ``n`` mutated answers; return how many were answers, faults and anything else."""
    rng = random.Random(seed)
    task = Task(id="t", rooms=("Kitchen",))
    whole = (
        b'@rv1 {"type":"answer","index":3,"sequence":1,"room":"Kitchen","confidence":0.5,'
        b'"objects":{},"stages_ns":{"a":1,"b":2},"fault":null}'
    )
    parts = [b"\\ud800", b"\x1b[2J", b"9" * 5000, b"[" * 2000, b'"', b"{", b"}", b"NaN", b"true"]
    parts += [b"1e999", b"-", b"\xff", b"null", b"3.0", b'"\\u0000":', b"x" * 70_000, b","]
    count = {"answers": 0, "faults": 0, "anything else": 0}
    for _ in range(n):
        raw = whole
        for _ in range(rng.randint(1, 3)):
            a, b = sorted((rng.randrange(5, len(raw)), rng.randrange(5, len(raw))))
            raw = raw[:a] + rng.choice(parts) + raw[rng.choice((a, b)) :]
        try:
            wire.answer(wire.parse(raw), task)
            count["answers"] += 1
        except SystemFault:
            count["faults"] += 1
        except Exception as e:  # what the check looks for
            count["anything else"] += 1
            print(f"{type(e).__name__}: {e}: {raw[:200]!r}", file=sys.stderr)
    words = ", ".join(f"{k} {v}" for k, v in count.items())
    return f"seed {seed}: {n} mutated answers: {words}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, default=20_000)
    args = parser.parse_args()
    text = fuzz(args.seed, args.lines)
    failed = not text.endswith("anything else 0")
    levels: dict[str, Callable[[], None]] = {
        "bubblewrap": lambda: None,
        "namespaces": lambda: setattr(sandbox, "bubblewrap", lambda: "switched off"),
        "subreaper": lambda: setattr(sandbox, "namespaces", lambda: SUBREAPER),
    }
    table: dict[str, dict[str, str | None]] = {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        for level, switch in levels.items():
            switch()
            with tempfile.TemporaryDirectory() as place:
                top = Path(place, "organiser-only")
                isolation, table[level] = attack(top, organiser(top), server.getsockname()[1])
            print(f"{level}: {isolation}\n")
    who = "root" if os.geteuid() == 0 else "an ordinary user"
    print(f"As {who}, what got through:\n\n| attack | {' | '.join(table)} |")
    print("|---|" + "---|" * len(table))
    for name in table["bubblewrap"]:
        cells = ["**yes**" if row[name] else "no" for row in table.values()]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\n{text}")
    failed |= any(any(table[level].values()) for level in ("bubblewrap", "namespaces"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
