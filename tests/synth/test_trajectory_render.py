"""Frames along given poses: layouts that read back, the same bytes, going on where stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robotvision.data import open_sequence
from robotvision.errors import RobotVisionError
from robotvision.synth.trajectory import Track, read_tracks
from robotvision.synth.trajectory_drawing import clearance
from robotvision.synth.trajectory_plan import furnished, lay_out
from robotvision.synth.trajectory_render import RenderSpec, render_tracks
from tests.fixtures.commands import CommandLine
from tests.fixtures.patience import PATIENCE_S

SMALL = RenderSpec(width=64, height=48, workers=1)
START = "from robotvision.cli import main; main()"
REAL = Path(__file__).parents[3] / "shared" / "data" / "idol2_names"
COUNTS = {  # frames, BO, CR, EO, KT, PA
    "dum_cloudy1": (917, 106, 419, 136, 136, 120), "dum_cloudy2": (928, 103, 432, 129, 142, 122),
    "dum_cloudy3": (915, 112, 425, 122, 115, 141), "dum_cloudy4": (1023, 134, 488, 136, 137, 128),
    "dum_night1": (965, 105, 434, 130, 149, 147), "dum_night2": (952, 112, 446, 125, 140, 129),
    "dum_night3": (1034, 124, 483, 134, 135, 158), "dum_night4": (954, 112, 437, 123, 127, 155),
    "dum_sunny1": (894, 107, 415, 119, 127, 126), "dum_sunny2": (909, 113, 421, 124, 129, 122),
    "dum_sunny3": (950, 116, 434, 127, 134, 139), "dum_sunny4": (999, 118, 479, 142, 125, 135),
}  # fmt: skip


def _images(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*.*g")) if "plan" not in p.name}


def _names_file(path: Path, track: Track) -> Path:
    path.write_text("\n".join(track.names) + "\n", encoding="utf-8")
    return path


def test_idol2_layout_has_the_given_names_and_reads_back(
    plus: Callable[..., Track], tmp_path: Path, robotvision: CommandLine
) -> None:
    """From a list of names over processes to the project's own reader: same names and counts."""
    given = plus(step=0.9)
    names = _names_file(tmp_path / "walk_night1.txt", given)
    out = tmp_path / "out"
    options = ("--size", "64x48", "--workers", "2", "--json")
    done = robotvision("synth", "--trajectory", str(names), "--out", str(out), *options)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["in_own_room"] == told["poses"] == len(given)
    assert told["clearance_m"] >= 0.15
    assert told["doubts"] == []
    assert told["sequences"][0]["light"] == "night"
    folder = out / "walk_night1"
    assert {p.name for p in (folder / "png").iterdir()} == set(given.names)
    sequence = open_sequence(folder)
    assert sequence.reader == "idol2"
    assert Counter(sequence.room(k) for k in range(len(sequence))) == Counter(given.rooms)
    assert [e.timestamp_ns for e in sequence.frames] == given.times_ns.tolist()
    assert sequence.load(0)["rgb"].shape == (48, 64, 3)
    assert "They are no photographs" in " ".join((out / "README.md").read_text().split())
    assert (out / "plan.png").stat().st_size > 1000


def test_native_layout_has_depth_poses_and_segments(
    tour: Callable[..., Track], tmp_path: Path
) -> None:
    """Times are exact, indices those of the list, and a carried robot begins a segment."""
    a, b = [(0.5 * k, 0.0) for k in range(8)], [(0.5 * k, 6.0) for k in range(8)]
    given = tour([*a, *b], ["BO"] * 8 + ["KT"] * 8)
    render_tracks(lay_out([given]), tmp_path / "out", replace(SMALL, layout="native", every=3))
    sequence = open_sequence(tmp_path / "out" / "made")
    assert sequence.reader == "native"
    assert [e.index for e in sequence.frames] == [0, 3, 6, 9, 12, 15]
    assert [e.timestamp_ns for e in sequence.frames] == given.times_ns[::3].tolist()
    assert [e.segment for e in sequence.frames] == [0, 0, 0, 1, 1, 1]
    assert sequence.load(0)["depth"].shape == (48, 64)
    pose = sequence.frames[1].pose
    assert pose is not None
    assert pose[:2] == (1.5, 0.0)
    assert sequence.calibration["depth"]["fx"] == 48.0


