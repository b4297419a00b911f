"""Sensor faults spoil what is seen, never what is scored."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from robotvision.cli.run import command
from robotvision.config.checks import load_config
from robotvision.data import open_sequence
from robotvision.data.digest import table_digest
from robotvision.data.sequence import ImageSequence
from robotvision.errors import FrameError, InputFaults, RobotVisionError
from robotvision.playback.faults import KINDS, FaultPlan, load_plan
from robotvision.playback.sensor_faults import punched, with_faults
from robotvision.timing.in_memory_sequence import stand_in
from tests.fixtures.examples import examples

Tour = Callable[..., Path]


def plan(*faults: dict[str, Any], seed: int = 0) -> FaultPlan:
    return FaultPlan.model_validate_json(json.dumps({"seed": seed, "faults": list(faults)}))


def times(sequence: ImageSequence) -> list[int]:
    return [f.timestamp_ns for f in sequence.frames]


SOME: list[dict[str, Any]] = [
    {"kind": "drop", "share": 0.2},
    {"kind": "repeat", "share": 0.2, "length": 3},
    {"kind": "jitter", "sigma_ms": 50},
    {"kind": "late_burst", "every_s": 1, "frames": 5},
    {"kind": "exposure", "ev": 1.5, "start": 0.2},
    {"kind": "blur", "pixels": 5, "end": 0.4},
    {"kind": "kidnap", "at": 0.3, "skip": 0.4},
]


@examples(40)
@given(st.lists(st.sampled_from(SOME), min_size=1, max_size=5), st.integers(0, 9))
def test_whatever_goes_wrong_the_same_frames_are_scored(
    faults: list[dict[str, Any]], seed: int
) -> None:
    """Frame numbers, the number of each room, and rising times stay; a seed gives one result."""
    clean = stand_in(60, size=(6, 8), seconds_each=0.7)
    spoilt = with_faults(clean, plan(*faults, seed=seed))
    assert [f.index for f in spoilt.frames] == [f.index for f in clean.frames]
    assert spoilt.room_counts() == clean.room_counts()
    assert all(b > a for a, b in pairwise(times(spoilt)))
    again = with_faults(clean, plan(*faults, seed=seed))
    assert table_digest(again) == table_digest(spoilt)


def test_a_fault_does_the_same_alone_as_among_others() -> None:
    """Adding a fault to a plan does not draw the others anew."""
    clean = stand_in(50, size=(6, 8))
    alone = with_faults(clean, plan(SOME[0]))
    among = with_faults(clean, plan(SOME[4], SOME[0]))
    lost = [[is_lost(s, k) for k in range(50)] for s in (alone, among)]
    assert lost[0] == lost[1]
    assert 2 < sum(lost[0]) < 20


def is_lost(sequence: ImageSequence, k: int) -> bool:
    try:
        sequence.load(k)
    except FrameError as e:
        return str(e) == "lost by the camera (declared fault 'drop')"
    return False


def test_a_repeated_frame_shows_the_picture_before_and_keeps_its_own_truth() -> None:
    """Three frames in a row show what the first of them showed."""
    clean = stand_in(40, size=(6, 8), n_pictures=40)
    spoilt = with_faults(clean, plan({"kind": "repeat", "share": 1.0, "length": 2}))
    for k in range(0, 39, 3):
        shown = clean.load(k)["rgb"]
        for j in range(k, min(k + 3, 40)):
            assert (spoilt.load(j)["rgb"] == shown).all()
    assert spoilt.truth == clean.truth
    assert times(spoilt) == times(clean)


def test_a_late_burst_comes_all_at_once_at_the_time_of_its_last_frame() -> None:
    """Five frames a second at one instant, the others on time."""
    clean = stand_in(90, size=(6, 8))
    spoilt = with_faults(clean, plan({"kind": "late_burst", "every_s": 1, "frames": 5}))
    moved = [k for k in range(90) if times(spoilt)[k] != times(clean)[k]]
    assert 8 <= len(moved) <= 12
    assert len(moved) % 4 == 0
    for k in moved:
        assert times(spoilt)[k] > times(clean)[k]
    steps = [b - a for a, b in pairwise(times(spoilt))]
    assert steps.count(1) == len(moved)


def test_jitter_moves_frames_by_about_its_deviation() -> None:
    """A fifth of the interval leaves the order alone and the mean where it was."""
    clean = stand_in(400, size=(6, 8))
    spoilt = with_faults(clean, plan({"kind": "jitter", "sigma_ms": 6}))
    moves = np.array(times(spoilt)) - np.array(times(clean))
    assert 5e6 < moves.std() < 7e6
    assert abs(moves.mean()) < 1e6


def test_exposure_is_linear_light_and_clips_at_white() -> None:
    """One stop more is 2 ** (1 / 2.2) times the value; white stays white, black black."""
    clean = stand_in(10, size=(6, 8))
    brighter = with_faults(clean, plan({"kind": "exposure", "ev": 1, "start": 0.5}))
    assert (brighter.load(4)["rgb"] == clean.load(4)["rgb"]).all()
    before, after = clean.load(5)["rgb"].astype(float), brighter.load(5)["rgb"]
    assert after.dtype == np.uint8
    assert np.abs(np.clip(before * 2 ** (1 / 2.2), 0, 255) - after).max() <= 0.5 + 1e-9


def test_blur_smears_along_rows_only() -> None:
    """A box over n pixels of a row: columns are not mixed."""
    clean = stand_in(2, size=(16, 24))
    blurred = with_faults(clean, plan({"kind": "blur", "pixels": 9})).load(0)["rgb"]
    sharp = clean.load(0)["rgb"].astype(float)
    assert abs(blurred[5, 12].astype(float) - sharp[5, 8:17].mean(axis=0)).max() <= 1
    assert blurred.std() < 0.6 * sharp.std()


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9, 1.0])
def test_depth_holes_take_the_share_and_hardly_more(share: float) -> None:
    """Readings elsewhere stay as they are; a hole reads 0, which means no reading."""
    depth = np.full((120, 160), 1500, np.uint16)
    holes = punched(depth, share, np.random.default_rng(0))
    gone = (holes == 0).mean()
    assert share <= gone <= share + 0.1
    assert set(np.unique(holes)) <= {0, 1500}
    assert depth.min() == 1500


def test_depth_holes_and_swapped_cameras_on_a_real_layout(tour: Tour, tmp_path: Path) -> None:
    """Only depth is touched; without left and right there is nothing to swap."""
    sequence = open_sequence(tour(tmp_path / "tour"))
    spoilt = with_faults(sequence, plan({"kind": "depth_holes", "share": 0.4}))
    before, after = sequence.load(3), spoilt.load(3)
    assert (before["rgb"] == after["rgb"]).all()
    assert 0.35 < (after["depth"] == 0).mean() < 0.6
    assert (after["depth"] == spoilt.load(3)["depth"]).all()
    with pytest.raises(RobotVisionError, match="'swap_stereo' needs the channels left and right"):
        with_faults(sequence, plan({"kind": "swap_stereo"}))
    with pytest.raises(RobotVisionError, match="needs a channel of kind depth_mm"):
        with_faults(stand_in(5), plan({"kind": "depth_holes", "share": 0.4}))


def test_swapped_cameras_show_each_others_pictures() -> None:
    """Left is right and right is left, in the span that is given."""
    from dataclasses import replace

    from robotvision.data.sequence import ChannelKind

    mono = stand_in(4, size=(6, 8), n_pictures=4)
    frames = tuple(
        replace(f, sources={"left": f.sources["rgb"], "right": mono.frames[0].sources["rgb"]})
        for f in mono.frames
    )
    stereo = replace(
        mono, frames=frames, channels={"left": ChannelKind.COLOR, "right": ChannelKind.COLOR}
    )
    swapped = with_faults(stereo, plan({"kind": "swap_stereo", "start": 0.5}))
    assert (swapped.load(1)["left"] == stereo.load(1)["left"]).all()
    assert (swapped.load(3)["left"] == stereo.load(3)["right"]).all()
    assert (swapped.load(3)["right"] == stereo.load(3)["left"]).all()


def test_a_kidnapped_robot_sees_the_rest_of_the_tour_in_another_order() -> None:
    """Images and truth go together; each of the jumps begins a segment."""
    clean = stand_in(10, size=(6, 8), n_pictures=10, rate_hz=1.0, seconds_each=1.0)
    spoilt = with_faults(clean, plan({"kind": "kidnap", "at": 0.4, "skip": 0.3}))
    order = [0, 1, 2, 3, 7, 8, 9, 4, 5, 6]
    assert [spoilt.room(k) for k in range(10)] == [clean.room(k) for k in order]
    for k in range(10):
        assert (spoilt.load(k)["rgb"] == clean.load(order[k])["rgb"]).all()
    assert [f.segment for f in spoilt.frames] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert times(spoilt) == times(clean)
    with pytest.raises(RobotVisionError, match="jumps over the end of the sequence"):
        with_faults(clean, plan({"kind": "kidnap", "at": 0.9, "skip": 0.9}))


def test_what_is_wrong_in_a_plan_is_told_with_its_place(tmp_path: Path) -> None:
    """Kinds and keys with the near name; numbers with what was expected; all of them."""
    path = tmp_path / "f.yaml"
    path.write_text("faults:\n  - {kind: dropp}\n  - {kind: blur, pixel: 3}\n  - {share: 1}\n")
    with pytest.raises(InputFaults) as e:
        load_plan(path)
    lines = e.value.lines()
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4"]
    assert "did you mean 'drop'?" in lines[0]
    assert "did you mean 'pixels'?; known for blur: start, end, kind, pixels" in lines[1]
    path.write_text("faults:\n  - {kind: drop, share: 2}\n  - {kind: blur, pixels: 3, start: 1}\n")
    with pytest.raises(InputFaults, match=r"f\.yaml:2:25: faults\[0\]\.share") as e:
        load_plan(path)
    assert len(e.value.faults) == 2
    path.write_text("seed: 1\nfaults: []\n")
    with pytest.raises(InputFaults, match="faults"):
        load_plan(path)
    assert set(KINDS) == {
        "drop",
        "repeat",
        "jitter",
        "late_burst",
        "exposure",
        "blur",
        "depth_holes",
        "swap_stereo",
        "kidnap",
    }


FAULTS = """seed: 2
faults:
  - {kind: drop, share: 0.3}
  - {kind: exposure, ev: 8}
