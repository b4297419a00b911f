"""The bundle for Codabench: what its unpacker reads, run the way its workers do."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from robotvision.cli import main
from robotvision.contest import open_contest_file, rehearse
from robotvision.contest.codabench.archive import WHEEL, wheel
from robotvision.contest.codabench.bundle import Options, bundle, competition
from robotvision.contest.codabench.fact_sheet import LEFT_OUT, TITLES, fact_sheet
from robotvision.contest.codabench.form import require_taken
from robotvision.contest.codabench.plan import plan
from robotvision.contest.codabench.program import open_reference
from robotvision.contest.codabench.reference import reference_data
from robotvision.contest.codabench.score import NEEDED
from robotvision.contest.file import ContestSetup
from robotvision.contest.leaderboard.contest import Contest, open_contest
from robotvision.data import open_sequence
from robotvision.data.release import ReleaseOptions, release
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.records import Answer
from robotvision.submissions.card import Card
from robotvision.submissions.forms import form_of
from robotvision.submissions.released import ReleasedPart
from robotvision.systems.sandbox import bubblewrap
from robotvision.tasks import load_task
from robotvision.version import __version__
from tests.fixtures.contests import answers, pack_files, write_truths
from tests.fixtures.patience import PATIENCE_S

ROOMS = ["Corridor", "Corridor", "Toilet", "Toilet", "PrinterRoom", "PrinterRoom"]
HOSTILE = "<script>window.broken=1</script>"
WITHOUT = (
    "import sys\nfor name in ('cv2', 'sklearn', 'scipy', 'torch'):\n    sys.modules[name] = None\n"
)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "made" / "truth.csv"
    path.parent.mkdir()
    path.write_text("index,room\n" + "".join(f"{i},{r}\n" for i, r in enumerate(ROOMS)))
    return path


class Platform:
    """Does with a bundle what Codabench does: unpacks it, gives its command input and output.

    After its worker: what is handed in goes through a first step that copies it and adds a file
    ``metadata`` of its own, then the scoring program finds it in ``input/res``.
    """

    def __init__(self, raw: bytes, root: Path) -> None:
        self.app, self.root = root / "app", root
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            packed.extractall(root / "bundle")
        self.about = yaml.safe_load((root / "bundle" / "competition.yaml").read_text())
        (task,) = self.about["tasks"]
        self._unpack(task["scoring_program"], "program")
        self._unpack(task["reference_data"], "input/ref")

    def _unpack(self, name: str, to: str) -> None:
        with zipfile.ZipFile(self.root / "bundle" / name) as packed:
            packed.extractall(self.app / to)

    def score(self, files: dict[str, str], **env: str) -> subprocess.CompletedProcess[str]:
        """Run the scoring program on a submission of ``files``, with few modules at hand."""
        self.hand_in({name: text.encode() for name, text in files.items()})
        (self.root / "bare").mkdir(exist_ok=True)
        (self.root / "bare" / "sitecustomize.py").write_text(WITHOUT)
        metadata = yaml.safe_load((self.app / "program" / "metadata.yaml").read_text())
        words = shlex.split(metadata["command"].replace("/app/", f"{self.app}/"))
        assert words[0] == "python3"
        return subprocess.run(
            [sys.executable, *words[1:]],
            cwd=self.app / "program",
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(self.root / "bare"), **env},
            timeout=PATIENCE_S,
            check=False,
        )

    def hand_in(self, files: dict[str, bytes]) -> None:
        """Put a submission where the scoring program finds it."""
        (self.app / "output").mkdir(exist_ok=True)
        for name, raw in {**files, "metadata": b"elapsedTime: null\nexitCode: null\n"}.items():
            path = self.app / "input" / "res" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)

    def score_in_container(self) -> subprocess.CompletedProcess[str]:
        """Run the program's own command, word for word, where the worker mounts its folders."""
        command = yaml.safe_load((self.app / "program" / "metadata.yaml").read_text())["command"]
        box = ["bwrap", "--unshare-all", "--dev", "/dev", "--proc", "/proc"]
        for place in sorted(Path("/").iterdir()):
            if place.is_symlink():
                box += ["--symlink", os.readlink(place), str(place)]
            elif place.is_dir() and place.name not in ("dev", "proc", "sys", "tmp", "app"):
                box += ["--ro-bind", str(place), str(place)]
        box += ["--tmpfs", "/tmp"]
        for place in (Path(__file__).parents[2], Path(sys.prefix)):  # they may lie in /tmp
            box += ["--ro-bind", str(place), str(place)]
        box += ["--bind", str(self.app), "/app", "--chdir", "/app/program"]
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        return subprocess.run(
            [*box, *shlex.split(command)],
            capture_output=True,
            text=True,
            env={"PYTHONUNBUFFERED": "1", "PATH": path},
            timeout=PATIENCE_S,
            check=False,
        )

    @property
    def scores(self) -> dict[str, Any]:
        return dict(json.loads((self.app / "output" / "scores.json").read_text()))

    @property
    def page(self) -> str:
        return (self.app / "output" / "detailed_results.html").read_text()


