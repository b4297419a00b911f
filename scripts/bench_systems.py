#!/usr/bin/env python3
"""What it costs to have a frame answered by another process, beside TraX on the same frames.

Each way is asked for the same pictures in turn, a block at a time, so that the machine's moods fall
on all of them; printed are the quantiles over all blocks and the ratios to TraX with raw pixels and
with a JPEG. The programs look at one pixel and answer. TraX (`pip install vot-trax`) sends raw
pixels, a JPEG (not decoded by the program, encoded beforehand) or a path (no pixels at all).
LoadGen (`pip install mlcommons-loadgen`), which has no other process, is asked for as many queries
of its null system in the same run. Node.js cannot map memory and copies every frame.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from bench_replay import loadgen

from robotvision.data.sequence import ChannelKind
from robotvision.recogniser.worker import Worker
from robotvision.records import Frame
from robotvision.systems.base import Channel, Reply, Session, System, View
from robotvision.systems.clients import FOLDER, KITS
from robotvision.systems.program import Program
from robotvision.tasks.model import Task
from robotvision.timing.null import Null

PYTHON_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from client import Client
for frame in Client():
    for image in frame.images.values():
        image[0, 0]
    frame.answer("A")
"""
C_PROGRAM = """
#include "robotvision.h"
int main(void) {
  rv_session s; rv_frame f; volatile unsigned char seen; int i;
  if (rv_open(&s, "c", NULL) != 0) return 1;
  while (rv_next(&s, &f) == 1) {
    for (i = 0; i < f.n_images; i++) seen = *(const unsigned char *)f.images[i].data;
    rv_answer(&s, &f, "A", -1);
  }
  (void)seen;
  return rv_close(&s);
}
"""
NODE_PROGRAM = """
const { open } = require(process.argv[2] + "/robotvision.js");
for (const frame of open()) { frame.images.rgb.data[0]; frame.answer("A"); }
"""
TRAX_PROGRAM = """
import sys
import trax
how = sys.argv[1]
server = trax.Server([trax.Region.RECTANGLE], [how], log=False)
while True:
    request = server.wait()
    if request.type == trax.TraxStatus.QUIT:
        break
    image = request.image["color"]
    if how == "memory":
        image.array()[0, 0]
    server.status([(trax.Rectangle.create(0, 0, 1, 1), {})])
"""

Ask = Callable[[int], Any]


def build_null(_: object) -> System:
    """Return the system that answers nothing, for the worker."""
    return Null()


def frames_of(channels: dict[str, ChannelKind], width: int, height: int, n: int = 8) -> list[Frame]:
    """Return ``n`` frames of noise."""
    rng = np.random.default_rng(0)
    out = []
    for i in range(n):
        images = {
            name: rng.integers(0, 5000, (height, width), np.uint16)
            if kind is ChannelKind.DEPTH_MM
            else rng.integers(0, 256, (height, width, 3), np.uint8)
            for name, kind in channels.items()
        }
        out.append(Frame(i, i, images))
    return out


def asked(system: System, frames: list[Frame], stack: ExitStack) -> Ask:
    """Start ``system`` on frames like ``frames``; return a call that has one answered."""
    stack.callback(system.close)
    system.start(Session(Task(id="t", rooms=("A",))))
    kinds = {
        n: ChannelKind.DEPTH_MM if i.ndim == 2 else ChannelKind.COLOR
        for n, i in frames[0].images.items()
    }
    system.reset(View({n: Channel(k, frames[0][n].shape) for n, k in kinds.items()}))

    def ask(i: int) -> Reply:
        return system.answer(Frame(i, i, frames[i % len(frames)].images))

    return ask


