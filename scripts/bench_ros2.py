"""Time a ROS 2 node as the system: images of 640x480 out, rooms back, over the loopback.

The node answers each image at once, so what is measured is the way there and back: serialising,
writing, reading, waking. Printed are quantiles in ms of the whole answer and of its first part,
``send``, and how many images were lost. The library's own serialiser is timed beside ours.

    python scripts/bench_ros2.py [FRAMES]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from robotvision.records import Frame
from robotvision.systems import dds
from robotvision.systems.base import Session
from robotvision.systems.ros2 import Ros2
from robotvision.tasks import load_task
from tests.fixtures.ros2_node import ROOMS
from tests.systems.test_ros2 import LOOPBACK, NODE

ROOT = Path(__file__).resolve().parents[1]
DOMAIN = 99


def main(n_frames: int) -> None:
    os.environ["CYCLONEDDS_URI"] = LOOPBACK
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    node = subprocess.Popen([sys.executable, str(NODE), str(DOMAIN), "plain"], env=env)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (480, 640, 3), np.uint8) for _ in range(8)]
    rooms = [ROOMS[int(image.mean()) % 3] for image in images]
    total, send, wrong = [], [], 0
    try:
        with Ros2("/camera/image_raw", "/room", domain=DOMAIN) as system:
            system.start(Session(load_task("rooms").with_rooms(ROOMS)))
            for i in range(n_frames):
                frame = Frame(i, i * 10**7, {"rgb": images[i % 8]})
                start = time.perf_counter_ns()
                reply = system.answer(frame)
                total.append(time.perf_counter_ns() - start)
                send.append(reply.stages_ns["send"])
                wrong += reply.answer.room != rooms[i % 8]
    finally:
        node.kill()
    print(f"{n_frames} frames of 640x480, {wrong} lost or answered for another")
    for name, ns in (("answer", total), ("send", send)):
        p50, p99 = np.quantile(ns, [0.5, 0.99]) / 1e6
        print(f"{name}: p50 {p50:.3f} ms, p99 {p99:.3f} ms, max {max(ns) / 1e6:.3f} ms")
    print(f"CDR: {_took(lambda: dds.image_cdr(images[0], 1)):.3f} ms, the library's own "
          f"{_took(_library(images[0])):.3f} ms")  # fmt: skip


def _took(call: object) -> float:
    times = []
    for _ in range(20):
        start = time.perf_counter_ns()
        call()  # type: ignore[operator]
        times.append(time.perf_counter_ns() - start)
    return min(times) / 1e6


def _library(image: np.ndarray) -> object:
    cls = dds.message_types()[dds.IMAGE]
    header = cls.__annotations__["header"]
    stamp = header.__annotations__["stamp"](0, 1)
    message = cls(header(stamp, "camera"), 480, 640, "rgb8", 0, 1920, image.ravel().tolist())
    return message.serialize


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
