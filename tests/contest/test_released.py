"""Runs over released frames: ranked through the key as the same answers are by the old names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.contest import (
    HandedOut,
    add,
    boards,
    init,
    open_contest,
    rank_folder,
    receive,
    rehearse,
)
from robotvision.contest.release import write_release
from robotvision.data import open_sequence
from robotvision.data.native import SequenceWriter
from robotvision.data.release import ReleaseOptions, ReleaseSplit, release
from robotvision.data.release_key import ReleaseKey, read_key
from robotvision.submissions.batch import score_files
from robotvision.submissions.released import ReleasedPart

ROOMS = ("Kitchen", "Office", "Hall")
N_SEGMENTS, N_EACH = 10, 9


def _night(path: Path) -> Path:
    """Write a sequence of 10 segments of three visits, whose numbers neither start at 0 nor run."""
    with SequenceWriter(path, "night", {"rgb": "color"}) as writer:
        for i in range(N_SEGMENTS * N_EACH):
            writer.add(
                i * 100_000_000,
                {"rgb": np.full((6, 8, 3), 2 * i, np.uint8)},
                segment=i // N_EACH,
                room=ROOMS[(i // 3 + i // N_EACH) % 3],
                index=2 * i + 5,
            )
    return path


def _answers(night: Path) -> dict[str, dict[int, str]]:
    """Return what three runs answer to each frame: mostly right, mistaken in stretches."""
    truth = {i: t.room for i, t in (open_sequence(night).truth or {}).items()}
    return {
        name: {i: "Hall" if k // 4 % period == 0 else r for k, (i, r) in enumerate(truth.items())}
        for name, period in (("fine", 7), ("fair", 4), ("poor", 2))
    }


def _write_runs(folder: Path, answers: Mapping[str, Mapping[int, str]]) -> Path:
    folder.mkdir(parents=True)
    for name, lines in answers.items():
        text = "".join(f"{number + 1} {room}\n" for number, room in sorted(lines.items()))
        (folder / f"{name}.txt").write_text(text)
    return folder


def _of_part(
    answers: Mapping[str, Mapping[int, str]], indices: Sequence[int]
) -> tuple[dict[str, dict[int, str]], dict[str, dict[int, str]]]:
    """Return the answers to frames of a release by their old numbers, and by the new ones."""
    old = {name: {i: lines[i] for i in indices} for name, lines in answers.items()}
    new = {name: {k: lines[i] for k, i in enumerate(indices)} for name, lines in answers.items()}
    return old, new


def _facts(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a ranking says, but for the names of test sets and files."""
    names = ("points", "outcomes", "rooms", "interval", "visits", "caution")
    runs = [{"name": run["name"], **{n: run[n] for n in names}} for run in data["runs"]]
    return {"rankings": list(data["rankings"].values()), "runs": runs, "refused": data["refused"]}


def _release(tmp_path: Path, options: ReleaseOptions) -> tuple[Path, ReleaseKey]:
    night = _night(tmp_path / "night")
    return night, release([open_sequence(night)], tmp_path / "out", tmp_path / "key", options).key


@pytest.mark.parametrize("order", ["keep", "shuffle"])
@pytest.mark.parametrize("has_sequence", [True, False])
def test_a_release_is_ranked_as_its_source(tmp_path: Path, order: str, has_sequence: bool) -> None:
    """Points, intervals, visits, ranks and pairs are the same, with segments and without."""
    night, key = _release(tmp_path, ReleaseOptions(order, seed=3))
    truth = [night if has_sequence else night / "truth.csv"]
    old, new = _of_part(_answers(night), key.sequences[0].indices)
    plain, ours = _write_runs(tmp_path / "old", old), _write_runs(tmp_path / "new", new)
    released = ReleasedPart.read(tmp_path / "key")
    expected = rank_folder(open_contest("rooms", truth), plain)
    got = rank_folder(open_contest("rooms", truth, released=released), ours)
    assert len(expected.scores.scored) == 3
    assert expected.scores.scored[0].score["visits"] > 20
    assert _facts(got.data) == _facts(expected.data)
    for name in new:
        (one,) = score_files("rooms", truth, [ours / f"{name}.txt"], released=released).scored
        (other,) = (run for run in expected.scores.scored if run.name == name)
        for fact in ("points", "interval", "visits", "caution"):
            assert one.score[fact] == other.score[fact]


@pytest.mark.parametrize("part", ["test", "validation"])
def test_each_part_of_a_split_is_ranked_as_these_frames_alone(tmp_path: Path, part: str) -> None:
    options = ReleaseOptions("shuffle", split=ReleaseSplit("validation", 0.3), seed=3)
    night, key = _release(tmp_path, options)
    (piece,) = (s for s in key.sequences if s.part == part)
    old, new = _of_part(_answers(night), piece.indices)
    head, *rows = (night / "truth.csv").read_text().splitlines()
    kept = [row for row in rows if int(row.split(",")[0]) in piece.indices]
    assert 0 < len(kept) < len(rows)
    (tmp_path / "part" / "night").mkdir(parents=True)
    truth = tmp_path / "part" / "night" / "truth.csv"
    truth.write_text("\n".join([head, *kept]) + "\n")
    plain, ours = _write_runs(tmp_path / "old", old), _write_runs(tmp_path / "new", new)
    released = ReleasedPart.read(tmp_path / "key", part)
    expected = rank_folder(open_contest("rooms", [truth]), plain)
    got = rank_folder(open_contest("rooms", [truth], released=released), ours)
    assert _facts(got.data) == _facts(expected.data)


