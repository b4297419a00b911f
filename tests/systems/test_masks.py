"""What a program must not read is covered under every name that it can be reached by."""

import json
import os
import random
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.errors import RobotVisionError, SystemFault
from robotvision.records import Frame
from robotvision.systems import masks
from robotvision.systems.base import Session, View
from robotvision.systems.masks import Bind, find_masks
from robotvision.systems.program import Program

LOG = '{"type":"run","schema":1}\n{"type":"frame","truth":{"room":"~SAW-log"}}\n'
HUNTER = Path(__file__).with_name("hunter.py")
Hunt = Callable[..., set[str]]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder as an organiser's: data, runs, exports, bundles, and a program of its own."""
    top = tmp_path / "project"
    for name in ("lap1", "lap2"):
        write(top / f"sequences/{name}/frames.csv", f"index,timestamp_ns\n0,0 ~SAW-frames-{name}\n")
        write(top / f"sequences/{name}/truth.csv", f"index,room\n0, ~SAW-{name}\n")
        write(top / f"sequences/{name}/rgb/0.png", f"~SAW-image-{name}")
    write(top / "runs/one/run.jsonl", LOG)
    write(top / "runs/one/report.html", "~SAW-report")
    write(top / "program/model.bin", " ~SAW-model ")
    write(top / "notes.txt", " ~SAW-notes ")
    return top


def masked(top: Path, hide: list[Path] | None = None, **options: list[Path]) -> set[str]:
    """Return what is covered below ``top`` where that is what the program sees."""
    found = find_masks([Bind(top, top)], hide or [], **options)
    return {str(m.name.relative_to(top)) for m in found}


def test_runs_and_hidden_data_are_covered(project: Path) -> None:
    """A folder of nothing but runs as a whole, so that the next run is covered too."""
    assert masked(project, [project / "sequences/lap2"]) == {"runs", "sequences/lap2"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("old.jsonl", LOG),
        ("drive.mp4.labels.jsonl", '{"schema":1,"sequence":"drive","digest":"0","by":"a"}\n~SAW'),
        ("page.html", '<html><meta name="generator" content="robotvision 0.1.0"> ~SAW'),
        ("result.json", '{\n "schema": 1,\n "task": "rooms"}'),
        ("key.json", '{"order":"shuffle","sequences":[]}'),
        ("run.mcap", "\x89MCAP0 robotvision 0.1.0"),
        ("run.parquet", "PAR1 ... robotvision ... PAR1"),
        ("copy.csv", "index,room\n0, ~SAW-lap2\n"),
    ],
)
def test_what_the_harness_wrote_is_recognised(name: str, text: str, project: Path) -> None:
    """By content, whatever its name; so is a copy of a hidden table."""
    (project / name).write_bytes(text.encode("latin-1"))
    assert name in masked(project, [project / "sequences/lap2"])


def test_what_is_the_users_own_stays(project: Path) -> None:
    """Training data, models, notes and files that only look like the harness's."""
    own = {
        "data.jsonl": '{"type":"image"}', "a.html": "<html>robotvision</html>",
        "b.json": '{"schema": 1}', "c.csv": "index,room\n", "d.parquet": "PAR1", "e.zip": "PK",
    }  # fmt: skip
    for name, text in own.items():
        write(project / name, text)
    assert masked(project, [project / "sequences/lap2"]) == {"runs", "sequences/lap2"}


def test_packs_bundles_and_features_are_recognised(project: Path) -> None:
    """Archives by the names in them, folders by what lies in them."""
    with zipfile.ZipFile(project / "b.zip", "w") as archive:
        archive.writestr("reference/truth.csv", "~SAW")
    write(project / "bundle/competition.yaml", "")
    write(project / "bundle/reference_data.zip", "")
    write(project / f"cache/features/{'0' * 40}.npy", "")
    assert masked(project) == {"b.zip", "bundle", "cache", "runs"}


def test_a_hard_link_is_covered(project: Path) -> None:
    """A hidden file by a second name, also an image."""
    os.link(project / "sequences/lap2/rgb/0.png", project / "innocent.png")
    assert "innocent.png" in masked(project, [project / "sequences/lap2"])


def test_training_stays_where_its_tables_are_those_of_a_test(project: Path) -> None:
    """Two recordings may have equal tables; one that is trained on and tested on is hidden."""
    for name in ("frames.csv", "truth.csv"):
        text = (project / "sequences/lap2" / name).read_text()
        write(project / "sequences/lap1" / name, text)
    lap1, lap2 = project / "sequences/lap1", project / "sequences/lap2"
    assert masked(project, [lap2]) >= {"sequences/lap1/truth.csv", "sequences/lap1/frames.csv"}
    assert masked(project, [lap2], training=[lap1]) == {"runs", "sequences/lap2"}
    assert masked(project, [lap2], training=[lap2, lap1]) == {"runs", "sequences/lap2"}


