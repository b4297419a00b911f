"""Files that are none, names that are no Unicode, images that claim too much: one line each."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import robotvision as rv
from robotvision.cli import main
from robotvision.contest import rank
from robotvision.data.images import MAX_PIXELS, claimed_size, decode_color
from robotvision.errors import Fault, FrameError, InputFaults
from robotvision.regular_file import open_regular, read_regular
from robotvision.report import write_page
from robotvision.runs.log import read_log
from robotvision.yamlfile import loads

FUZZ = Path(__file__).parents[1] / "scripts" / "fuzz.py"


def test_a_short_seeded_run_of_the_fuzzer_finds_nothing() -> None:
    """Readers, recordings, configurations, tasks, rankings, packs, keys, logs and model files.

    ``scripts/fuzz --seed N --seconds S`` is the long form.
    """
    command = [sys.executable, str(FUZZ), "--seed", "7", "--cases", "80", "--seconds", "300"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "80 cases, seed 7: 0 failures" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["run", "{}"],
        ["task", "check", "{}"],
        ["rescore", "{}"],
        ["check", "--task", "rooms", "{}"],
        ["score", "--task", "rooms", "--truth", "{}", "{}"],
        ["sweep", "{}", "--out", "sweep"],
        ["data", "info", "{}"],
    ],
    ids=lambda c: c[0],
)
@pytest.mark.parametrize("kind", ["fifo", "device", "overlong"])
def test_what_is_no_file_is_told_at_once(
    tmp_path: Path, command: list[str], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fifo would be waited for, /dev/zero read without end, 5,000 letters are no path."""
    odd = {"fifo": str(tmp_path / "odd.yaml"), "device": "/dev/zero", "overlong": "a" * 5000}
    path = odd[kind]
    if kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(SystemExit) as stop:
        main([word.format(path) for word in command])
    assert stop.value.code in (1, 2)
    shown = capsys.readouterr()
    assert 1 <= len(shown.err.splitlines() + shown.out.splitlines()) <= 3
    assert len(shown.err) < 1200


def test_a_regular_file_is_read_and_no_larger_one(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    assert read_regular(tmp_path / "f", 5) == b"12345"
    with pytest.raises(OSError, match="expected at most 0 kB"):
        read_regular(tmp_path / "f", 4)
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Write a truth and a folder with one good run."""
    rooms = [("Hall", "Kitchen")[i // 5 % 2] for i in range(20)]
    lines = "".join(f"{i},{room}\n" for i, room in enumerate(rooms))
    (tmp_path / "truth.csv").write_text("index,room\n" + lines)
    (tmp_path / "runs").mkdir()
    text = "".join(f"{i} {room}\n" for i, room in enumerate(rooms, 1))
    (tmp_path / "runs" / "good.txt").write_text(text)
    return tmp_path / "runs"


def test_a_link_in_a_ranked_folder_quotes_nothing(tmp_path: Path, runs: Path) -> None:
    """A run that links to another file is refused without a word of that file."""
    (tmp_path / "secret").write_text("the password is tuna\n")
    (runs / "link.txt").symlink_to(tmp_path / "secret")
    (runs / "inside.txt").symlink_to(runs / "good.txt")
    os.mkfifo(runs / "fifo.txt")
    ranked = rank("rooms", [tmp_path / "truth.csv"], runs, out=tmp_path / "out")
    refused = {run.name: run.reasons for run in ranked.scores.refused}
    assert set(refused) == {"link.txt", "fifo"}
    assert "a link that leaves the folder of the runs" in refused["link.txt"][0]
    assert "expected a file, it is a fifo" in refused["fifo"][0]
    assert "tuna" not in (tmp_path / "out" / "ranking.md").read_text()


def test_a_name_that_is_no_unicode_stops_no_ranking(tmp_path: Path, runs: Path) -> None:
    (runs / os.fsdecode(b"n\xffme.txt")).write_bytes((runs / "good.txt").read_bytes())
    (runs / os.fsdecode(b"b\xffd.txt")).write_bytes(b"x")
    options = ["--truth", str(tmp_path / "truth.csv"), "--out", str(tmp_path / "out")]
    command = ["rank", "--task", "rooms", *options, str(runs), "--site", str(tmp_path / "site")]
    done = subprocess.run([sys.executable, "-m", "robotvision", *command], capture_output=True)
    assert done.returncode == 1, done.stderr
    assert rb"n\udcffme" in done.stdout
    assert b"Traceback" not in done.stderr
    for page in ("out/ranking.md", "out/scores.json", "site/index.html"):
        assert rb"\udcffme" in (tmp_path / page).read_bytes()


def _encode(extension: str, width: int, height: int) -> bytes:
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)
    ok, raw = cv2.imencode(extension, image[:, :, 0] if extension == ".pgm" else image)
    assert ok
    return raw.tobytes()


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "ppm", "pgm", "tif", "webp"])
def test_the_size_of_an_image_is_known_before_it_is_decoded(kind: str) -> None:
    """In every format that is read, from its header alone, and every cut of it is harmless."""
    raw = _encode(f".{kind}", 53, 37)
    assert claimed_size(raw) == (53, 37)
    assert decode_color(raw, "x").shape == (37, 53, 3)
    for cut in range(64):
        size = claimed_size(raw[:cut])
        assert size is None or size[0] <= 53


def _png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_the_last_chunk_of_a_png_may_not_claim_what_is_not_there() -> None:
    """The decoder allocates what a chunk claims: here 2.7 GB for one that is empty."""
    raw = _encode(".png", 12, 8)
    assert raw[-12:-4] == b"\0\0\0\0IEND"
    for claim in (1, 0xA0800000):
        with pytest.raises(FrameError, match="cut short"):
            decode_color(raw[:-12] + struct.pack(">I", claim) + raw[-8:], "x")
    assert decode_color(raw + b"trailing", "x").shape == (8, 12, 3)


def _claiming(kind: str, side: int) -> bytes:
    """Return a small image whose header claims ``side`` pixels each way."""
    if kind == "png":
        return _png_claiming(side, side)
    raw = bytearray(_encode(f".{kind}", 8, 8))
    if kind == "bmp":
        struct.pack_into("<ii", raw, 18, side, side)
    elif kind == "ppm":
        raw = bytearray(b"P6\n%d %d\n255\n" % (side, side)) + raw[-192:]
    else:
        at = raw.index(b"\xff\xc0")
        struct.pack_into(">HH", raw, at + 5, side, side)
    return bytes(raw)


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "ppm"])
def test_an_image_that_claims_too_much_is_a_failed_frame(
    tmp_path: Path, data_root: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run counts it, the report is written without it, and nothing is allocated for it."""
    bomb = _claiming(kind, 60_000)
    with pytest.raises(FrameError, match=f"at most {MAX_PIXELS} pixels, the image claims 60000x60"):
        decode_color(bomb, "x")
    if kind != "png":
        return
    image = next((data_root / "test" / "rgb").iterdir())
    image.write_bytes(bomb)
    config = data_root / "run.yaml"
    config.write_text(
        "task: rooms\ntrain: [train]\ntest: [test]\nfeatures: [depth_histogram]\nclassifier: knn\n"
    )
    with pytest.raises(SystemExit) as stop:
        main(["run", str(config), "--out", str(tmp_path / "run"), "-q"])
    assert stop.value.code == 0  # the depth alone is read; the page meets the image
    assert "1 images could not be read any more" in (tmp_path / "run/report.html").read_text()


ANCHORS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{key}: &{key} [{', '.join(8 * [f'*{chr(ord(key) - 1)}'])}]\n" for key in "bcdefghij"
)
"""Ten lines that stand for eight to the tenth nodes."""


