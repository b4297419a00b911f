"""Observers that a configuration names: what they receive, and what one that raises costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

import robotvision as rv
from robotvision.cli import main
from robotvision.config.checks import load_config
from robotvision.experiment import Observer
from robotvision.experiment.observers import GuardedObserver, Observers
from robotvision.experiment.run import experiment_folder
from robotvision.experiment.run import run as run_experiment
from robotvision.report import write

Config = Callable[..., Path]
OWN = '''
import json
from robotvision.experiment import Observer


class Diary(Observer):
    """Writes what it receives beside the log."""
    def __init__(self, raises: str = ""):
        self.raises = raises
        self.lines = []
    def _note(self, what):
        self.lines.append(what)
        if what == self.raises: raise RuntimeError(f"in {what}")
    def begin(self, folder, about): self._note("begin")
    def trained(self, part, training): self._note("trained")
    def sequence(self, name, n_frames): self._note("sequence")
    def frame(self, record, scored, tally): self._note("frame")
    def finish(self, folder, report):
        self._note("finish")
        assert (folder / "report.html").is_file()
        (folder / "diary.json").write_text(json.dumps([self.lines, report["points"]]))
'''


@pytest.fixture
def watched(config: Config) -> Config:
    """Return the function that writes a configuration, beside an observer."""

    def write(raises: str = "never") -> Path:
        path = config(observers=f"[{{name: diary.Diary, raises: {raises}}}]")
        (path.parent / "diary.py").write_text(OWN, encoding="utf-8")
        return path

    return write


def test_it_receives_the_run_from_its_begin_to_its_report(watched: Config) -> None:
    """Every frame once, in order, and the points of the report; the report names its file."""
    path = watched()
    run = rv.run(path, folder=path.parent / "out")
    lines, points = json.loads((path.parent / "out/diary.json").read_text())
    assert lines == ["trained", "begin", "sequence", *["frame"] * 18, "finish"]
    assert points == run.score.points == 18
    (plugin,) = json.loads((path.parent / "out/report.json").read_text())["plugins"]
    assert (plugin["kind"], plugin["origin"]) == ("observer", str(path.parent / "diary.py"))


@pytest.mark.parametrize("where", ["begin", "sequence", "frame", "finish"])
def test_one_that_raises_costs_no_answer(
    watched: Config, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told once, in the terminal and as a notice with its code, file and line."""
    path = watched(where)
    with pytest.raises(SystemExit) as ended:
        main(["run", str(path), "--out", str(path.parent / "out"), "-q"])
    assert ended.value.code == 0
    assert capsys.readouterr().err.count("RuntimeError") == 1
    report = json.loads((path.parent / "out/report.json").read_text())
    assert report["points"] == 18
    (notice,) = report["warnings"]
    assert notice["code"] == "observer-failed"
    assert notice["observer"] == "diary.Diary"
    assert f"{path.parent / 'diary.py'}:" in notice["message"]
    assert f"RuntimeError: in {where}" in notice["message"]


def test_every_event_is_passed_on() -> None:
    """A composite and a guard know every method that an observer has."""
    events = {name for name in vars(Observer) if not name.startswith("_")}
    for cls in (Observers, GuardedObserver):
        assert events <= set(vars(cls))


def test_the_caller_s_own_observer_is_not_guarded(watched: Config) -> None:
    """What it raises is the caller's to see."""

    class Stop(Observer):
        def begin(self, folder: Path, about: object) -> None:
            raise RuntimeError("mine")

    path = watched()
    with pytest.raises(RuntimeError, match="mine"):
        rv.run(path, folder=path.parent / "out", observer=Stop())


def test_a_closed_pipe_loses_no_file(watched: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """``robotvision run ... | head -1``: the files are written and the observers receive them."""

    def closed(*given: object) -> None:
        raise BrokenPipeError

    path = watched()
    setup = load_config(path)
    folder = experiment_folder(setup, path.parent / "out")
    result = run_experiment(setup, folder)
    monkeypatch.setattr(write, "print_report", closed)
    with pytest.raises(BrokenPipeError):
        write.finish(result, as_json=False, errors=Console(stderr=True))
    assert {p.name for p in folder.iterdir()} >= {"diary.json", "report.html", "run.txt"}