def test_a_name_by_a_link_is_covered_as_well(project: Path, tmp_path: Path) -> None:
    """The names of what is seen are those of the binds, not those of the files."""
    name = tmp_path / "link"
    found = find_masks([Bind(project, name)], [project / "sequences/lap2"])
    assert {str(m.name) for m in found} == {f"{name}/runs", f"{name}/sequences/lap2"}


def test_what_is_named_in_a_run_folder_stays_but_for_its_log(project: Path) -> None:
    """A program or a model may lie in a run folder; its log is covered even where it is named."""
    model = write(project / "runs/one/model.bin", "")
    log = project / "runs/one/run.jsonl"
    binds = [Bind(p, p) for p in (project, model, log)]
    found = {m.name for m in find_masks(binds, [])}
    assert found == {project / "runs/one", log}


def test_the_run_folder_is_covered_before_it_holds_a_log(project: Path) -> None:
    """But for the program that lies in it."""
    program = write(project / "out/p.py", "")
    binds = [Bind(project, project), Bind(program, program)]
    found = {m.name for m in find_masks(binds, [], run=project / "out")}
    assert found == {project / "out", project / "runs"}


def test_more_than_can_be_covered_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line that says what to do."""
    for k in range(4):
        write(project / f"{k}/run.jsonl", LOG)
    monkeypatch.setattr(masks, "MAX_MASKS", 3)
    with pytest.raises(RobotVisionError, match=r"read: 5 runs.* at most 3 .*narrower folders"):
        masked(project)
    monkeypatch.setattr(masks, "MAX_FILES", 10)
    with pytest.raises(RobotVisionError, match=r"more than 10 files to look through"):
        masked(project)


@pytest.fixture
def hunt(
    session: Session, view: View, make_frame: Callable[[int], Frame], nothing_left: None
) -> Hunt:
    """Return a function: how a hunter is started -> the marks it found."""

    def ask(*arguments: str, program: Path = HUNTER, **options: object) -> set[str]:
        command = [sys.executable, "-I", "-S", str(program), *arguments]
        with Program(command, **options) as system:  # type: ignore[arg-type]
            system.start(session)
            system.reset(view)
            with pytest.raises(SystemFault, match="the program says") as caught:
                system.answer(make_frame(0))
        found = json.loads(str(caught.value).partition("the program says: ")[2])
        return set(found["marks"])

    return ask


@pytest.mark.parametrize("how", ["bubblewrap", "namespaces"])
def test_a_hunter_gets_what_it_may_and_no_more(
    how: str, project: Path, hunt: Hunt, request: pytest.FixtureRequest
) -> None:
    """By the folder, by a link to it, by a program in it, by arguments, by other processes."""
    if how == "namespaces":
        request.getfixturevalue("no_bubblewrap")
    link = project.parent / "link"
    link.symlink_to(project)
    (project / "inner").symlink_to(project / "sequences")
    lap2 = project / "sequences/lap2"
    mine = {"~SAW-lap1", "~SAW-frames-lap1", "~SAW-image-lap1", "~SAW-model", "~SAW-notes"}
    hide = {"hide": [lap2], "training": [project / "sequences/lap1"]}
    assert hunt(read=[project], **hide) == mine
    assert hunt(read=[link], **hide) == mine
    assert hunt(read=[link, project, link / "inner"], base=project, **hide) == mine
    assert (
        hunt(str(lap2 / "truth.csv"), str(lap2), str(link / "inner/lap2/truth.csv"), **hide)
        == set()
    )


@pytest.mark.parametrize("seed", range(int(os.environ.get("ROBOTVISION_TREES", "4"))))
def test_random_trees_give_nothing_away(seed: int, tmp_path: Path, hunt: Hunt) -> None:
    """Secrets anywhere in a tree of folders and links, seen by any of its names."""
    rng = random.Random(seed)
    top = tmp_path / "top"
    folders, secret, hide = [top], set(), []
    top.mkdir()
    for k in range(25):
        place = rng.choice(folders) / f"d{k}"
        what = rng.choice(["folder", "folder", "link", "log", "sequence", "own", "hard link"])
        if what == "link":
            place.symlink_to(rng.choice(folders), target_is_directory=True)
        elif what == "log":
            write(place / "run.jsonl", LOG)
        elif what == "own":
            write(place / "own.txt", f" ~SAW-own-{k} ")
        elif what == "hard link" and hide:
            os.link(rng.choice(hide) / "truth.csv", place.with_suffix(".bin"))
        elif what == "sequence":
            write(place / "truth.csv", f"index,room\n ~SAW-secret-{k} ")
            hide.append(place)
        else:
            place.mkdir(exist_ok=True)
            folders.append(place)
    (tmp_path / "link").symlink_to(top)
    names = [top, tmp_path / "link", *rng.sample(folders, min(3, len(folders)))]
    found = hunt(read=rng.sample(names, 2), hide=hide)
    assert {m for m in found if not m.startswith("~SAW-own-")} == secret
