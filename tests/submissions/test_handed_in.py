"""Whatever runs come in is read: packs, zip files of Codabench, zips of zips, folders, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robotvision.cli import main
from robotvision.errors import InputFaults
from robotvision.submissions.handed_in import choose_runs, open_files, read_files, runs_in
from robotvision.submissions.testsets import RunFiles
from robotvision.tasks import load_task
from tests.fixtures.contests import answers, pack_files, write_pack, write_truths, zipped

EASY, HARD = answers(0.1, 1).encode(), answers(0.3, 2).encode()
SETS = ["easy", "hard"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a run in each of the forms that are read."""
    write_truths(tmp_path)
    runs = tmp_path / "runs"
    (runs / "folder").mkdir(parents=True)
    (runs / "folder" / "easy.txt").write_bytes(EASY)
    (runs / "folder" / "hard.txt").write_bytes(HARD)
    write_pack(runs / "a.zip")
    plain = {"sub/": b"", "sub/easy.txt": EASY, "sub/hard.run": HARD, "__MACOSX/easy.txt": b"x"}
    (runs / "codabench.zip").write_bytes(zipped(plain))
    inner = {"one.zip": zipped(plain), "two.zip": zipped(pack_files(group="B team"))}
    (runs / "many.zip").write_bytes(zipped(inner))
    (runs / "unpacked" / "runs").mkdir(parents=True)
    for name, raw in pack_files(group="Folder").items():
        (runs / "unpacked" / name).write_bytes(raw)
    return runs


def test_every_form_is_a_run(folder: Path) -> None:
    task = load_task(str(folder.parent / "task.yaml"))
    runs = [run for run in runs_in(folder, SETS, task) if isinstance(run, RunFiles)]
    assert {run.name: run.team for run in runs} == {
        "Ours_run1": "Ours",
        "codabench": "",
        "folder": "",
        "one": "",
        "B team_run1": "B team",
        "Folder_run1": "Folder",
    }
    for run in runs:
        if run.contents:
            assert run.contents == {"easy": EASY, "hard": HARD}, run.name


def test_rank_takes_them_and_unpacks_them_by_team(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was unpacked is ranked alike."""
    root = folder.parent
    options = ["--task", str(root / "task.yaml"), "--truth", str(root / "easy.csv")]
    options += ["--truth", str(root / "hard.csv")]
    first = ranked([*options, str(folder), "--unpack", str(root / "out")], capsys)
    assert sorted(p.name for p in (root / "out").iterdir()) == [
        "B-team_run1", "Folder_run1", "Ours_run1", "codabench", "folder", "one",
    ]  # fmt: skip
    assert (root / "out" / "Ours_run1" / "easy.txt").read_bytes() == EASY
    again = ranked([*options, str(root / "out")], capsys)
    assert sorted(first.values()) == sorted(again.values())
    assert first["Ours_run1"] == again["Ours_run1"]


def ranked(options: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the points of each run."""
    with pytest.raises(SystemExit, match="0"):
        main(["rank", *options, "--json"])
    (rows,) = json.loads(capsys.readouterr().out)["rankings"].values()
    return {row["run"]: row["points"] for row in rows}


def test_a_fault_in_a_pack_names_the_file_within_it(tmp_path: Path) -> None:
    write_truths(tmp_path)
    task = load_task(str(tmp_path / "task.yaml"))
    runs = tmp_path / "runs"
    runs.mkdir()
    write_pack(runs / "bad.zip", task="other")
    (runs / "worse.zip").write_bytes(b"PK\x03\x04 and no more")
    found = {
        str(f.path): f for run in runs_in(runs, SETS, task) for f in getattr(run, "faults", ())
    }
    assert "packed for the task other; this one is hall" in found[str(runs / "bad.zip")].message
    assert "not a whole zip file" in found[str(runs / "worse.zip")].message


def test_one_run_file_a_test_set_is_chosen() -> None:
    assert choose_runs(["x/a.txt", "x/readme.md", ".hidden.txt"], ["only"]) == {"only": "x/a.txt"}
    with pytest.raises(InputFaults, match=r"got 2 \(a.txt, b.csv\)"):
        choose_runs(["b.csv", "a.txt"], ["only"])
    with pytest.raises(InputFaults, match=r"for the test set 'hard', got 0; call it hard.txt"):
        choose_runs(["easy.txt"], SETS)


def test_a_folder_with_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "easy.txt").symlink_to("/etc/passwd")
    with pytest.raises(InputFaults, match=r"'easy.txt' is not a file"):
        read_files(tmp_path / "sub")


def test_a_packed_run_of_the_only_set_may_have_any_name() -> None:
    task = load_task("rooms")
    files = pack_files({"run": "1 Kitchen\n"}, task="rooms")
    assert open_files(files, ["night"], task).runs == {"night": "runs/run.txt"}