def lines(answers: list[str]) -> str:
    return "".join(f"{i:05d} {a}\n" for i, a in enumerate(answers, start=1))


@pytest.fixture
def platform(truth: Path, tmp_path: Path) -> Platform:
    return Platform(bundle(open_contest("imageclef2012", [truth])), tmp_path / "worker")


def test_everything_the_bundle_names_is_there_and_not_empty(platform: Platform) -> None:
    about, folder = platform.about, platform.root / "bundle"
    assert about["version"] == 2
    named = [about["image"], about["terms"], *(p["file"] for p in about["pages"])]
    assert all((folder / name).stat().st_size for name in named)
    assert (folder / "logo.png").read_bytes().startswith(b"\x89PNG")
    (phase,) = about["phases"]
    assert phase["tasks"] == [about["tasks"][0]["index"]]
    datetime.strptime(phase["start"], "%Y-%m-%d %H:%M:%S")
    (board,) = about["leaderboards"]
    assert board["key"]
    assert [c["index"] for c in board["columns"]] == list(range(5))
    assert (platform.app / "program" / WHEEL).is_file()


def test_the_same_contest_gives_the_same_bytes(truth: Path) -> None:
    first, second = (bundle(open_contest("imageclef2012", [truth])) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        assert {i.date_time for i in packed.infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_a_submission_is_scored_as_the_command_scores_it(
    platform: Platform, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the wheel in the bundle, without OpenCV or scikit-learn, to the very same points."""
    text = lines(["Corridor", "Toilet", "Toilet", "", "PrinterRoom", "PrinterRoom"])
    done = platform.score({"ours/run.txt": text, "__MACOSX/ours/._run.txt": "rubbish"})
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"scored by robotvision {__version__}, from the bundle\n"
    own = tmp_path / "run.txt"
    own.write_text(text)
    with pytest.raises(SystemExit):
        main(["score", "--task", "imageclef2012", "--truth", str(truth), str(own), "--json"])
    expected = json.loads(capsys.readouterr().out)
    assert platform.scores == {
        "points": expected["points"],
        "points_per_frame": pytest.approx(0.5),
        "answered": pytest.approx(5 / 6),
        "right": 0.8,
        "accepted": 1,
    }
    columns = [c["key"] for c in platform.about["leaderboards"][0]["columns"]]
    assert list(platform.scores) == columns
    assert "Timeline" not in platform.page
    assert "Confusion" not in platform.page


def test_a_refused_run_gets_the_least_and_every_fault(platform: Platform) -> None:
    text = f"00001 {HOSTILE}\n00002 Corridor\n00002 Corridor\n00099 Toilet\n"
    done = platform.score({"run.txt": text})
    assert done.returncode == 0, done.stderr
    assert platform.scores["accepted"] == 0
    assert platform.scores["points"] == -6
    assert HOSTILE not in platform.page
    assert "&lt;script&gt;window.broken=1" in platform.page
    assert platform.page.count("<li>run.txt:") == 2  # frames are looked up once the lines are right
    assert str(platform.app) not in platform.page
    assert "run.txt:3: " in done.stderr


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"notes.md": "hello"}, "expected one run file (.txt, .csv, .run) in the archive, got 0"),
        ({"a.txt": "", "b.txt": ""}, "got 2 (a.txt, b.txt)"),
        ({"a.txt": "\x00\x01"}, "a.txt: expected lines of text, got a binary file"),
    ],
)
def test_a_submission_that_is_none_is_told_so(
    platform: Platform, files: dict[str, str], words: str
) -> None:
    done = platform.score(files)
    assert done.returncode == 0, done.stderr
    assert platform.scores["accepted"] == 0
    assert words in platform.page


def test_several_test_sets_have_a_column_each(tmp_path: Path) -> None:
    truths = []
    for name in ("easy", "hard"):
        truths.append(tmp_path / f"{name}.csv")
        truths[-1].write_text("index,room\n0,Corridor\n1,Kitchen\n")
    contest = open_contest("imageclef2010-icpr", truths)
    platform = Platform(bundle(contest), tmp_path / "worker")
    titles = [c["title"] for c in platform.about["leaderboards"][0]["columns"]]
    assert titles[-2:] == ["Points easy", "Points hard"]
    line, first = form_of(contest.task).line, contest.task.run_file.first_number
    form = "".join(line(i + first, Answer(r)) + "\n" for i, r in enumerate(("Corridor", "Kitchen")))
    done = platform.score({"easy.txt": form})
    assert done.returncode == 0
    assert "one run file for the test set &#39;hard&#39;, got 0" in platform.page
    done = platform.score({"hard.txt": form})
    assert platform.scores["points"] == 4
    assert platform.scores["points_set_2"] == 2


def test_broken_reference_data_leave_no_score(platform: Platform) -> None:
    """It is not the participant's fault: the platform must say failed, not give a bad score."""
    (platform.app / "input" / "ref" / "made.csv").write_text("index,room\n0,Moon\n")
    done = platform.score({"run.txt": lines(ROOMS)})
    assert done.returncode == 1
    assert not (platform.app / "output" / "scores.json").exists()
    assert "Moon" not in done.stderr + done.stdout
    assert done.stderr.startswith("this contest cannot be scored (InputFaults at ")
    done = platform.score({"run.txt": lines(ROOMS)}, ROBOTVISION_TELL_FAULTS="1")
    assert "the room 'Moon' is not one of the task" in done.stderr


def test_what_cannot_be_fetched_is_said(platform: Platform) -> None:
    script = platform.app / "program" / "score.py"
    done = subprocess.run(
        [sys.executable, "-S", str(script), str(platform.app / "input"), str(platform.root)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_NO_INDEX": "1", "PYTHONPATH": ""},
    )
    assert done.returncode == 1
    assert "could not be installed; organisers: take an image that has them" in done.stderr


def test_the_wheel_installs(tmp_path: Path) -> None:
    path = tmp_path / WHEEL
    path.write_bytes(wheel())
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--target",
            str(tmp_path / "there"),
            str(path),
        ],
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "there" / "robotvision" / "tasks" / "imageclef2012.yaml").is_file()
    assert list((tmp_path / "there").glob("robotvision-*.dist-info/METADATA"))


def test_the_command_writes_the_bundle(truth: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle.zip"
    with pytest.raises(SystemExit) as done:
        main(
            [
                "codabench",
                "--task",
                "imageclef2012",
                "--truth",
                str(truth),
                "-o",
                str(out),
                "--title",
                "Ours",
                "--start",
                "2027-03-01",
                "--end",
                "2027-06-01",
            ]
        )
    assert done.value.code == 0
    with zipfile.ZipFile(out) as packed:
        about = yaml.safe_load(packed.read("competition.yaml"))
    assert about["title"] == "Ours"
    assert about["phases"][0]["end"] == "2027-06-01 00:00:00"


def test_what_cannot_be_a_contest_is_refused(truth: Path) -> None:
    contest = open_contest("imageclef2012", [truth])
    with pytest.raises(RobotVisionError, match="expected a moment after the start"):
        bundle(contest, Options(start=datetime(2027, 2, 1), end=datetime(2027, 1, 1)))
    assert competition(contest, Options())["docker_image"] == "python:3.12-slim"


def contest_there(here: Contest | ContestSetup, folder: Path) -> Contest:
    """Return the contest of the first phase as the scoring program opens it."""
    folder.mkdir()
    held = plan(here, Options())
    for name, raw in reference_data(held.phases[0], held.options).items():
        (folder / name).write_bytes(raw)
    return open_reference(folder)[0]


def test_visits_there_are_the_organisers_own(tmp_path: Path, tour: Callable[..., Path]) -> None:
    """Jumps between frames travel with the truth, so that intervals are the same."""
    sequence = tour(tmp_path / "jumps", rooms=("Hall", "Office"), n_each=6)
    table = (sequence / "frames.csv").read_text().splitlines()
    at = table[0].split(",").index("segment")
    for i in range(4, 13):  # a jump within the first room, and one at the end of it
        cells = table[i].split(",")
        cells[at] = "1" if i < 7 else "2"
        table[i] = ",".join(cells)
    (sequence / "frames.csv").write_text("\n".join(table) + "\n")
    here = open_contest("rooms", [sequence])
    assert here.has_segments
    there = contest_there(here, tmp_path / "ref")
    assert there.has_segments
    assert there.frames.visit.tolist() == here.frames.visit.tolist()
    assert len(set(here.frames.visit.tolist())) == 3


def test_a_title_that_the_platform_does_not_take_is_refused_here(tmp_path: Path) -> None:
    truths = []
    for name in ("short", "a test set with a rather long name"):
        truths.append(tmp_path / f"{name}.csv")
        truths[-1].write_text("index,room\n0,A\n1,B\n")
    with pytest.raises(RobotVisionError, match=r"has 41 characters, and Codabench takes 36"):
        competition(open_contest("rooms", truths), Options())


def test_the_starting_kit_gives_the_verdict_at_home(truth: Path, tmp_path: Path) -> None:
    contest = open_contest("imageclef2012", [truth])
    about = competition(contest, Options())
    assert about["phases"][0]["public_data"] == "public_data.zip"
    with zipfile.ZipFile(io.BytesIO(bundle(contest))) as packed:
        raw = packed.read("public_data.zip")
    with zipfile.ZipFile(io.BytesIO(raw)) as kit:
        kit.extractall(tmp_path / "kit")
    texts = [p.read_text() for p in (tmp_path / "kit").iterdir()]
    assert not any("PrinterRoom,PrinterRoom" in text for text in texts)
    (tmp_path / "run.txt").write_text("00001 Corridor\n00009 Toilet\n")
    verdict = rehearse(tmp_path / "kit" / "release.yaml", tmp_path / "run.txt")
    assert "frame 9 is not in" in verdict.lines()[0]


def test_scoring_imports_what_its_program_fetches_and_no_more() -> None:
    """Of what is installed only what is named, and what that brings along."""
    code = (
        "import sys, robotvision.contest.codabench.program\n"
        "for name, m in list(sys.modules.items()):\n"
        "    if 'site-packages' in str(getattr(m, '__file__', None)):\n"
        "        print(name.partition('.')[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    brought = {"annotated_types", "markupsafe", "pydantic_core", "typing_extensions"}
    brought |= {"typing_inspection", "_yaml"}
    found = {name for name in done.stdout.split() if not name.startswith("_")}
    assert found - {"robotvision"} <= {*NEEDED, *brought}


@pytest.mark.skipif(isinstance(bubblewrap(), str), reason="bubblewrap cannot be used here")
def test_a_pack_is_scored_where_the_worker_mounts_it(tmp_path: Path) -> None:
    """In ``/app``, by the command as it is written, without network, the worker's file there."""
    contest = open_contest(str(tmp_path / "task.yaml"), write_truths(tmp_path))
    platform = Platform(bundle(contest), tmp_path / "worker")
    platform.hand_in(pack_files())
    done = platform.score_in_container()
    assert done.returncode == 0, done.stderr
    assert platform.scores["accepted"] == 1
    assert sorted(p.name for p in (platform.app / "output").iterdir()) == [
        "detailed_results.html",
        "scores.json",
    ]


def two_phases(tmp_path: Path, **lines: str) -> ContestSetup:
    """Return a contest with a validation phase of one test set, and a test phase of two."""
    write_truths(tmp_path)
    (tmp_path / "dusk.csv").write_bytes((tmp_path / "hard.csv").read_bytes())
    text = """\
title: Our building
task: task.yaml
test_sets:
  - {name: easy, truth: easy.csv, conditions: {light: day}, phase: validation}
  - {name: hard, truth: hard.csv}
  - {name: dusk, truth: dusk.csv}
phases:
  validation: {opens: "2027-02-01T00:00+01:00", closes: "2027-03-01T00:00+01:00"}
  test: {opens: "2027-03-01T00:00+01:00", closes: "2027-06-01T00:00+02:00"}
limits: {runs: 3}
contact: chair@example.org
"""
    for key, line in lines.items():
        text = "".join(x for x in text.splitlines(True) if not x.startswith(f"{key}:")) + line
    (tmp_path / "contest.yaml").write_text(text)
    return open_contest_file(tmp_path)


def test_phases_dates_and_limits_are_those_of_the_contests_file(tmp_path: Path) -> None:
    setup = two_phases(tmp_path)
    about = competition(setup, Options(public_share=0.3))
    assert [(p["name"], p["start"], p["end"]) for p in about["phases"]] == [
        ("validation", "2027-01-31 23:00:00", "2027-02-28 23:00:00"),
        ("test", "2027-02-28 23:00:01", "2027-05-31 22:00:00"),
        ("Final", "2027-05-31 22:00:01", "2027-06-30 22:00:00"),
    ]
    assert [(p["max_submissions"], p["max_submissions_per_day"]) for p in about["phases"]] == [
        (3, None),
        (3, None),
        (1, 1),
    ]
    assert (about["title"], about["contact_email"]) == ("Our building", "chair@example.org")
    assert [c["key"] for c in about["leaderboards"][0]["columns"]][-2:] == [
        "points_set_1",
        "points_set_2",
    ]
    references = {p.name: reference_data(p, Options(public_share=0.3)) for p in plan(
        setup, Options(public_share=0.3)
    ).phases}  # fmt: skip
    shares = {n: json.loads(r["reference.json"]).get("public_share") for n, r in references.items()}
    assert shares == {"validation": None, "test": 0.3, "Final": None}
    assert set(references["validation"]) == {"task.yaml", "reference.json", "easy.csv"}


def test_phases_that_overlap_are_refused_here(tmp_path: Path) -> None:
    phases = 'phases: {validation: {}, test: {opens: "2027-03-01T00:00Z"}}\n'
    setup = two_phases(tmp_path, phases=phases, **{"  validation": "", "  test": ""})
    with pytest.raises(RobotVisionError, match="test begins before validation has ended"):
        bundle(setup)
    with pytest.raises(RobotVisionError, match="the contest has no mode optional"):
        bundle(two_phases(tmp_path, modes="modes: [obligatory]\n"), Options(mode="optional"))


def test_what_participants_read_there_is_true(tmp_path: Path) -> None:
    """Dates in UTC, conditions, limits, ties, and the commands of the kit, which work."""
    with zipfile.ZipFile(io.BytesIO(bundle(two_phases(tmp_path)))) as packed:
        pages = {n: packed.read(n).decode() for n in packed.namelist() if n.endswith(".md")}
        packed.extract("public_data.zip", tmp_path)
    row = "| validation | 2027-01-31 23:00 | 2027-02-28 23:00 | easy (60 frames; light: day) |"
    assert row in pages["pages/overview.md"]
    assert "at most 3 in a phase." in pages["pages/evaluation.md"]
    assert "share a rank" in pages["pages/evaluation.md"]
    with zipfile.ZipFile(tmp_path / "public_data.zip") as kit:
        kit.extractall(tmp_path / "kit")
    assert load_task(str(tmp_path / "kit" / "task.yaml")).labels == ("Corridor", "Kitchen", "Lab")
    (tmp_path / "run.txt").write_text(answers(n=61))
    verdict = rehearse(tmp_path / "kit", tmp_path / "run.txt", "validation")
    assert "frame 61 is not in" in verdict.lines()[0]
    assert (
        "robotvision pack --rehearse release.yaml --phase validation"
        in (pages["pages/submission.md"])
    )


def test_the_fact_sheet_asks_what_a_card_says() -> None:
    """Every field of a card is a question or left out on purpose; select and yes are text."""
    assert {*TITLES, *LEFT_OUT} == {*Card.model_fields}
    sheet = fact_sheet(["obligatory"])
    assert sheet["mode"]["selection"] == ["obligatory"]
    assert sheet["retrieval"]["selection"] == ["visual", "depth", "mixed"]
    assert (sheet["group"]["is_required"], sheet["members"]["is_required"]) == ("true", "false")


@pytest.mark.parametrize("has_segments", [True, False])
def test_visits_of_a_shuffled_release_there_are_the_organisers_own(
    tmp_path: Path, tour: Callable[..., Path], has_segments: bool
) -> None:
    sequence = tour(tmp_path / "night", rooms=("Hall", "Office", "Hall"), n_each=6)
    options = ReleaseOptions("shuffle", seed=3)
    release([open_sequence(sequence)], tmp_path / "out", tmp_path / "key", options)
    truth = sequence if has_segments else sequence / "truth.csv"
    here = open_contest("rooms", [truth], released=ReleasedPart.read(tmp_path / "key"))
    assert bool((np.diff(here.frames.index) < 0).any())
    there = contest_there(here, tmp_path / "ref")
    for column in ("index", "truth", "visit"):
        assert getattr(there.frames, column).tolist() == getattr(here.frames, column).tolist()
    command = ["codabench", "--task", "rooms", "--truth", str(truth), "-o", str(tmp_path / "b.zip")]
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--key", str(tmp_path / "key")])
    with pytest.raises(SystemExit, match="0"):
        main(["codabench", "--check", str(tmp_path / "b.zip")])


Faulty = Callable[[dict[str, Any], dict[str, bytes]], Any]
NOT_TAKEN: dict[str, tuple[Faulty, str]] = {
    "a long title": (
        lambda a, _: a["leaderboards"][0]["columns"][0].update(title="x" * 37),
        "columns[0].title: expected text of 1 to 36 characters, got 37",
    ),
    "an unknown key": (lambda a, _: a.update(phase=[]), "did you mean 'phases'?"),
    "phases in one second": (
        lambda a, _: a["phases"][1].update(start=a["phases"][0]["end"]),
        "expected a moment after the end of the phase before, 2027-02-28 23:00:00",
    ),
    "no end": (lambda a, _: a["phases"][0].pop("end"), "since a phase follows"),
    "a bare moment": (
        lambda a, _: a["phases"][0].update(start=datetime(2027, 1, 1, 12)),
        "loses its time of day",
    ),
    "a time zone": (
        lambda a, _: a["phases"][0].update(start="2027-01-01T12:00+01:00"),
        "expected UTC like 2027-06-01 00:00:00",
    ),
    "migration to the first": (
        lambda a, _: a["phases"][0].update(auto_migrate_to_this_phase=True),
        "the first phase has none before it",
    ),
    "no such task": (lambda a, _: a["phases"][0].update(tasks=[7]), "no task has the index 7"),
    "a question of five keys": (
        lambda a, _: a["fact_sheet"]["group"].pop("is_required"),
        "'is_required' is missing",
    ),
    "yes that is no text": (
        lambda a, _: a["fact_sheet"]["group"].update(is_required=True),
        "expected one of true, false",
    ),
    "a missing page": (lambda _, f: f.pop("pages/overview.md"), "is not in the bundle"),
    "an empty page": (lambda _, f: f.update({"pages/overview.md": b"\n"}), "is empty"),
    "a program without a command": (
        lambda _, f: f.update({"scoring_program.zip": f["public_data.zip"]}),
        "no metadata.yaml with a command",
    ),
    "data that are no archive": (
        lambda _, f: f.update({"public_data.zip": b"PK"}),
        "is no zip file in the bundle",
    ),
    "a key twice": (
        lambda a, _: a["leaderboards"][0]["columns"][1].update(key="points"),
        "the key 'points' is there twice",
    ),
}
"""Name -> what the platform would not take, and what the check says of it."""


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    raw = bundle(two_phases(tmp_path_factory.mktemp("taken")))
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_what_the_platform_would_not_take_is_refused(taken: dict[str, bytes], name: str) -> None:
    change, words = NOT_TAKEN[name]
    files = dict(taken)
    about = yaml.safe_load(files["competition.yaml"])
    change(about, files)
    files["competition.yaml"] = yaml.safe_dump(about).encode()
    with pytest.raises(InputFaults) as refused:
        require_taken(files)
    for fault in refused.value.faults:  # one, or one a phase
        assert words in str(fault)
