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

import pytest
import yaml

from robotvision.cli import main
from robotvision.contest import rehearse
from robotvision.contest.codabench.archive import WHEEL, wheel
from robotvision.contest.codabench.bundle import Options, bundle, competition, reference_data
from robotvision.contest.codabench.program import open_reference
from robotvision.contest.codabench.score import NEEDED
from robotvision.contest.leaderboard.contest import open_contest
from robotvision.errors import RobotVisionError
from robotvision.records import Answer
from robotvision.submissions.forms import form_of
from robotvision.version import __version__

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
    """Does with a bundle what Codabench does: unpacks it, gives its command input and output."""

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
        (self.app / "output").mkdir(exist_ok=True)
        for name, text in files.items():
            path = self.app / "input" / "res" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
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
            timeout=60,
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
    (tmp_path / "ref").mkdir()
    for name, raw in reference_data(here, Options()).items():
        (tmp_path / "ref" / name).write_bytes(raw)
    there, _ = open_reference(tmp_path / "ref")
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
