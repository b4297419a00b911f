"""Sweeps for real: never twice, never lost, the same bit for bit wherever they run."""

from __future__ import annotations

import importlib.metadata
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from robotvision.cluster.start import ClusterOptions, make_client
from robotvision.cluster.store import Store
from robotvision.config.checks import load_config
from robotvision.experiment.run import experiment_folder
from robotvision.experiment.run import run as run_experiment
from robotvision.features import cache_folder
from robotvision.sweep.engine import sweep
from robotvision.sweep.plan import load_plan
from robotvision.sweep.rows import answers_digest, read_rows
from tests.fixtures.patience import PATIENCE_S

Grid = Callable[..., Path]
Sweep = Callable[..., Any]
Rows = Callable[[Path], dict[str, dict[str, Any]]]
Results = Callable[[Path], dict[str, tuple[Any, ...]]]
CLI = [sys.executable, "-c", "from robotvision.cli import main; main()"]

MIXED = """
grid:
  features:
    settled: [{name: hsv_histogram, channel: auto}, {name: phog, channel: left, optional: true}]
    words: [{name: sift_bow, words: 8}, depth_histogram]
  augment: [null, {mirror: true}]
  mode: [optional]
  temporal: [bayes]
  faults: {none: null, dark: {faults: [{kind: exposure, ev: -2}]}}
"""
SLOW = """
grid:
  features: {slow: [{name: sweep_plugins.Slow, ms: 25}]}
  seed: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
"""
N_SLOW = 10


def test_a_sweep_is_the_same_everywhere(
    grid: Grid, robotvision: Sweep, scheduler: str, tmp_path: Path, results_of: Results
) -> None:
    """Local processes, a running cluster, and single runs give the same answers to the last bit."""
    path = grid(MIXED)
    local, remote = tmp_path / "local", tmp_path / "remote"
    done = robotvision(path, "--out", local, "--workers", 2, "--json")
    assert done.returncode == 0, done.stderr
    about = json.loads(done.stdout)
    assert (about["runs"], about["done"], about["failed"], about["skipped"]) == (8, 8, 0, 0)
    with make_client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
    there = robotvision(path, "--out", remote, "--scheduler", scheduler)
    assert there.returncode == 0, there.stderr
    assert "2 workers" in there.stderr
    assert results_of(local) == results_of(remote)
    assert len(results_of(local)) == 8
    for key, (_, points, digest) in list(results_of(local).items())[::3]:
        setup = load_config(local / "runs" / key / "config.yaml")
        folder = experiment_folder(setup, tmp_path / "alone" / key)
        alone = run_experiment(setup, folder, cache=cache_folder())
        assert answers_digest(alone.record) == digest
        assert sum(t.points for t in alone.tallies.values()) == points
    again = robotvision(path, "--out", local, "--json")
    assert json.loads(again.stdout)["skipped"] == 8
    assert "worker" not in again.stderr  # nothing to do, so no cluster is started


def test_results_in_memory(
    grid: Grid, tmp_path: Path, robotvision: Sweep, scheduler: str, results_of: Results
) -> None:
    """``memory://`` goes the way of every file system that is no local folder."""
    path = grid("grid: {classifier.C: [1, 10], seed: [0, 1]}")
    results, cache = (f"memory://{tmp_path.name}-{what}" for what in ("results", "cache"))
    inside = robotvision(path, "--out", results, "--cache", cache)
    assert inside.returncode == 0, inside.stderr
    store = Store(results)
    assert store.names("") == [
        "models",
        "plan.json",
        "results.html",
        "results.parquet",
        "rows",
        "runs",
    ]
    assert len(Store(cache).names("features")) == 2
    rows = read_rows(store)
    for key in rows:
        found = store.names(f"runs/{key}")
        assert found == ["config.yaml", "report.json", "run.jsonl", "run.txt"]
    there = robotvision(path, "--out", tmp_path / "x", "--scheduler", scheduler)
    assert there.returncode == 0, there.stderr
    assert results_of(tmp_path / "x") == {
        k: (r["status"], r["points"], r["answers_digest"]) for k, r in rows.items()
    }


