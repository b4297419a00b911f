"""Time reading recordings beside the libraries' own bare loops; see the numbers in docs/data.md.

The bare loop opens the recording, iterates over the image topic, takes each message apart by the
library's own means and turns it into an RGB array. Ours opens the sequence (which indexes it and
finds its frames' times) and loads every frame. Once pictures alone, once with odometry at five
times their rate: the bare loop takes its messages apart too, ours gives each frame a pose.

Each runs in a process of its own on the same file, on one thread; the processor's time of the best
of several rounds counts (in the first, the file comes into memory), and the ratio is printed. Both
run with glibc told to keep freed memory: whether it gives a picture's megabyte back to the system
each time is chance, and costs either up to 1 ms a frame.

    python scripts/bench_bags.py [FRAMES]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "data" / "bags"))
from conftest import START_NS, STEP_NS, Messages, encoding_of, write

from robotvision.data import open_sequence
from robotvision.data.images import encode_jpeg

ROUNDS = 7
TOPIC = "/camera/image_raw"


def recorded(root: Path, form: str, kind: str, n: int) -> Path:
    """Write ``n`` pictures of 640 x 480 pixels with odometry at five times their rate."""
    messages, rng = Messages(encoding_of(form)), np.random.default_rng(0)
    small = rng.integers(0, 255, (30, 40, 3), np.uint8)
    rows: list[tuple[str, int, Any]] = []
    for i in range(n):
        t = START_NS + i * STEP_NS
        image = np.roll(cv2.resize(small, (640, 480)), i, axis=1)
        if kind == "jpeg":
            message = messages.compressed(t, encode_jpeg(image))
            rows.append((f"{TOPIC}/compressed", t, message))
        else:
            rows.append((TOPIC, t, messages.image(t, image, kind)))
        for k in range(5):
            at = t + k * STEP_NS // 5
            rows.append(("/odom", at, messages.odometry(at, i, 0, 0)))
    return write(root / f"{form}-{kind}", form, rows, messages, chunk=768 * 1024)


def pixels(message: Any) -> np.ndarray:
    """Return an RGB array as one writes it in a notebook."""
    if hasattr(message, "format"):
        bgr = cv2.imdecode(np.asarray(message.data, np.uint8), cv2.IMREAD_COLOR)
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    image = message.data.reshape(message.height, message.step)
    image = image[:, : 3 * message.width].reshape(message.height, message.width, 3)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if message.encoding == "bgr8" else image.copy()


def rosbags_loop(path: Path, has_pose: bool) -> int:
    from rosbags.highlevel import AnyReader

    n = 0
    with AnyReader([path]) as reader:
        wanted = (TOPIC, "/odom") if has_pose else (TOPIC,)
        connections = [c for c in reader.connections if c.topic.startswith(wanted)]
        for connection, _, raw in reader.messages(connections):
            message: Any = reader.deserialize(raw, connection.msgtype)
            if connection.topic != "/odom":
                n += pixels(message).shape[0] > 0
    return n


def mcap_loop(path: Path, has_pose: bool) -> int:
    from mcap.reader import make_reader
    from rosbags.typesys import Stores, get_typestore

    store, n = get_typestore(Stores.ROS2_HUMBLE), 0
    topics = [TOPIC, f"{TOPIC}/compressed", *(["/odom"] if has_pose else [])]
    with open(path, "rb") as f:
        for schema, channel, message in make_reader(f).iter_messages(topics):
            assert schema is not None
            decoded = store.deserialize_cdr(message.data, schema.name)
            if channel.topic != "/odom":
                n += pixels(decoded).shape[0] > 0
    return n


def ours(path: Path, has_pose: bool) -> int:
    sequence = open_sequence(path, pose=None if has_pose else "none")
    assert all((e.pose is None) != has_pose for e in sequence.frames)
    return sum(sequence.load(i)["rgb"].shape[0] > 0 for i in range(len(sequence)))


def timed(work: str, path: Path, n: int, has_pose: bool) -> float:
    """Return the best processor time of a frame in milliseconds, in a process of its own."""
    args = [sys.executable, __file__, "--one", work, str(path), str(n), str(int(has_pose))]
    kept = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_")
    env = os.environ | dict.fromkeys(kept, str(2**28))
    return float(
        subprocess.run(args, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout
    )


def one(work: Callable[[Path, bool], int], path: Path, n: int, has_pose: bool) -> None:
    """Print the best processor time of a frame in milliseconds."""
    cv2.setNumThreads(1)
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        assert work(path, has_pose) == n
        best = min(best, time.process_time() - started)
    print(1e3 * best / n)


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        work, path, n, has_pose = sys.argv[2:]
        return one(WORKS[work], Path(path), int(n), has_pose == "1")
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"{n} pictures of 640x480; best of {ROUNDS} rounds, ms a frame: ours, peer's, ratio")
    print(f"{'recording':20}{'peer':>8}{'pictures alone':>24}{'with odometry':>24}")
    for form, peer in PEERS.items():
        for kind in ("jpeg", "bgr8"):
            cells = ""
            with tempfile.TemporaryDirectory() as root:
                path = recorded(Path(root), form, kind, n)
                for has_pose in (False, True):
                    mine, theirs = (timed(w, path, n, has_pose) for w in ("ours", peer))
                    cells += f"{mine:8.3f}{theirs:8.3f}{mine / theirs:8.2f}"
            print(f"{f'{form}, {kind}':20}{peer:>8}{cells}")
    return None


WORKS = {"ours": ours, "rosbags": rosbags_loop, "mcap": mcap_loop}
PEERS = {"bag": "rosbags", "bag-lz4": "rosbags", "sqlite": "rosbags", "folder-mcap": "rosbags",
         "mcap": "mcap", "mcap-plain": "mcap"}  # fmt: skip


if __name__ == "__main__":
    main()
