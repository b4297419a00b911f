"""Packs: a run and its card in one file, whole or refused, and nothing leaves its folder."""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.submissions.card import Card, read_card
from robotvision.submissions.pack import MANIFEST, read_pack, unpack, write_pack
from robotvision.submissions.truthfile import FrameSet
from robotvision.tasks import load_task

TASK = load_task("imageclef2012")
GIVEN: dict[str, Any] = {
    "group": "Ours", "method": "histogram, SVM", "retrieval": "visual", "run_type": "automatic",
    "mode": "obligatory", "time_per_frame_ms": 12.5, "machine": "one core",
    "additional_resources": "none",
}  # fmt: skip
CARD = Card(**GIVEN)
RUN = "00001 Toilet\n00002  \n00003 Corridor\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "run.txt"
    path.write_text(RUN)
    return path


def packed(folder: Path, run: Path) -> Path:
    path = folder / "pack.zip"
    write_pack(path, TASK, CARD, {"task1": run}, {"task1": FrameSet("test1", np.arange(3))})
    return path


def test_a_pack_holds_run_card_and_their_digests(tmp_path: Path, run: Path) -> None:
    pack = read_pack(packed(tmp_path, run))
    assert pack.card == CARD
    assert (pack.manifest.task, pack.manifest.sets) == (
        "imageclef2012",
        {"task1": "runs/task1.txt"},
    )
    assert pack.files["runs/task1.txt"] == RUN.encode()
    digests = {f.path: f.sha256 for f in pack.manifest.files}
    assert digests["runs/task1.txt"] == hashlib.sha256(RUN.encode()).hexdigest()
    unpack(pack, tmp_path / "out")
    assert (tmp_path / "out" / "runs" / "task1.txt").read_text() == RUN
    with pytest.raises(RobotVisionError, match="not empty"):
        unpack(pack, tmp_path / "out")


def test_packing_twice_gives_the_same_bytes(tmp_path: Path, run: Path) -> None:
    first = packed(tmp_path, run).read_bytes()
    assert packed(tmp_path, run).read_bytes() == first


def test_an_incomplete_run_is_refused(tmp_path: Path, run: Path) -> None:
    frames = {"task1": FrameSet("test1", np.arange(6))}
    with pytest.raises(InputFaults, match=r"not whole: 3 frames are missing .*: 4-6; add a line"):
        write_pack(tmp_path / "x.zip", TASK, CARD, {"task1": run}, frames)
    run.write_text("00001 Toilet\n00003 Toilet\n")
    with pytest.raises(InputFaults, match=r"not whole: 1 frame is missing .*: 2;"):
        write_pack(tmp_path / "x.zip", TASK, CARD, {"task1": run})
    assert not (tmp_path / "x.zip").exists()