def test_a_dead_worker_is_replaced_and_its_run_repeated(
    grid: Grid, robotvision: Sweep, tmp_path: Path, rows_of: Rows
) -> None:
    """One death costs nothing; what kills every worker, or raises, is a row with its error."""
    path = grid(f"""
        grid:
          features:
            once: [{{name: sweep_plugins.DiesOnce, mark: "{tmp_path / "died"}"}}]
            always: [sweep_plugins.Dies]
            bug: [sweep_plugins.Raises]
            fine: [hsv_histogram]
        """)
    done = robotvision(path, "--out", tmp_path / "o", "--workers", 2)
    assert done.returncode == 1, done.stderr
    rows = {r["keys"]["features"]: r for r in rows_of(tmp_path / "o").values()}
    assert {k: r["status"] for k, r in rows.items()} == {
        "once": "done",
        "always": "failed",
        "bug": "failed",
        "fine": "done",
    }
    assert (tmp_path / "died").exists()
    assert "its worker died, also with nothing beside it" in rows["always"]["error"]
    assert "KeyError: 'no such key'" in rows["bug"]["error"]
    assert "sweep_plugins.py:" in rows["bug"]["error"]


def count(folder: Path) -> int:
    return len(list((folder / "rows").glob("[!.]*.json")))


def begin(
    path: Path, out: Path, environment: dict[str, str], *options: str
) -> subprocess.Popen[str]:
    """Begin a sweep in a process group of its own and return once two runs are done."""
    child = subprocess.Popen(
        [*CLI, "sweep", str(path), "--out", str(out), *options],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    until = time.monotonic() + PATIENCE_S
    while count(out) < 2 and child.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert child.poll() is None, child.communicate()
    return child


def processes_of(session: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(entry.name))
    return found


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the results of an undisturbed sweep are kept; the hashes know no folder."""
    return tmp_path_factory.mktemp("whole")


@pytest.mark.parametrize("how", ["kill -9", "Ctrl-C"])
def test_an_interrupted_sweep_goes_on(
    how: str,
    grid: Grid,
    robotvision: Sweep,
    environment: dict[str, str],
    tmp_path: Path,
    results_of: Results,
    scheduler: str,
    whole: Path,
) -> None:
    """Killed or stopped, the next call does the rest; what was done is not touched again."""
    path, out = grid(SLOW), tmp_path / "cut"
    child = begin(path, out, environment, "--workers", "2")
    if how == "kill -9":
        child.kill()
    else:
        os.killpg(child.pid, signal.SIGINT)
    _, stderr = child.communicate(timeout=PATIENCE_S)
    until = time.monotonic() + PATIENCE_S
    while processes_of(child.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not processes_of(child.pid)  # no worker is left behind
    n = count(out)
    assert 2 <= n < N_SLOW
    if how == "Ctrl-C":
        assert child.returncode == 1
        assert "stopped; call the same command again to go on" in stderr
        assert "Traceback" not in stderr
        assert (out / "results.parquet").exists()
    shown = robotvision("show", out, "--json")
    states = [r["status"] for r in json.loads(shown.stdout)["rows"]]
    assert (states.count("done"), states.count("pending")) == (n, N_SLOW - n)
    times = {p.name: p.stat().st_mtime_ns for p in (out / "rows").glob("*.json")}
    done = robotvision(path, "--out", out, "--scheduler", scheduler, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["skipped"] == len(times) == n
    assert all((out / "rows" / name).stat().st_mtime_ns == t for name, t in times.items())
    assert robotvision(path, "--out", whole, "--scheduler", scheduler).returncode == 0
    assert results_of(out) == results_of(whole)
    assert not list((out / "scratch").glob("*"))


def test_a_lost_scheduler_is_one_line_and_the_next_call_goes_on(
    grid: Grid,
    robotvision: Sweep,
    environment: dict[str, str],
    tmp_path: Path,
    own_cluster: tuple[str, list[subprocess.Popen[str]]],
    scheduler: str,
    results_of: Results,
) -> None:
    """Killed in mid-sweep, it costs what was under way: exit 2, finished rows and table kept."""
    path, out, (address, processes) = grid(SLOW), tmp_path / "cut", own_cluster
    child = begin(path, out, environment, "--scheduler", address)
    processes[0].kill()
    _, stderr = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 2, stderr
    assert stderr.strip().splitlines()[-1].startswith("the scheduler was lost, with it the runs")
    assert "call the same command again to go on" in stderr
    assert "Traceback" not in stderr
    before = results_of(out)
    assert len(before) >= 2
    assert (out / "results.parquet").exists()
    done = robotvision(path, "--out", out, "--scheduler", scheduler, "--json")
    assert done.returncode == 0, done.stderr
    about = json.loads(done.stdout)
    assert (about["runs"], about["done"], about["failed"]) == (N_SLOW, N_SLOW, 0)
    assert about["skipped"] >= len(before)
    assert before.items() <= results_of(out).items()


def test_what_is_asked_of_a_cluster(
    grid: Grid, robotvision: Sweep, scheduler: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """No scheduler there, a worker of another release, memory:// for all: one line, exit 2."""
    path = grid("grid: {seed: [0]}")
    gone = robotvision(path, "--out", tmp_path / "o", "--scheduler", "tcp://127.0.0.1:9")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "--scheduler tcp://127.0.0.1:9: cannot be reached within 5 s" in gone.stderr
    assert "Traceback" not in gone.stderr
    shared = robotvision(path, "--out", "memory://x", "--scheduler", scheduler)
    assert shared.returncode == 2
    assert "memory:// is seen by one process alone" in shared.stderr
    other = tmp_path / "other" / "robotvision-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: robotvision\nVersion: 9.9.9\n")
    mine = environment | {"PYTHONPATH": str(other.parent), "PYTHONWARNINGS": ""}
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dask",
            "worker",
            scheduler,
            "--nthreads",
            "1",
            "--no-dashboard",
            "--name",
            "old",
            "--no-nanny",
        ],
        env=mine,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stderr is not None
        assert any("Registered to" in line for line in worker.stderr)
        wrong = robotvision(path, "--out", tmp_path / "o", "--scheduler", scheduler)
        worker.terminate()
        worker.stderr.read()
    here = importlib.metadata.version("robotvision")
    assert wrong.returncode == 2
    assert f"robotvision 9.9.9, here it is {here}" in wrong.stderr
    assert wrong.stderr.strip().count("\n") == 1  # "1 runs" and the fault