@pytest.mark.parametrize(
    "text",
    [
        ANCHORS,
        "{" + ",".join("[]" for _ in range(30_000)) + "}",
        "\n".join(f"k{i}: {i}" for i in range(60_000)),
        "[" * 5000,
    ],
    ids=["anchors", "keys that are lists", "keys", "deep"],
)
def test_yaml_that_is_too_much_is_refused(text: str) -> None:
    with pytest.raises(InputFaults) as caught:
        loads(text, "x.yaml")
    assert len(caught.value.faults) <= 202


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 500, "NaN", "Infinity"])
def test_a_number_that_is_none_is_a_fault_of_the_log(
    tmp_path: Path, number: str, make_run: Callable[..., Path]
) -> None:
    """In the header, in a sequence's line, in a frame's."""
    raw = (make_run() / "run.jsonl").read_text().splitlines(keepends=True)
    for line, key in ((0, '"seed":0'), (1, '"rate_hz":10.0'), (2, '"confidence":0.99')):
        assert key in raw[line]
        lines = [*raw]
        lines[line] = raw[line].replace(key, f"{key.partition(':')[0]}:{number}")
        (tmp_path / "run.jsonl").write_text("".join(lines))
        with pytest.raises(InputFaults, match=f"run.jsonl:{line + 1}: "):
            read_log(tmp_path / "run.jsonl")


def test_text_that_is_no_unicode_reaches_tables_and_exports(
    tmp_path: Path, make_run: Callable[..., Path]
) -> None:
    """A sequence whose name is in another encoding: data frame, Parquet file, report."""
    folder = make_run()
    log = folder / "run.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"name":"walk"', b'"name":"w\xffk"'))
    run = rv.read_run(folder)
    assert set(run.to_frame()["sequence"]) == {r"w\udcffk"}
    assert rb"w\udcffk" in write_page([folder], tmp_path / "page.html").read_bytes()
    with pytest.raises(SystemExit) as stop:
        main(["export", str(folder), "--to", "parquet", "-o", str(tmp_path / "run.parquet")])
    assert stop.value.code == 0


def test_a_long_path_is_shortened_in_a_message() -> None:
    assert len(str(Fault("a" * 5000, "no such file"))) < 500