def _rank(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Return exit code, output and errors of ``robotvision rank``."""
    with pytest.raises(SystemExit) as done:
        main(["rank", "--task", "rooms", *map(str, arguments)])
    return (int(done.value.code or 0), *capsys.readouterr())


def test_the_command_ranks_through_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The organiser's site names frames by the numbers that the runs use."""
    night, key = _release(tmp_path, ReleaseOptions("shuffle", seed=3))
    _, new = _of_part(_answers(night), key.sequences[0].indices)
    runs = _write_runs(tmp_path / "runs", new)
    command = ("--truth", night, "--key", tmp_path / "key", runs)
    code, out, _ = _rank(capsys, *command, "--json", "--organiser-site", tmp_path / "mine")
    assert code == 0
    assert [run["run"] for run in json.loads(out)["rankings"]["overall"]] == [
        "fine",
        "fair",
        "poor",
    ]
    page = (tmp_path / "mine" / "runs" / "fine.html").read_text()
    position_of = {e.index: k for k, e in enumerate(open_sequence(night).frames)}
    in_order = sorted(
        range(len(position_of)), key=lambda k: position_of[key.sequences[0].indices[k]]
    )
    assert json.dumps(in_order, separators=(",", ":")) in page


def test_what_does_not_fit_the_key_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key of another release, no key, no such part, frames that were not released."""
    night, key = _release(tmp_path, ReleaseOptions("shuffle", seed=3))
    _, new = _of_part(_answers(night), key.sequences[0].indices)
    runs = _write_runs(tmp_path / "runs", new)
    mine = tmp_path / "key"
    text = mine.read_text()
    other, longer, none = tmp_path / "other", tmp_path / "longer", tmp_path / "none"
    other.write_text(text.replace('"night"', '"day"'))
    longer.write_text(text.replace('"indices":[', '"indices":[4,'))
    none.write_text("{}")
    for more, line in (
        ((other,), f"{other}: nothing of 'night' was released as 'test'; give the truth of: day"),
        (
            (longer,),
            f"{longer}: test1 holds 1 frames of 'night' that {night}/truth.csv does not have "
            "(first: 4); give the truth as released from",
        ),
        ((none,), f"{none}: not the key of a release"),
        ((tmp_path / "gone",), f"{tmp_path}/gone: cannot be read (No such file or directory)"),
        ((mine, "--part", "val"), f"{mine}: no part is called 'val'; the release has: test"),
    ):
        code, out, errors = _rank(capsys, "--truth", night, runs, "--key", *more)
        assert (code, out) == (2, "")
        assert len(errors.strip().splitlines()) == 1
        assert line in errors
    with (runs / "poor.txt").open("a") as file:
        file.write("91 Hall\n")
    code, out, _ = _rank(capsys, "--truth", night, runs, "--key", mine, "--json")
    (refused,) = json.loads(out)["refused"]
    assert code == 1
    assert refused["faults"] == [
        f"{runs}/poor.txt:91: frame 91 is not in test1, whose frames are 1 to 90; "
        "is it the run of this test set?"
    ]
    assert read_key(mine) == key


def test_a_contest_over_a_shuffled_release_has_the_visits_of_its_source(tmp_path: Path) -> None:
    """Points and intervals on its board are those of the source; verdicts are the participant's."""
    night, key = _release(tmp_path, ReleaseOptions("shuffle", seed=3))
    old, new = _of_part(_answers(night), key.sequences[0].indices)
    plain, ours = _write_runs(tmp_path / "old", old), _write_runs(tmp_path / "new", new)
    expected = {r.name: r.score for r in rank_folder(open_contest("rooms", [night]), plain).entries}
    handed_out = HandedOut(tmp_path / "out", tmp_path / "key")
    setup = init(tmp_path / "contest", "rooms", [night], released=handed_out)
    assert setup.contest("test").has_segments
    add(setup, [ours])
    (board,) = boards(setup)
    for row in board.rows:
        score = row.entry.score
        other = expected[row.entry.name.partition("_")[2] or row.entry.name]
        for fact in ("points", "interval", "visits", "outcomes"):
            assert score[fact] == other[fact]
    with (ours / "poor.txt").open("a") as file:
        file.write("91 Hall\n")
    (ours / "few.txt").write_text("1 Hall\n3 Hall\n")
    write_release(tmp_path / "release.yaml", setup)
    for name in ("poor", "few"):
        path = ours / f"{name}.txt"
        add(setup, [path])
        at_home = rehearse(tmp_path / "release.yaml", path)
        assert receive(setup)[-1].verdict.as_dict() == at_home.as_dict()


def test_files_are_unpacked_and_checked_through_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    night, key = _release(tmp_path, ReleaseOptions("shuffle", seed=3))
    _, new = _of_part(_answers(night), key.sequences[0].indices)
    runs = _write_runs(tmp_path / "runs", new)
    command = ("--truth", night, "--key", tmp_path / "key", runs)
    code, _, errors = _rank(capsys, *command, "--unpack", tmp_path / "unpacked")
    assert (code, "unpacked: 3 run files" in errors) == (0, True)
    assert (tmp_path / "unpacked" / "fine.txt").read_bytes() == (runs / "fine.txt").read_bytes()
    check = ["check", "--task", "rooms", str(runs / "fine.txt"), "--truth", str(night)]
    for more, code in ((["--key", str(tmp_path / "key")], 0), ([], 1)):
        with pytest.raises(SystemExit, match=str(code)):
            main([*check, *more])
    assert "frame 1 is not in night" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main([*check[:4], "--key", str(tmp_path / "key")])