@contextmanager
def no_file_above(n_bytes: int) -> Iterator[None]:
    """Have this process write no larger file, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Quiet:
    """A watcher that says nothing."""

    def begun(self, plan: object, graph: object, n_skipped: int) -> None:
        """Hear what there is to do."""

    def cluster(self, link: str, n_workers: int) -> None:
        """Hear where it runs."""

    def step(self, kind: str, made: object) -> None:
        """Hear that a step is done."""

    def note(self, line: str) -> None:
        """Hear a note."""


def test_a_full_disk_costs_only_the_runs_that_need_it(
    grid: Grid, robotvision: Sweep, tmp_path: Path
) -> None:
    """Vectors that cannot be kept are the error of their runs; the others stand."""
    path = grid("grid: {features: {small: [sweep_plugins.Slow], large: [phog]}}")
    store, cache = Store(str(tmp_path / "o")), str(tmp_path / "c")
    with no_file_above(40_000):
        swept = sweep(load_plan(path), store, ClusterOptions(is_inside=True), Quiet(), cache=cache)
    rows = {r["keys"]["features"]: r for r in swept.rows}
    assert rows["small"]["status"] == "done"
    assert rows["large"]["status"] == "failed"
    assert "the feature cache cannot be written (File too large)" in rows["large"]["error"]
    blocked = robotvision(path, "--out", tmp_path / "p", "--cache", tmp_path / "grid.yaml" / "c")
    assert blocked.returncode == 2
    assert "the feature cache cannot be written there (Not a directory)" in blocked.stderr
