"""Time reading videos, LeRobot, Parquet and Foxglove's MCAP beside the libraries' own bare loops.

The bare loop opens the file, goes through it in order and turns each image into an RGB array, as
one writes it in a notebook. Ours opens the sequence (which finds its frames and their times) and
loads every frame. Each on one thread, in turn, on the same file of images of 640x480; the
processor's time of the best of several rounds counts, and the ratio is printed.

    python scripts/bench_formats.py [FRAMES]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from foxglove_schemas_protobuf.CompressedImage_pb2 import CompressedImage
from google.protobuf.timestamp_pb2 import Timestamp
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory
from mcap_protobuf.writer import Writer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from robotvision.data import open_sequence
from robotvision.data.images import encode_jpeg
from robotvision.data.lerobot_write import write_lerobot
from tests.fixtures.videos import write_video

ROUNDS = 7


def images(n: int) -> list[np.ndarray]:
    small = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    large = cv2.resize(small, (640, 480))
    return [np.roll(large, 4 * i, axis=1) for i in range(n)]


def rgb(raw: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def video(root: Path, n: int) -> tuple[Path, Callable[[Path], None]]:
    def bare(path: Path) -> None:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                frame.to_ndarray(format="rgb24")

    path = write_video(root / "video.mp4", range(0, 33 * n, 33), images=images(n))
    return path, bare


def lerobot(root: Path, n: int) -> tuple[Path, Callable[[Path], None]]:
    def bare(path: Path) -> None:
        rows = pq.read_table(sorted(path.glob("data/*/*.parquet")))
        rows["timestamp"].to_pylist(), rows["episode_index"].to_pylist()
        for file in sorted(path.glob("videos/*/*/*.mp4")):
            with av.open(str(file)) as container:
                for frame in container.decode(video=0):
                    frame.to_ndarray(format="rgb24")

    path = write_video(root / "source.mp4", range(0, 33 * n, 33), images=images(n))
    write_lerobot(open_sequence(path), root / "lerobot")
    return root / "lerobot", bare


def parquet(root: Path, n: int) -> tuple[Path, Callable[[Path], None]]:
    def bare(path: Path) -> None:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=100):
            for cell in batch.column("image"):
                rgb(cell["bytes"].as_py())

    type_ = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = [{"bytes": encode_jpeg(image), "path": None} for image in images(n)]
    path = root / "images.parquet"
    pq.write_table(pa.table({"image": pa.array(cells, type_)}), path, row_group_size=100)
    return path, bare


def foxglove(root: Path, n: int) -> tuple[Path, Callable[[Path], None]]:
    def bare(path: Path) -> None:
        with open(path, "rb") as f:
            reader = make_reader(f, decoder_factories=[DecoderFactory()])
            for *_, message in reader.iter_decoded_messages():
                rgb(message.data)

    path = root / "foxglove.mcap"
    with open(path, "wb") as f, Writer(f) as writer:
        for i, image in enumerate(images(n)):
            stamp = Timestamp(seconds=i)
            message = CompressedImage(timestamp=stamp, data=encode_jpeg(image), format="jpeg")
            writer.write_message("/camera/image", message, i * 10**9, i * 10**9)
    return path, bare


def ours(path: Path) -> None:
    sequence = open_sequence(path)
    for position in range(len(sequence)):
        sequence.load(position)


def best(calls: list[Callable[[Path], None]], path: Path) -> list[float]:
    """Return the least time of each, taken in turn, so that a busy machine is busy for all."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, own in zip(calls, times, strict=True):
            start = time.process_time()
            call(path)
            own.append(time.process_time() - start)
    return [min(own) for own in times]


def main(n: int) -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        for make in (video, lerobot, parquet, foxglove):
            path, bare = make(Path(folder), n)
            own, peer = best([ours, bare], path)
            print(
                f"{make.__name__}: {own / n * 1e3:.3f} ms a frame, bare loop {peer / n * 1e3:.3f}, "
                f"ratio {own / peer:.2f}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
