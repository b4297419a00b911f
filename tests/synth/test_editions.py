from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from robotvision.cli.synth import EDITIONS as COMMANDS
from robotvision.data import open_sequence
from robotvision.errors import RobotVisionError, UnknownNameError
from robotvision.synth.drive_spec import DriveSpec
from robotvision.synth.editions import EDITIONS, edition_specs, write_edition
from robotvision.synth.layouts import Idol2Writer, ImageClef2012Writer
from robotvision.synth.sequence import itinerary, render_sequence
from robotvision.tasks import load_task

FOLDERS = {
    "imageclef2009": {"training", "test"},
    "imageclef2010-icpr": {"training_easy", "training_hard", "test"},
    "imageclef2010": {"training", "validation", "test"},
    "imageclef2012": {"training1", "training2", "training3", "test1", "test2"},
    "imageclef2013": {"training1", "training2", "validation", "test"},
    "imageclef2014": {"training1", "validation", "test"},
}


def test_every_edition_is_a_command() -> None:
    """The command line offers exactly the editions there are."""
    assert tuple(EDITIONS) == COMMANDS
    assert set(EDITIONS) == set(FOLDERS)


@pytest.mark.parametrize("name", EDITIONS)
def test_few_frames_still_show_the_rooms(name: str) -> None:
    """With 24 frames training shows every room of the task it visits; no other label occurs."""
    task = load_task(name)
    tours = edition_specs(name, 24)
    assert set(tours) == FOLDERS[name]
    strange = set(EDITIONS[name].strange)
    for folder, spec in tours.items():
        rooms = Counter(itinerary(spec).rooms)
        assert sum(rooms.values()) == 24
        assert set(rooms) <= set(task.room_names) | strange
        expected = set(spec.visit or spec.rooms)
        assert len(expected & set(rooms)) >= len(expected) - 1, (folder, rooms)
        if "training" in folder:
            assert not strange & set(rooms)
        elif task.unknown and folder == "test":
            assert strange & set(rooms)


def test_the_changes_between_training_and_test() -> None:
    """What each edition is known for: other floor, other building, moved furniture, kidnapping."""
    tours = {name: edition_specs(name) for name in EDITIONS}
    assert tours["imageclef2010"]["training"].floor != tours["imageclef2010"]["test"].floor
    assert tours["imageclef2014"]["training1"].seed != tours["imageclef2014"]["test"].seed
    assert tours["imageclef2012"]["test2"].kidnappings > 0
    assert tours["imageclef2012"]["test1"].kidnappings == 0
    lights = {tours["imageclef2012"][f"training{k}"].light for k in (1, 2, 3)}
    assert lights == {"sunny", "cloudy", "night"}
    old, new = tours["imageclef2009"]["training"], tours["imageclef2009"]["test"]
    assert old.furniture_seed != new.furniture_seed
    assert 19 < (new.start_ns - old.start_ns) / 1e9 / 86400 / 30.4 < 21


@pytest.fixture(scope="module")
def tiny(spec: DriveSpec) -> DriveSpec:
    """Three small frames."""
    return replace(spec, rooms=("CR", "BO", "KT"), n_frames=3, width=64, height=48)


def test_idol2_names_hold_time_room_and_pose(tiny: DriveSpec, tmp_path: Path) -> None:
    """The images' names are KTH-IDOL2's, and the reader of that layout gives the truth back."""
    with Idol2Writer(tmp_path / "s") as writer:
        render_sequence(
            replace(tiny, start_ns=1_138_915_584_666_738_000, channels=("rgb",)), writer
        )
    names = sorted(p.name for p in (tmp_path / "s").iterdir())
    pattern = (
        r"t\d{10}\.\d{6}_r(CR|BO|KT)_x-?[\d.]+(e-\d+)?_y-?[\d.]+(e-\d+)?_a-?[\d.]+(e-\d+)?\.png"
    )
    assert all(re.fullmatch(pattern, n) for n in names), names
    assert names[0].startswith("t1138915584.666738_")
    sequence = open_sequence(tmp_path / "s")
    assert sequence.reader == "idol2"
    plan = itinerary(replace(tiny, channels=("rgb",)))
    assert tuple(sequence.room(k) for k in range(3)) == plan.rooms


def test_the_2012_layout_reads_back(tiny: DriveSpec, tmp_path: Path) -> None:
    """Images, depth and rooms lie where ImageCLEF 2012 put them."""
    with ImageClef2012Writer(tmp_path / "s") as writer:
        render_sequence(tiny, writer)
    truth = (tmp_path / "s" / "locations" / "rgb.txt").read_text()
    assert [line.split(": ")[0] for line in truth.splitlines()] == [
        "rgb_1.jpg",
        "rgb_2.jpg",
        "rgb_3.jpg",
    ]
    sequence = open_sequence(tmp_path / "s")
    assert sequence.reader == "imageclef2012"
    assert sequence.load(2)["depth"].shape == (48, 64)
    assert tuple(sequence.room(k) for k in range(3)) == itinerary(tiny).rooms


def test_an_edition_is_written_whole(tmp_path: Path) -> None:
    """Each sequence has a folder, a note says that it is a stand-in, nothing is overwritten."""
    steps: list[tuple[str, int, int]] = []
    written = write_edition("imageclef2009", tmp_path / "e", 1, 1, lambda *step: steps.append(step))
    assert {p.name for p in written} == FOLDERS["imageclef2009"]
    assert {s[0] for s in steps} == FOLDERS["imageclef2009"]
    assert open_sequence(tmp_path / "e" / "training").reader == "idol2"
    assert "not the edition's own data" in (tmp_path / "e" / "README.md").read_text()
    with pytest.raises(RobotVisionError, match="holds something already; give another --out"):
        write_edition("imageclef2009", tmp_path / "e", 1)


def test_tours_tell_of_the_objects_their_task_asks_for() -> None:
    """The object classes of a tour are those of its task."""
    for name in EDITIONS:
        for spec in edition_specs(name).values():
            assert spec.objects == load_task(name).objects


def test_an_unknown_edition_is_named() -> None:
    """The message offers the near name."""
    with pytest.raises(UnknownNameError, match="did you mean 'imageclef2012'"):
        edition_specs("imagecelf2012")