def trax_asked(how: str, frames: list[Frame], folder: Path, stack: ExitStack) -> Ask:
    """Start a TraX program; return a call that has one frame answered."""
    import trax
    from trax.client import Client

    program = folder / "trax_program.py"
    program.write_text(TRAX_PROGRAM)
    child = subprocess.Popen(
        [sys.executable, str(program), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    stack.callback(child.wait)
    stack.callback(child.kill)
    assert child.stdin is not None
    assert child.stdout is not None
    client = Client((child.stdin.fileno(), child.stdout.fileno()), log=lambda _: None)
    stack.callback(client.quit)
    pictures = []
    for i, frame in enumerate(frames):
        path = folder / f"{i}.jpg"
        cv2.imwrite(str(path), frame["rgb"])
        pictures.append({"path": str(path), "buffer": path.read_bytes(), "memory": frame["rgb"]})
    make = {"path": trax.FileImage, "buffer": trax.BufferImage, "memory": trax.MemoryImage}[how]
    start: list[Any] = [(trax.Rectangle.create(0, 0, 1, 1), {})]
    client.initialize({"color": make.create(pictures[0][how])}, start, {})

    def ask(i: int) -> Any:
        return client.frame({"color": make.create(pictures[i % len(pictures)][how])}, {}, [])

    return ask


def measure(ways: dict[str, Ask], n: int, block: int = 50) -> dict[str, list[float]]:
    """Return microseconds of ``n`` frames for each way, asked for in turn by blocks."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for ask in ways.values():
        for i in range(block):
            ask(i)
    for start in range(0, n, block):
        for name, ask in ways.items():
            for i in range(start, start + block):
                began = time.perf_counter_ns()
                ask(block + i)
                times[name].append((time.perf_counter_ns() - began) / 1e3)
    return times


def programs(folder: Path) -> dict[str, list[str]]:
    """Write the programs of our side; return their commands by language."""
    shutil.copy(KITS["python"], folder / "client.py")
    (folder / "program.py").write_text(PYTHON_PROGRAM)
    commands = {"python": [sys.executable, str(folder / "program.py"), str(folder)]}
    compiler = shutil.which("cc")
    if compiler:
        (folder / "program.c").write_text(C_PROGRAM)
        out = folder / "program"
        subprocess.run(
            [compiler, "-std=c99", "-O2", f"-I{FOLDER}", str(folder / "program.c"), "-o", str(out)],
            check=True,
        )
        commands["C"] = [str(out)]
    if shutil.which("node"):
        (folder / "program.js").write_text(NODE_PROGRAM)
        commands["Node"] = ["node", str(folder / "program.js"), str(FOLDER)]
    return commands


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rgb = frames_of({"rgb": ChannelKind.COLOR}, 640, 480)
    stereo = frames_of(
        {"left": ChannelKind.COLOR, "right": ChannelKind.COLOR, "depth": ChannelKind.DEPTH_MM},
        640,
        480,
    )
    small = frames_of({"rgb": ChannelKind.COLOR}, 320, 240)
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        ways: dict[str, Ask] = {}
        for language, command in programs(folder).items():
            for transport in ("shm", "pipe"):
                system = Program(command, transport=transport, read=[folder])  # type: ignore
                ways[f"rgb 640x480, {transport}, {language}"] = asked(system, rgb, stack)
        isolation = system.isolation
        for transport in ("shm", "pipe"):
            system = Program(programs(folder)["python"], transport=transport, read=[folder])  # type: ignore
            ways[f"left+right+depth 640x480, {transport}, python"] = asked(system, stereo, stack)
        ways["rgb 320x240, in this process, null system"] = asked(Null(), small, stack)
        worker = Worker(f"{Path(__file__).stem}:build_null")
        ways["rgb 320x240, worker, null system"] = asked(worker, small, stack)
        if importlib.util.find_spec("trax"):
            for how in ("memory", "buffer", "path"):
                ways[f"TraX, rgb 640x480, {how}"] = trax_asked(how, rgb, folder, stack)
        else:
            print("TraX: left out, not installed (pip install vot-trax)", file=sys.stderr)
        times = measure(ways, args.frames)
        peer = loadgen(args.frames, folder)
    show(times, isolation, None if peer is None else peer[1] / 1e3, args.json)
    return 0


AIMS = (
    ("rgb 640x480, shm, C", 120.0),
    ("rgb 640x480, shm, python", 120.0),
    ("left+right+depth 640x480, shm, python", 1000.0),
)
"""Way -> microseconds at the median, on an otherwise idle machine."""


def show(
    times: dict[str, list[float]], isolation: str, loadgen_us: float | None, as_json: bool
) -> None:
    """Print quantiles in microseconds, ratios to TraX, and what was aimed at."""
    table = {
        name: dict(zip(("p50", "p90", "p99"), np.percentile(t, (50, 90, 99)).tolist(), strict=True))
        for name, t in times.items()
    }
    inside = table["rgb 320x240, in this process, null system"]["p50"]
    over = table["rgb 320x240, worker, null system"]["p50"] - inside
    if as_json:
        print(
            json.dumps(
                {
                    "us": table,
                    "isolation": isolation,
                    "worker_over_us": over,
                    "loadgen_us": loadgen_us,
                }
            )
        )
        return
    peers = [table.get(f"TraX, rgb 640x480, {how}") for how in ("memory", "buffer")]
    heads = "".join(f"  of TraX {how}" for how, p in zip(("raw", "JPEG"), peers, strict=True) if p)
    print(f"isolation: {isolation}")
    print(f"{'microseconds a frame':44}{'p50':>9}{'p90':>9}{'p99':>9}{heads}")
    for name, q in table.items():
        ratios = "".join(f"{q['p50'] / p['p50']:13.2f}" for p in peers if p)
        print(f"{name:44}{q['p50']:9.0f}{q['p90']:9.0f}{q['p99']:9.0f}{ratios}")
    if loadgen_us is not None:
        print(f"{'LoadGen, null system, in its process':44}{loadgen_us:9.1f} (mean)")
    for name, aim in AIMS:
        if name in table:
            print(f"aim: {name}: {table[name]['p50']:.0f} us of at most {aim:.0f}")
    print(f"aim: worker over in-process: {over:.0f} us of at most 200")


if __name__ == "__main__":
    sys.exit(main())
