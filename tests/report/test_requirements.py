"""Verdicts on requirements: by intervals, by what frames support, by the machine; their files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from robotvision.api.gate import gate
from robotvision.api.run import read_run
from robotvision.cli.group import robotvision
from robotvision.config.requirement import OF_REPORT, Requirement, parse_requirement
from robotvision.errors import RobotVisionError
from robotvision.report.requirements import GateVerdict, RunFigure, _decide
from robotvision.report.verdicts import markdown

MakeRun = Callable[..., Path]
PASS, FAIL, CANNOT_TELL = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("text", "figure", "verdict"),
    [
        ("x >= 0.5", RunFigure(0.6, 0.5, 0.7), PASS),
        ("x > 0.5", RunFigure(0.6, 0.5, 0.7), CANNOT_TELL),
        ("x >= 0.5", RunFigure(0.6, 0.4, 0.7), CANNOT_TELL),
        ("x >= 0.8", RunFigure(0.6, 0.4, 0.7), FAIL),
        ("x <= 0.7", RunFigure(0.6, 0.5, 0.7), PASS),
        ("x <= 0.6", RunFigure(0.6, 0.5, 0.7), CANNOT_TELL),
        ("x <= 0.4", RunFigure(0.6, 0.5, 0.7), FAIL),
        ("x >= 0.5", RunFigure(0.6), CANNOT_TELL),
        ("x <= 9", RunFigure(6, 5, None, unsupported="few"), CANNOT_TELL),
        ("x <= 4", RunFigure(6, 5, None, unsupported="few"), FAIL),
        ("x <= 4", RunFigure(6, 5, None, void="busy"), CANNOT_TELL),
        ("x == 0", RunFigure(0, is_exact=True), PASS),
        ("x == 0", RunFigure(1, is_exact=True), FAIL),
        ("x >= 0", RunFigure(None, is_exact=True), CANNOT_TELL),
    ],
)
def test_an_interval_decides_where_it_lies_on_one_side(
    text: str, figure: RunFigure, verdict: GateVerdict
) -> None:
    key, sign, limit = text.split()
    assert _decide(Requirement(key, sign, float(limit)), figure)[0] is verdict


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("points", "expected a figure"),
        ("points >= many", "expected a number"),
        ("points >= nan", "expected a number"),
        ("points >= inf", "expected a number"),
        ("pionts >= 1", "did you mean 'points'"),
        (">= 1", "expected a figure"),
    ],
)
def test_a_requirement_of_another_form_is_refused(text: str, words: str) -> None:
    with pytest.raises(RobotVisionError, match=words):
        parse_requirement(text)


def test_a_requirement_reads_back_as_it_is_shown() -> None:
    for text in ("points >= 0.7", "rooms.Living Room.recall > 0.5", "outcomes.failed == 0"):
        assert str(parse_requirement(text)) == text
    assert parse_requirement("latency.total.p99_ms<=33").limit == 33


def test_every_root_that_is_known_is_a_key_of_the_report(make_run: MakeRun) -> None:
    """And no key of a report that holds a number is left out."""
    data = read_run(make_run()).report
    assert set(OF_REPORT) <= set(data)

    def holds_numbers(node: Any) -> bool:
        if isinstance(node, dict | list):
            return any(map(holds_numbers, node.values() if isinstance(node, dict) else node))
        return isinstance(node, int | float) and not isinstance(node, bool)

    others = {key for key in set(data) - set(OF_REPORT) if holds_numbers(data[key])}
    assert others <= {"schema", "points"}


def test_points_are_a_frame_s_and_agree_with_the_report(make_run: MakeRun) -> None:
    run = read_run(make_run())
    n, report = run.report["frames"], run.report
    for key, scale in (("points", n), ("points_per_frame", n), ("points_total", 1)):
        (result,) = gate(run, [f"{key} >= 0"]).results
        assert result.value == pytest.approx(report["points"] / scale)
        assert [result.low, result.high] == pytest.approx([e / scale for e in report["interval"]])
    (share,) = gate(run, ["sets.test.points_share >= 0"]).results
    assert share.value == pytest.approx(report["points"] / report["max_points"])
    (accuracy,) = gate(run, ["accuracy >= 0"]).results
    assert accuracy.value == pytest.approx(report["outcomes"]["correct"] / n)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("rooms.Kitchn.recall", "did you mean 'Kitchen'"),
        ("latency.total.p99", "expected a stage and a quantile"),
        ("latency.totl.p99_ms", "did you mean 'total'"),
        ("sets", "got a table"),
        ("sequences.7.frames", "the report has no '7.frames'"),
        ("outcomes", "name one in it"),
    ],
)
def test_a_figure_that_the_run_lacks_is_one_line(make_run: MakeRun, key: str, words: str) -> None:
    done = CliRunner().invoke(robotvision, ["gate", str(make_run()), "--require", f"{key} >= 1"])
    assert isinstance(done.exception, RobotVisionError)
    assert words in str(done.exception)
    assert len(done.exception.lines()) == 1


def test_an_estimate_cannot_be_required_to_equal(make_run: MakeRun) -> None:
    with pytest.raises(RobotVisionError, match="never equals a number"):
        gate(make_run(), ["points == 0.7"])
    with pytest.raises(RobotVisionError, match="nothing is required"):
        gate(make_run("second"))


def test_few_frames_support_no_tail_and_a_busy_machine_no_latency(make_run: MakeRun) -> None:
    few = gate(make_run(), ["latency.total.p99_ms <= 33", "latency.total.p50_ms <= 33"])
    assert [r.verdict for r in few.results] == [CANNOT_TELL, PASS]
    assert "cannot support p99 (needs 662)" in few.results[0].reason
    slow = gate(make_run(), ["latency.total.p99_ms <= 3"])
    assert slow.verdict is FAIL  # twelve milliseconds each: even so few tell
    path = make_run("busy") / "run.jsonl"
    lines = path.read_text().splitlines()
    lines[-1] = json.dumps(json.loads(lines[-1]) | {"load": {"others": 0.4, "stolen": 0.0}})
    path.write_text("\n".join(lines) + "\n")
    busy = gate(path, ["latency.total.p50_ms <= 33", "outcomes.failed == 0"])
    assert [r.verdict for r in busy.results] == [CANNOT_TELL, PASS]
    assert "others took 40%" in busy.results[0].reason
    assert busy.exit_code == 3


def test_a_partial_run_passes_and_fails_nothing(make_run: MakeRun) -> None:
    part = make_run(is_whole=False)
    assert gate(part, ["outcomes.failed == 0"]).verdict is CANNOT_TELL
    assert gate(make_run("whole"), against=part).verdict is CANNOT_TELL


def test_verdicts_as_junit_and_markdown(make_run: MakeRun, tmp_path: Path) -> None:
    """What cannot be told is skipped: no test failed, and none passed."""
    xml, md = tmp_path / "gate.xml", tmp_path / "gate.md"
    wanted = ["outcomes.failed == 0", "points >= 0.999", "latency.total.p99_ms <= 33"]
    options = [word for text in wanted for word in ("--require", text)]
    run = str(make_run("a & b"))
    files = ["--junit", str(xml), "--summary", str(md)]
    done = CliRunner().invoke(robotvision, ["gate", run, *options, *files], standalone_mode=False)
    assert done.return_value == 1 or "cannot tell" in done.output
    suite = ElementTree.parse(xml).getroot().find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == wanted
    assert int(suite.get("failures", 0)) == len(suite.findall("testcase/failure"))
    assert int(suite.get("skipped", 0)) == len(suite.findall("testcase/skipped")) >= 1
    assert md.read_text().count("\n| ") == 4
    assert "a \\| b" in markdown("a | b", [])


def test_a_configuration_requires(config: Callable[..., Path], tmp_path: Path) -> None:
    """The run prints the verdicts, keeps them in its report, and exits as they say."""
    path = config("require: ['outcomes.failed == 0', 'points >= 0.999999']\n")
    out = tmp_path / "out"
    args = ["run", str(path), "--out", str(out), "-q"]
    done = CliRunner().invoke(robotvision, args, standalone_mode=False)
    report = json.loads((out / "report.json").read_text())
    verdicts = [r["verdict"] for r in report["requirements"]]
    assert verdicts[0] == "pass"
    assert done.return_value == GateVerdict.worst([*map(GateVerdict, verdicts)]).exit_code != 0
    assert "pass         outcomes.failed == 0: 0" in done.output
    assert gate(out).to_dict()["requirements"] == report["requirements"]
    wrong = config("require: ['points >= 0', 'x >= 1']\n", name="wrong.yaml")
    failed = CliRunner().invoke(robotvision, ["run", str(wrong)])
    assert "wrong.yaml" in str(failed.exception)
    assert "no report has a figure 'x'" in str(failed.exception)


def test_a_figure_that_is_missing_is_told_once_the_run_is_written(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    path, out = config("require: ['rooms.Cellar.recall >= 1']\n"), tmp_path / "out"
    done = CliRunner().invoke(robotvision, ["run", str(path), "--out", str(out), "-q"])
    assert isinstance(done.exception, RobotVisionError)
    assert (out / "report.html").exists()
    assert read_run(out).report["requirements"][0]["verdict"] == "cannot tell"
