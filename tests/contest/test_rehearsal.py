"""One verdict everywhere: at home by the release, from the contest's check, and on Codabench."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robotvision.cli import main
from robotvision.contest import open_contest_file, rehearse, verdict_on
from robotvision.contest.release import read_release, write_release
from robotvision.errors import InputFaults
from robotvision.submissions.pack import WHOLE
from tests.fixtures.contests import (
    FAULTY,
    answers,
    begin_obligatory,
    pack_files,
    verdicts_on,
    write_pack,
    zipped,
)


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    """Return the folder of a contest in the obligatory mode, with its release beside it."""
    return begin_obligatory(tmp_path).folder


@pytest.mark.parametrize("name", [*FAULTY, "none"])
def test_a_faulty_pack_gets_the_same_verdict_everywhere(
    contest: Path, tmp_path: Path, name: str
) -> None:
    """Word for word; ``none`` is a pack without a fault."""
    files = pack_files()
    change, words = FAULTY.get(name, (lambda _: None, ""))
    change(files)
    pack = tmp_path / "run.zip"
    pack.write_bytes(zipped(files))
    found = verdicts_on(open_contest_file(contest), pack, tmp_path / "platform")
    assert found.at_home.as_dict() == found.at_check.as_dict()
    assert found.is_same
    assert found.is_taken == (name == "none")
    assert words in "\n".join(found.printed)


def test_there_are_fifteen_faulty_packs_and_the_guide_lists_them() -> None:
    """As ``scripts/faulty_packs.py`` prints them."""
    page = (Path(__file__).parents[2] / "docs" / "organisers.md").read_text(encoding="utf-8")
    assert len(FAULTY) == 15
    for name, (_, words) in FAULTY.items():
        assert f"| {name} | refused | refused | refused | {words} |" in page, name


def test_a_broken_archive_is_refused_alike_at_home_and_by_the_judge(
    contest: Path, tmp_path: Path
) -> None:
    whole = zipped(pack_files())
    rules = open_contest_file(contest).rules("test")
    broken = {
        "cut": whole[: len(whole) // 2],
        "twice": zipped({**pack_files(), "../evil.txt": b"x"}),
        "none": b"not a zip file",
    }
    for name, raw in broken.items():
        pack = tmp_path / f"{name}.zip"
        pack.write_bytes(raw)
        verdict = rehearse(tmp_path / "release.yaml", pack)
        assert not verdict.is_accepted
        assert {f.path for f in verdict.faults} == {WHOLE}
        assert verdict.as_dict() == verdict_on(pack, rules).as_dict()


def test_the_release_holds_no_truth_and_no_path(contest: Path, tmp_path: Path) -> None:
    """Two contests that differ in their truth alone release the same bytes."""
    text = (tmp_path / "release.yaml").read_text()
    assert "csv" not in text
    assert str(tmp_path) not in text
    rows = (tmp_path / "easy.csv").read_text().replace("Kitchen", "Lab")
    (tmp_path / "easy.csv").write_text(rows)
    write_release(tmp_path / "again.yaml", open_contest_file(contest))
    assert (tmp_path / "again.yaml").read_text() == text
    assert {s.name: s.frames for s in read_release(tmp_path / "release.yaml").test_sets} == {
        "easy": 60,
        "hard": 60,
    }


def test_the_command_rehearses_whatever_is_handed_in(
    contest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "easy.txt").write_text(answers())
    (folder / "hard.txt").write_text(answers(n=50))
    pack = write_pack(tmp_path / "bad.zip", task="other")
    release = ["pack", "--rehearse", str(tmp_path / "release.yaml")]
    with pytest.raises(SystemExit, match="0"):
        main([*release, str(folder)])
    out = capsys.readouterr().out
    assert "accepted: 2 run files, mode not stated" in out
    assert "10 frames are missing and will count as not answered: 51-60" in out
    with pytest.raises(SystemExit, match="1"):
        main([*release, str(pack), "--json"])
    (found,) = json.loads(capsys.readouterr().out)["submissions"]
    assert found["kinds"][0]["kind"] == "task"
    with pytest.raises(SystemExit, match="2"):
        main([*release, str(pack), "--phase", "final"])
    assert "no phase is called 'final'; they are: test" in capsys.readouterr().err


def test_a_release_that_is_none_is_refused_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "release.yaml"
    path.write_text("contest: x\ntest_sets: []\n")
    with pytest.raises(InputFaults, match="the key 'modes' is missing"):
        rehearse(path, tmp_path)
