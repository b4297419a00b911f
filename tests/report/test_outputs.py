"""Tables and open formats, read back by their own readers."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from click.testing import CliRunner

from robotvision.cli.export import command as export_command
from robotvision.cli.report import command as report_command
from robotvision.report.columns import load_run, load_runs
from robotvision.report.export import export
from robotvision.report.table import latex_escape
from robotvision.report.tables import render

MakeRun = Callable[..., Path]


def test_markdown_tables_say_what_the_report_says(make_run: MakeRun) -> None:
    text = render(load_runs([make_run()]), "md")
    assert "| first | rooms | offline | 18 | 14 | 18 | 0.7778 |" in text
    assert "| Kitchen | 5 | 0 | 1 | 0 |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_csv_tables_are_one_value_a_line(make_run: MakeRun) -> None:
    rows = list(csv.DictReader(io.StringIO(render(load_runs([make_run()]), "csv"))))
    found = {(r["table"], r["row"], r["column"]): r["value"] for r in rows}
    assert found["runs", "first", "points"] == "14.0"
    assert found["confusion", "Hall", "Office"] == "1"
    assert found["rooms", "Office", "unanswered"] == "1"


def test_latex_tables_keep_signs_literal(make_run: MakeRun) -> None:
    text = render(load_runs([make_run("100_%run")]), "latex")
    assert r"100\_\%run" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 3
    assert latex_escape("a&b\\c") == r"a\&b\textbackslash{}c"


def test_the_command_prints_tables(make_run: MakeRun, tmp_path: Path) -> None:
    done = CliRunner().invoke(report_command, [str(make_run()), "--tables", "csv"])
    assert done.stdout.startswith("table,run,set,row,column,value\n")
    out = tmp_path / "t.md"
    done = CliRunner().invoke(report_command, [str(make_run()), "--tables", "md", "-o", str(out)])
    assert out.read_text().startswith("**Points of the runs**")


def test_mcap_is_read_by_its_own_reader(make_run: MakeRun, tmp_path: Path) -> None:
    from mcap.reader import make_reader

    run, out = load_run(make_run()), tmp_path / "run.mcap"
    assert export(run, "mcap", out) == []
    with open(out, "rb") as f:
        reader = make_reader(f)
        messages = list(reader.iter_messages())
        about = next(iter(reader.iter_metadata())).metadata["run"]
    topics = Counter(channel.topic for _, channel, _ in messages)
    assert topics == dict.fromkeys(
        ("/truth", "/answer", "/points", "/latency", "/pose", "/camera/rgb", "/camera/depth"), 18
    )
    assert all(schema is not None and schema.encoding == "jsonschema" for schema, _, _ in messages)
    assert json.loads(about)["task"]["id"] == "rooms"
    points = [json.loads(m.data) for _, c, m in messages if c.topic == "/points"]
    assert points[-1]["total"] == run.points.sum()
    rgb = next(json.loads(m.data) for _, c, m in messages if c.topic == "/camera/rgb")
    import base64

    image = cv2.imdecode(np.frombuffer(base64.b64decode(rgb["data"]), np.uint8), 1)
    assert image.shape == (48, 64, 3)
    times = [m.log_time for _, c, m in messages if c.topic == "/answer"]
    assert times == [i * 100_000_000 for i in range(18)]


def test_mcap_without_pictures_says_so(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    (tmp_path / "walk").rename(tmp_path / "moved")
    done = CliRunner().invoke(export_command, [str(folder), "--to", "mcap"])
    assert done.exit_code == 0, done.output
    assert "left out: images of walk" in done.stderr


def test_parquet_holds_every_frame(make_run: MakeRun, tmp_path: Path) -> None:
    from pyarrow import parquet

    run, out = load_run(make_run()), tmp_path / "run.parquet"
    export(run, "parquet", out)
    table = parquet.read_table(out)
    assert table.column("points").to_pylist() == run.points.tolist()
    assert table.column("outcome").to_pylist()[:3] == ["correct", "wrong", "correct"]
    assert dict(table.column("stages_ns").to_pylist()[0]) == {
        "features": 8_000_000,
        "classifier": 3_000_000,
    }
    assert json.loads(table.schema.metadata[b"robotvision"])["clock"] == "asap"
