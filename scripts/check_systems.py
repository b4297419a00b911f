#!/usr/bin/env python3
"""Start and stop a program many times: no process, descriptor, memory or folder may stay behind.

Every third program crashes in the middle and leaves a child of its own running. Exit 1 where
anything is left.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from robotvision.data.sequence import ChannelKind
from robotvision.errors import SystemFault
from robotvision.records import Frame
from robotvision.systems.base import Channel, Session, View
from robotvision.systems.program import Program
from robotvision.tasks.model import Task

PROGRAM = """
import json, os, sys, time
for line in sys.stdin.buffer:
    m = json.loads(line[5:])
    if m["type"] == "hello":
        print('@rv1 {"type": "ready"}', flush=True)
    elif m["type"] == "frame":
        if m["index"] == 1:
            os.fork() and os.abort()
            time.sleep(1000)
        print('@rv1 {"type": "answer", "index": 0, "room": "A"}', flush=True)
    elif m["type"] == "bye":
        break
"""


def marked(mark: bytes) -> int:
    """Return the number of processes whose environment bears ``mark``."""
    found = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                found += mark in Path(entry.path, "environ").read_bytes()
            except OSError:
                continue
    return found


def state() -> dict[str, int]:
    """Count what could stay behind: descriptors, children, mappings, folders, control groups."""
    me = os.getpid()
    children = Path(f"/proc/self/task/{me}/children").read_text().split()
    maps = Path("/proc/self/maps").read_text().count("memfd:robotvision")
    groups = sum(
        name.startswith(f"robotvision-{me}-")
        for _, names, _ in os.walk("/sys/fs/cgroup")
        for name in names
    )
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "children": len(children),
        "processes": marked(f"ROBOTVISION_PROGRAM={me}-".encode()),
        "shared memory": maps,
        "names in /dev/shm": len(os.listdir("/dev/shm")),
        "folders": len(list(Path(tempfile.gettempdir()).glob("robotvision-*"))),
        "control groups": groups,
    }


def cycle(command: list[str], isolation: str, number: int) -> None:
    """Start a program, have a frame answered, and end it, or have it crash."""
    system = Program(command, isolation=isolation, restarts=0, timeout_s=20)  # type: ignore
    system.start(Session(Task(id="t", rooms=("A",))))
    system.reset(View({"rgb": Channel(ChannelKind.COLOR, (8, 8, 3))}))
    image = np.zeros((8, 8, 3), np.uint8)
    system.answer(Frame(0, 0, {"rgb": image}))
    if number % 3 == 1:
        with contextlib.suppress(SystemFault):  # it aborts, as it was made to
            system.answer(Frame(1, 1, {"rgb": image}))
    system.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--isolation", choices=["auto", "none"], default="auto")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        program = Path(place) / "program.py"
        program.write_text(PROGRAM)
        command = [sys.executable, "-I", "-S", str(program)]
        cycle(command, args.isolation, 0)
        before, started = state(), time.monotonic()
        for number in range(args.cycles):
            cycle(command, args.isolation, number)
        took, after = time.monotonic() - started, state()
    print(
        f"{args.cycles} cycles, isolation {args.isolation}, {took / args.cycles * 1e3:.0f} ms each"
    )
    left = {k: (before[k], after[k]) for k in before if after[k] > before[k]}
    for name in before:
        print(f"  {name:20}{before[name]:6} before{after[name]:6} after")
    print("left behind: " + ", ".join(left) if left else "nothing is left behind")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