def test_everything_that_is_missing_is_listed(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty card and a gap and a faulty label: one refusal with all of it."""
    run.write_text("00001 Tolet\n")
    card = tmp_path / "card.yaml"
    with pytest.raises(SystemExit, match="0"):
        main(["pack", "--init", str(card)])
    assert all(f"{key}:" in card.read_text() for key in Card.model_fields)
    with pytest.raises(SystemExit, match="2"):
        main(
            [
                "pack",
                str(run),
                "--task",
                "imageclef2012",
                "--card",
                str(card),
                "--group",
                "Ours",
                "-o",
                str(tmp_path / "x.zip"),
            ]
        )
    lines = capsys.readouterr().err.splitlines()
    for key in set(GIVEN) - {"group"}:
        assert any(f": {key}: expected" in line for line in lines), key
    assert any("the label 'Tolet'" in line for line in lines)
    assert not any(": group:" in line for line in lines)
    with pytest.raises(SystemExit, match="2"):
        main(["pack", "--init", str(card)])


def test_the_command_packs_and_reads_back(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("extends: imageclef2012\npoints: {room: {wrong: -0.5}}\n")
    out = tmp_path / "ours.zip"
    options = [x for k, v in GIVEN.items() for x in ("--" + k.replace("_", "-"), str(v))]
    with pytest.raises(SystemExit, match="0"):
        main(["pack", str(run), "--task", str(own), "-o", str(out), *options])
    with pytest.raises(SystemExit, match="0"):
        main(["pack", "--read", str(out), "--unpack", str(tmp_path / "there")])
    assert "ok: ours, task imageclef2012-own" in capsys.readouterr().out
    assert (tmp_path / "there" / "task.yaml").read_text() == own.read_text()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_time_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(InputFaults, match=r"expected a (finite number|number above 0)"):
        read_card(None, {**GIVEN, "time_per_frame_ms": value})


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Write a pack again with other entries."""
    with zipfile.ZipFile(path) as archive:
        files = {n: archive.read(n) for n in archive.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)


def reseal(files: dict[str, bytes]) -> None:
    """Make the manifest fit the files, as a sender with bad intent would."""
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = [
        {"path": n, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
        for n, raw in files.items()
        if n != MANIFEST
    ]
    files[MANIFEST] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/evil.txt", "runs/../../evil.txt", "..\\evil.txt", "C:evil.txt"]
)
def test_an_entry_that_leaves_its_folder_is_refused(tmp_path: Path, run: Path, name: str) -> None:
    """Even where the manifest lists it."""
    path = packed(tmp_path, run)

    def change(files: dict[str, bytes]) -> None:
        files[name] = b"evil"
        reseal(files)

    rewrite(path, change)
    with pytest.raises(InputFaults, match="leaves its folder"):
        read_pack(path)


def test_a_link_is_refused(tmp_path: Path, run: Path) -> None:
    path = packed(tmp_path, run)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputFaults, match="'link' is not a file"):
        read_pack(path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda f: f.update({"runs/task1.txt": b"x"}), "is not what the manifest says"),
        (lambda f: f.pop("runs/task1.txt"), "in the manifest and not in the pack"),
        (lambda f: f.pop("card.yaml"), "in the manifest and not in the pack"),
        (lambda f: f.update({"more.txt": b"x"}), "more.txt is not in the manifest"),
        (lambda f: f.pop(MANIFEST), "no manifest.json in it"),
        (lambda f: f.update({MANIFEST: b"{}"}), "the key 'schema' is missing"),
        (lambda f: f.update({MANIFEST: b"\0"}), "manifest.json"),
    ],
)
def test_a_pack_that_is_not_what_its_manifest_says_is_refused(
    tmp_path: Path, run: Path, change: Callable[[dict[str, bytes]], None], expected: str
) -> None:
    path = packed(tmp_path, run)
    rewrite(path, change)
    with pytest.raises(InputFaults, match=expected):
        read_pack(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, run: Path) -> None:
    path = packed(tmp_path, run)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.txt", b"\0" * 2**20)
    raw = bytearray(path.read_bytes())
    central = raw.rindex(b"PK\x01\x02")
    raw[central + 24 : central + 28] = (2**31).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(InputFaults, match="more than 1024 MB unpacked"):
        read_pack(path)


def test_broken_zips_are_refused(tmp_path: Path, run: Path) -> None:
    """Cut short or with bytes changed anywhere: a clear line, never a traceback."""
    path = packed(tmp_path, run)
    whole, rng = path.read_bytes(), random.Random(1)
    expected = read_pack(path).files
    refused: list[RobotVisionError] = []
    for i in range(300):
        raw = bytearray(whole)
        if i % 3:
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        else:
            del raw[rng.randrange(len(raw)) :]
        path.write_bytes(raw)
        try:
            assert read_pack(path).files == expected
        except RobotVisionError as e:
            refused.append(e)
    assert len(refused) > 200
    assert all(str(path) in str(e) for e in refused)


@pytest.mark.parametrize("kind", ["none", "folder", "empty"])
def test_what_is_no_zip_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.zip"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    with pytest.raises(InputFaults, match=r"cannot be read|not a whole zip file"):
        read_pack(path)


def overlapping(folder: Path, share: object = 0.25, name: str = "task1") -> None:
    warning = {"code": "train-test-overlap", "message": "\x1b[31m", "set": name, "share": share}
    (folder / "report.json").write_text(json.dumps({"schema": 1, "warnings": [warning]}))


def test_what_training_has_seen_goes_with_the_pack(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run's own report says so; a pack of a run without that is the same bytes as before."""
    without = packed(tmp_path, run).read_bytes()
    assert "overlap" not in json.loads(zipfile.ZipFile(tmp_path / "pack.zip").read(MANIFEST))
    overlapping(tmp_path)
    path = packed(tmp_path, run)
    assert read_pack(path).manifest.overlap == {"task1": 0.25}
    with pytest.raises(SystemExit):
        main(["pack", "--read", str(path)])
    assert "training has seen 25.0% of the test frames of task1" in capsys.readouterr().err
    (tmp_path / "report.json").unlink()
    assert packed(tmp_path, run).read_bytes() == without


@pytest.mark.parametrize(
    ("share", "name"), [(0, "x"), (1.5, "x"), ("much", "x"), (None, "x"), (0.5, "a\x1b[31m")]
)
def test_a_report_that_is_none_says_nothing(
    tmp_path: Path, run: Path, share: object, name: str
) -> None:
    overlapping(tmp_path, share, name)
    assert read_pack(packed(tmp_path, run)).manifest.overlap == {}
    for text in ("", "[]", "{", '{"warnings": 3}', '{"warnings": [3]}', "[" * 10**5):
        (tmp_path / "report.json").write_text(text)
        assert read_pack(packed(tmp_path, run)).manifest.overlap == {}
