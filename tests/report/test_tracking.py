"""Runs in the stores of experiment trackers, read back by the trackers' own code."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import robotvision as rv
from robotvision.experiment import Observer
from robotvision.report.tracking.figures import CURVE_STEPS, Tracker, figures, leaves
from robotvision.report.tracking.mlflow_store import MLflow

Config = Callable[..., Path]
REPORT = {
    "points": 3.5,
    "max_points": 4,
    "frames": 4,
    "interval": [1.0, 4.0],
    "outcomes": {"correct": 4},
    "latency_ns": {"total": {"p50": 2e6, "p99": None}, "hsv#2": {"p50": 1e6}},
}


def test_the_figures_of_a_report() -> None:
    """Points, outcomes and quantiles in milliseconds; what is not supported is left out."""
    assert figures(REPORT) == {
        "points": 3.5,
        "max_points": 4.0,
        "frames": 4.0,
        "points.low": 1.0,
        "points.high": 4.0,
        "frames.correct": 4.0,
        "latency.total.p50_ms": 2.0,
        "latency.hsv_2.p50_ms": 1.0,
    }
    assert dict(leaves({"a": [1, {"b": None}], "c": {"d": ""}, "e": 0})) == {"a.0": 1, "e": 0}


@pytest.mark.parametrize("n", [0, 1, 199, 200, 201, 4321])
def test_a_curve_ends_with_the_points(n: int) -> None:
    """Few steps of any number of frames, the last one among them."""
    tracker = Tracker()
    tracker.points_ = [0.5] * n  # type: ignore[assignment]
    curve = tracker.curve()
    assert len(curve) <= CURVE_STEPS + 1
    assert not n or curve[-1] == (n, 0.5 * n)


def test_mlflow_has_the_run(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters, points, quantiles, the curve and the page, as MLflow's own client reads them."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow.tracking import MlflowClient

    observers = "[{name: mlflow, folder: store, experiment: places}]"
    path = config(observers=observers, note='"so: it is"')
    run = rv.run(path, folder=path.parent / "out")
    client = MlflowClient(tracking_uri=(path.parent / "store").as_uri())
    experiment = client.get_experiment_by_name("places")
    (kept,) = client.search_runs([experiment.experiment_id])
    assert kept.data.params["classifier.kernel"] == "rbf"
    assert kept.data.params["note"] == "so: it is"
    assert kept.data.metrics["points"] == run.score.points == 18
    assert kept.data.metrics["latency.total.p50_ms"] == run.latency("total").p50_ms
    curve = client.get_metric_history(kept.info.run_id, "points_so_far")
    assert [(m.step, m.value) for m in curve] == [(k, k) for k in range(1, 19)]
    assert {a.path for a in client.list_artifacts(kept.info.run_id)} >= {"report.html"}
    assert (kept.info.run_name, kept.info.status) == ("out", "FINISHED")


def test_tensorboard_has_the_run(config: Config) -> None:
    """The same in event files, and the page beside them."""
    path = config(observers="[{name: tensorboard, folder: boards}]")
    run = rv.run(path, folder=path.parent / "out")
    folder = path.parent / "boards/out"
    (file,) = folder.glob("events.out.tfevents.*")
    values: dict[str, list[tuple[int, Any]]] = {}
    for event in events(file):
        for value in event.summary.value:
            is_text = value.HasField("tensor")
            what = value.tensor.string_val[0].decode() if is_text else value.simple_value
            values.setdefault(value.tag, []).append((event.step, what))
    assert values["points"] == [(18, run.score.points)]
    assert values["points_so_far"] == [(k, k) for k in range(1, 19)]
    p50_ms = run.latency("total").p50_ms
    assert values["latency.total.p50_ms"][0][1] == pytest.approx(p50_ms, rel=1e-6)
    assert "| classifier.kernel | rbf |" in values["parameters/text_summary"][0][1]
    assert (folder / "report.html").read_bytes() == (path.parent / "out/report.html").read_bytes()


def events(file: Path) -> Iterator[Any]:
    """Yield the events of a file: length, its checksum, the event, its checksum."""
    from tensorboardX.crc32c import crc32c
    from tensorboardX.proto.event_pb2 import Event

    def masked(data: bytes) -> int:
        crc = crc32c(data)
        return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

    raw = file.read_bytes()
    while raw:
        size, check = struct.unpack("<QI", raw[:12])
        assert check == masked(raw[:8])
        data, raw = raw[12 : 12 + size], raw[16 + size :]
        yield Event.FromString(data)


def test_wrong_parameters_of_mlflow() -> None:
    """A folder and a server are two places."""
    with pytest.raises(ValueError, match="folder and uri: expected one of them, got both"):
        MLflow(folder="a", uri="http://localhost:5000")
    assert isinstance(MLflow(), Observer)