"""


def run(*args: object) -> Any:
    return CliRunner().invoke(command, [str(a) for a in args])


def test_a_run_with_faults_tells_the_points_lost_by_each(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    """Clean, each alone, all together: rows that add up, runs that can be looked at."""
    (tmp_path / "faults.yaml").write_text(FAULTS)
    out, trace = tmp_path / "out", tmp_path / "trace.json"
    shown = run(
        config(features="[hsv_histogram]"),
        "--faults",
        tmp_path / "faults.yaml",
        "--out",
        out,
        "--trace",
        trace,
        "--json",
    )
    data = json.loads(shown.stdout)
    rows = {r["fault"]: r for r in data["degradation"]}
    assert list(rows) == ["none", "drop", "exposure", "all"]
    assert rows["none"]["points"] == 18
    assert rows["none"]["lost"] == 0
    assert rows["drop"]["lost"] == rows["drop"]["outcomes"]["failed"] > 0
    assert rows["exposure"]["lost"] > 0
    assert data["points"] == rows["all"]["points"] == 18 - rows["all"]["lost"]
    for row in rows.values():
        assert sum(row["outcomes"].values()) == 18
    assert (out / "faults" / "drop" / "run.jsonl").exists()
    assert load_config(out / "config.yaml").config.faults is not None
    assert json.loads((out / "report.json").read_text())["degradation"] == data["degradation"]
    names = {
        e["args"]["name"]
        for e in json.loads(trace.read_text())["traceEvents"]
        if e["name"] == "thread_name"
    }
    assert {"camera", "decode", "system", "hsv_histogram", "classifier", "skipped"} <= names


def test_an_interrupted_run_with_faults_goes_on_with_them(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    """The faults stand in the run's own configuration, so resuming gives the same points."""
    plan_path = tmp_path / "faults.yaml"
    plan_path.write_text("seed: 2\nfaults:\n  - {kind: drop, share: 0.3}\n")
    out = tmp_path / "out"
    whole = json.loads(run(config(), "--faults", plan_path, "--out", out, "--json").stdout)
    log = out / "run.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:9]))
    again = json.loads(run("--resume", out, "--json").stdout)
    assert again["points"] == whole["points"] < 18
    assert again["outcomes"] == whole["outcomes"]
    refused = run("--resume", out, "--faults", plan_path)
    assert refused.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "faults: [{kind: drp, share: 0.1}, {kind: drop, shar: 0.1}]",
        "faults: [{kind: drop, share: 2}, {kind: blur, pixels: x}, 4]",
        "faults: [{share: 1}]",
        "faults: [{kind: exposure, ev: 2, start: 0.5, end: 0.2}]",
        "faults: []",
    ],
)
def test_faults_in_a_configuration_are_told_as_in_a_file_of_their_own(
    text: str, tmp_path: Path
) -> None:
    """The same words and near names, each at its own line and column; other faults beside them."""
    own, config = tmp_path / "faults.yaml", tmp_path / "run.yaml"
    own.write_text(text)
    config.write_text(f"task: rooms\nfaults:\n  {text}\ntests: []\n")
    with pytest.raises(InputFaults) as apart:
        load_plan(own)
    with pytest.raises(InputFaults) as inside:
        load_config(config)
    expected = [
        (3, (f.column or 0) + 2, f"faults.{f.message}", f.remedy) for f in apart.value.faults
    ]
    found = [(f.line, f.column, f.message, f.remedy) for f in inside.value.faults]
    assert [f for f in found if f[0] == 3] == expected
    assert any("tests: unknown key; did you mean 'test'?" in f[2] for f in found)
