"""A run tells what training has seen of its test, wherever it is shown; the audit lists it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import robotvision as rv
from robotvision.cli import main
from robotvision.config.checks import load_config
from robotvision.experiment.overlap import audit_leaks
from robotvision.experiment.train import train_model

CODE = "train-test-overlap"


def write_config(folder: Path, train: str, test: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(
        f"task: rooms\ntrain: [{train}]\ntest: [{test}]\nfeatures: [hsv_histogram]\n"
        "classifier: knn\n"
    )
    return path


def robotvision(args: list[str]) -> int:
    """Run the command line; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


def notices(warnings: list[dict]) -> list[dict]:
    return [w for w in warnings if w["code"] == CODE]


def test_training_on_the_test_is_told_wherever_the_run_is_shown(
    data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As JSON, on the terminal, on the page and in a notebook; the run itself goes on."""
    config = write_config(data_root, "test", "test")
    out = data_root / "run"
    assert robotvision(["run", str(config), "--out", str(out), "--json"]) == 0
    said = capsys.readouterr()
    (notice,) = notices(json.loads(said.out)["warnings"])
    assert notice["share"] == 1.0
    assert notice["set"] == "test"
    assert notice["reasons"] == {"same file": 18}
    assert notice["examples"][0]["train_frame"] == notice["examples"][0]["test_frame"]
    assert "training has seen 18 of 18 test frames" in said.err  # before the replay begins
    for name in ("report.json", "report.html"):
        assert "training has seen 18 of 18" in (out / name).read_text()
    run = rv.read_run(out)
    assert "training has seen 18 of 18" in run._repr_html_()
    assert notices(run.rescore("streaming").report["warnings"]) == [notice]


def test_an_honest_run_has_no_such_warning(data_root: Path) -> None:
    """Nor has one whose sequences have equal times and poses, as made-up ones may."""
    run = rv.run(write_config(data_root, "train", "test"), folder=data_root / "run")
    assert not notices(run.report["warnings"])


def test_replaying_the_training_is_told(data_root: Path) -> None:
    """From Python and of model files: by the images, or by the table where those are gone."""
    shutil.copytree(data_root / "train", data_root / "mine")
    recogniser = rv.Recogniser(["hsv_histogram"], "knn").fit(data_root / "mine")
    reports = [rv.replay(data_root / "mine", recogniser).report]
    assert notices(reports[0]["warnings"])[0]["reasons"] == {"same file": 18}
    assert not notices(rv.replay(data_root / "test", recogniser).report["warnings"])
    config = write_config(data_root, "mine", "test")
    train_model(load_config(config), data_root / "cli.rvmodel")
    recogniser.save(data_root / "api.rvmodel")
    shutil.move(data_root / "mine", data_root / "copy")
    for reason in ("same sequence", "same bytes"):
        if reason == "same bytes":  # the training is in its place again, beside its copy
            shutil.copytree(data_root / "copy", data_root / "mine")
        for model in ("cli", "api"):
            out = data_root / f"{model} {reason}"
            path = str(data_root / f"{model}.rvmodel")
            assert robotvision(["replay", path, str(data_root / "copy"), "--out", str(out)]) == 0
            report = json.loads((out / "report.json").read_text())
            assert notices(report["warnings"])[0]["reasons"] == {reason: 18}


def test_a_resumed_run_keeps_its_warning_once(data_root: Path) -> None:
    """It stands in the log's first line, which resuming leaves alone."""
    config, out = write_config(data_root, "test", "test"), data_root / "run"
    robotvision(["run", str(config), "--out", str(out), "--limit", "5"])
    robotvision(["run", "--resume", str(out)])
    assert len(notices(rv.read_run(out).report["warnings"])) == 1


def test_the_audit_lists_the_pairs(data_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table, as JSON, as a sheet; exit code 1 where there are any, and equal to the call."""
    config = write_config(data_root, "test", "test")
    sheet = data_root / "sheet.png"
    assert robotvision(["audit", str(config), "--leaks", "--sheet", str(sheet)]) == 1
    said = capsys.readouterr().out
    assert "12 of 18 pairs" in said
    assert "training has seen 18 of 18 test frames (18 same file)" in said
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert robotvision(["audit", str(config), "--leaks", "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    found = audit_leaks(load_config(config))
    assert data["sets"]["test"]["pairs"] == [p.as_dict() for p in found["test"].counted]
    assert notices(data["warnings"])
    honest = write_config(data_root, "train", "test")
    assert robotvision(["audit", str(honest), "--leaks"]) == 0
    assert "training has seen none of 18 test frames" in capsys.readouterr().out
    assert robotvision(["audit", str(honest), "--sheet", str(sheet)]) == 2