def test_a_frame_is_the_same_whatever_else_is_rendered(
    plus: Callable[..., Track], tmp_path: Path
) -> None:
    """Each 24th frame first and then each 8th gives the bytes of each 8th at once."""
    layout = lay_out([plus(step=0.4)])
    every = replace(SMALL, every=24)
    first = render_tracks(layout, tmp_path / "a", every)
    before = _images(tmp_path / "a")
    assert len(before) == first.sequences[0].n_frames == -(-len(layout.tracks[0]) // 24)
    steps: list[tuple[str, int, int]] = []
    render_tracks(layout, tmp_path / "a", replace(every, every=8), lambda *s: steps.append(s))
    assert steps[0][1] == len(before), "what lies there is not rendered again"
    render_tracks(layout, tmp_path / "b", replace(every, every=8))
    assert before.items() <= _images(tmp_path / "a").items()
    assert _images(tmp_path / "a") == _images(tmp_path / "b")
    limited = render_tracks(layout, tmp_path / "c", replace(every, every=8, limit=2))
    assert _images(tmp_path / "c").items() < _images(tmp_path / "a").items()
    assert limited.sequences[0].n_frames == 2


def test_another_building_is_not_mixed_in(plus: Callable[..., Track], tmp_path: Path) -> None:
    """Other options or tours, a foreign folder and a tour that is not there are refused."""
    layout, out = lay_out([plus(step=0.4)]), tmp_path / "out"
    spec = replace(SMALL, limit=0)
    render_tracks(layout, out, spec)
    with pytest.raises(RobotVisionError, match=r"expected the seed it was begun with, .* --out"):
        render_tracks(layout, out, replace(spec, seed=2))
    with pytest.raises(RobotVisionError, match="expected the tours it was begun with"):
        render_tracks(lay_out([plus(seed=5, step=0.4)]), out, spec)
    by_night, dark = lay_out([replace(plus(step=0.4), light="night")]), tmp_path / "dark"
    render_tracks(by_night, dark, spec)
    manifest = json.loads((dark / "trajectory.json").read_text())
    assert manifest.pop("most_gain") == 8
    (dark / "trajectory.json").write_text(json.dumps(manifest))  # as one begun before
    with pytest.raises(RobotVisionError, match=r"most_gain it was begun with.*--most-gain 3\.2 or"):
        render_tracks(by_night, dark, spec)
    render_tracks(by_night, dark, replace(spec, most_gain=3.2))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep")
    with pytest.raises(RobotVisionError, match="expected an empty or a new folder"):
        render_tracks(layout, tmp_path / "mine", spec)
    with pytest.raises(RobotVisionError, match="only: expected sequences of walk_cloudy1, got 'x'"):
        render_tracks(layout, tmp_path / "new", replace(spec, only=("x",)))
    assert not (tmp_path / "new").exists()


def test_the_lights_of_one_building_differ(plus: Callable[..., Track], tmp_path: Path) -> None:
    """The same poses by night and by day show the same walls under other light."""
    day, night = plus(step=0.4), plus(name="walk_night1", step=0.4)
    layout = lay_out([day, replace(night, light="night")])
    render_tracks(layout, tmp_path / "out", replace(SMALL, every=11))
    color = {}
    for name in ("walk_cloudy1", "walk_night1"):
        sequence = open_sequence(tmp_path / "out" / name)
        color[name] = np.mean([sequence.load(k)["rgb"] for k in range(len(sequence))], (0, 1, 2))
    red = {name: c[0] / c[2] for name, c in color.items()}
    assert red["walk_night1"] > 1.1 * red["walk_cloudy1"]


def test_stopped_work_goes_on(
    plus: Callable[..., Track], tmp_path: Path, robotvision: CommandLine
) -> None:
    """Ctrl-C leaves whole images, says so with exit 130, and the same command finishes."""
    given = plus(step=0.4)
    names, out = _names_file(tmp_path / "walk.txt", given), tmp_path / "out"
    args = (
        "--trajectory",
        str(names),
        "--out",
        str(out),
        "--layout",
        "native",
        "--every",
        "2",
        "--size",
        "320x240",
        "--workers",
        "1",
    )
    child = subprocess.Popen(
        [sys.executable, "-c", START, "synth", *args], stderr=subprocess.PIPE, text=True
    )
    folder = out / "walk" / "depth"
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and len(list(folder.glob("*.png"))) < 3:
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGINT)
    stderr = child.communicate(timeout=PATIENCE_S)[1]
    assert child.returncode == 130, stderr
    assert "what is done is kept; the same command goes on" in stderr
    part = open_sequence(out / "walk")
    kept = len(part)
    assert 0 < kept < len(given) // 2
    whole = robotvision(
        "synth", *args[:-4], "--size", "320x240", "--limit", str(kept + 1), "--json"
    )
    assert whole.returncode == 0, whole.stderr
    assert json.loads(whole.stdout)["sequences"][0]["frames"] == kept + 1
    assert len(open_sequence(out / "walk")) == kept + 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--trajectory", "walk.txt"), "--trajectory needs --out"),
        (("--seed", "2", "default", "--out", "x"), "--seed goes with --trajectory and no command"),
        (("--trajectory", "gone.txt", "--out", "x"), "gone.txt: cannot be read (No such"),
    ],
)
def test_options_that_do_not_go_together(
    args: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    robotvision: CommandLine,
) -> None:
    """Usage errors are one line and exit 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk.txt").write_text("x")
    done = robotvision("synth", *args)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.skipif(not REAL.is_dir(), reason="the names of KTH-IDOL2 do not lie there")
def test_twelve_real_tours_drive_through_one_building(tmp_path: Path) -> None:
    """All plans without images: counts, every pose free and in its room; a few frames."""
    layout = lay_out(read_tracks([REAL]))
    counted = {
        t.name: (len(t), *(t.rooms.count(r) for r in ("BO", "CR", "EO", "KT", "PA")))
        for t in layout.tracks
    }
    assert counted == COUNTS
    assert all(layout.is_own(t).all() for t in layout.tracks)
    for seed in range(3):
        near = clearance(layout.plan, furnished(layout, seed), layout.tracks)
        assert min(float(c.min()) for c in near) >= 0.15
    only = ("dum_sunny1", "dum_night2")
    render_tracks(layout, tmp_path / "out", replace(SMALL, only=only, every=300))
    for name in only:
        given = next(t for t in layout.tracks if t.name == name)
        found = {p.name for p in (tmp_path / "out" / name / "png").iterdir()}
        assert found == set(given.names[::300])
        assert open_sequence(tmp_path / "out" / name).reader == "idol2"
