"""Sweeps for real: never twice, never lost, the same bit for bit wherever they run."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from robotvision.config import load_config
from robotvision.features.extraction import cache_folder
from robotvision.run import execute, new_folder
from robotvision.sweep.rows import answers_digest

Grid = Callable[..., Path]
Sweep = Callable[..., subprocess.CompletedProcess[str]]
Rows = Callable[[Path], dict[str, dict[str, Any]]]
Results = Callable[[Path], dict[str, tuple[Any, ...]]]
CLI = [sys.executable, "-c", "from robotvision.cli import main; main()"]

MIXED = """
grid:
  features: {hsv: [hsv_histogram], words: [{name: sift_bow, words: 8}, depth_histogram]}
  mode: [optional]
  temporal: [null, bayes]
  faults: {none: null, dark: {faults: [{kind: exposure, ev: -2}]}}
splits: {leave_one_out: [a, b]}
"""
SLOW = """
grid:
  features: {slow: [{name: sweep_plugins.Slow, ms: 15}]}
  classifier.C: [1, 2, 3, 4, 5, 6, 7, 8]
"""


@pytest.fixture
def scheduler(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Hand out the address of a scheduler with two workers, each in its own process."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{s.getsockname()[1]}"
    dask = [sys.executable, "-m", "dask"]
    port = address.rpartition(":")[2]
    commands = [["scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"]]
    commands += [["worker", address, "--nthreads", "1", "--no-dashboard"]] * 2
    log = open(tmp_path / "dask.log", "w")  # noqa: SIM115 (the children write to it)
    children = [subprocess.Popen([*dask, *c], env=environment | {"PYTHONWARNINGS": ""}, stdout=log,
                                 stderr=log, cwd=tmp_path) for c in commands]  # fmt: skip
    yield address
    for child in reversed(children):
        child.terminate()
    for child in children:
        child.wait(20)
    log.close()


def test_a_sweep_is_the_same_everywhere(
    grid: Grid, robotvision: Sweep, scheduler: str, tmp_path: Path, results_of: Results
) -> None:
    """Local processes, a running cluster, and single runs give the same answers to the last bit."""
    path = grid(MIXED)
    local, remote = tmp_path / "local", tmp_path / "remote"
    done = robotvision(path, "--out", local, "--workers", 2, "--json")
    assert done.returncode == 0, done.stderr
    about = json.loads(done.stdout)
    assert (about["runs"], about["done"], about["failed"], about["skipped"]) == (16, 16, 0, 0)
    there = robotvision(path, "--out", remote, "--scheduler", scheduler)
    assert there.returncode == 0, there.stderr
    assert "2 workers" in there.stderr
    assert results_of(local) == results_of(remote)
    assert len(results_of(local)) == 16
    for key, (_, points, digest) in list(results_of(local).items())[::3]:
        setup = load_config(local / "runs" / key / "config.yaml")
        folder = new_folder(setup, tmp_path / "alone" / key)
        alone = execute(setup, folder, cache=cache_folder())
        assert answers_digest(alone.record) == digest
        assert sum(t.points for t in alone.tallies.values()) == points
    again = robotvision(path, "--out", local, "--json")
    assert json.loads(again.stdout)["skipped"] == 16
    assert "worker" not in again.stderr  # nothing to do, so no cluster is started


def test_results_in_memory(
    grid: Grid, tmp_path: Path, robotvision: Sweep, results_of: Results
) -> None:
    """``memory://`` goes the way of every file system that is no local folder."""
    path = grid("grid: {classifier.C: [1, 10], seed: [0, 1]}")
    code = f"""
import json, sys
from robotvision.cli import sweep
from robotvision.sweep.store import Store
from robotvision.sweep.rows import read_rows
assert sweep.command.main(['{path}', '--out', 'memory://s', '--cache', 'memory://c'],
                          standalone_mode=False) == 0
store = Store('memory://s')
assert store.names('') == ['models', 'plan.json', 'results.html', 'results.parquet', 'rows', 'runs']
assert len(Store('memory://c').names('features')) == 2
rows = read_rows(store)
folder = store.names('runs/' + next(iter(rows)))
assert folder == ['config.yaml', 'report.json', 'run.jsonl', 'run.txt'], folder
print(json.dumps({{k: [r['status'], r['points'], r['answers_digest']] for k, r in rows.items()}}))
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True,
                          text=True, check=False, timeout=100)  # fmt: skip
    assert done.returncode == 0, done.stderr
    inside = {k: tuple(v) for k, v in json.loads(done.stdout.splitlines()[-1]).items()}
    assert robotvision(path, "--out", tmp_path / "x", "--workers", 1).returncode == 0
    assert results_of(tmp_path / "x") == inside


def test_a_dead_worker_is_replaced_and_its_run_repeated(
    grid: Grid, robotvision: Sweep, tmp_path: Path, rows_of: Rows
) -> None:
    """One death costs nothing; what kills every worker, or raises, is a row with its error."""
    path = grid("""
        grid:
          features:
            once: [sweep_plugins.DiesOnce]
            always: [sweep_plugins.Dies]
            bug: [sweep_plugins.Raises]
            fine: [hsv_histogram]
        """)
    done = robotvision(path, "--out", tmp_path / "o", "--workers", 2)
    assert done.returncode == 1, done.stderr
    rows = {r["keys"]["features"]: r for r in rows_of(tmp_path / "o").values()}
    assert {k: r["status"] for k, r in rows.items()} == {
        "once": "done", "always": "failed", "bug": "failed", "fine": "done"
    }  # fmt: skip
    assert (tmp_path / "died").exists()
    assert "its worker died, also with nothing beside it" in rows["always"]["error"]
    assert rows["bug"]["error"].startswith("KeyError: 'no such key' (sweep_plugins.py:")


def count(folder: Path) -> int:
    return len(list((folder / "rows").glob("[!.]*.json")))


def begin(path: Path, out: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Begin a sweep in a process group of its own and return once two runs are done."""
    child = subprocess.Popen([*CLI, "sweep", str(path), "--out", str(out), "--workers", "2"],
                             env=environment, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
    until = time.monotonic() + 60
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


@pytest.fixture(scope="module")
def whole_sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the results of an undisturbed sweep are kept; the hashes know no folder."""
    return tmp_path_factory.mktemp("whole")


@pytest.mark.parametrize("how", ["kill -9", "Ctrl-C"])
def test_an_interrupted_sweep_goes_on(
    how: str, grid: Grid, robotvision: Sweep, environment: dict[str, str], tmp_path: Path,
    results_of: Results, whole_sweep: Path,
) -> None:  # fmt: skip
    """Killed or stopped, the next call does the rest; what was done is not touched again."""
    path, out = grid(SLOW), tmp_path / "cut"
    child = begin(path, out, environment)
    if how == "kill -9":
        child.kill()
    else:
        os.killpg(child.pid, signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    n = count(out)
    assert 2 <= n < 8
    if how == "Ctrl-C":
        assert child.returncode == 1
        assert "stopped; call the same command again to go on" in stderr
        assert "Traceback" not in stderr
        assert (out / "results.parquet").exists()
    until = time.monotonic() + 20
    while processes_of(child.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not processes_of(child.pid)  # no worker is left behind
    shown = robotvision("show", out, "--json")
    states = [r["status"] for r in json.loads(shown.stdout)["rows"]]
    assert (states.count("done"), states.count("pending")) == (n, 8 - n)
    times = {p.name: p.stat().st_mtime_ns for p in (out / "rows").glob("*.json")}
    done = robotvision(path, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["skipped"] == len(times)
    assert all((out / "rows" / name).stat().st_mtime_ns == t for name, t in times.items())
    whole = whole_sweep / "whole"
    if not whole.exists():
        assert robotvision(path, "--out", whole).returncode == 0
    assert results_of(out) == results_of(whole)
    assert not list((out / "scratch").glob("*"))


def test_what_is_asked_of_a_cluster(
    grid: Grid, robotvision: Sweep, scheduler: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """No scheduler there, a worker of another release, memory:// for all: one line, exit 2."""
    path = grid("grid: {seed: [0]}")
    begun = time.monotonic()
    gone = robotvision(path, "--out", tmp_path / "o", "--scheduler", "tcp://127.0.0.1:9")
    assert time.monotonic() - begun < 60  # far from Dask's own patience, on a busy machine too
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
    with subprocess.Popen([sys.executable, "-m", "dask", "worker", scheduler, "--nthreads", "1",
                           "--no-dashboard", "--name", "old", "--no-nanny"], env=mine,
                          stderr=subprocess.PIPE, text=True) as worker:  # fmt: skip
        assert worker.stderr is not None
        while "Registered to" not in worker.stderr.readline():
            pass
        wrong = robotvision(path, "--out", tmp_path / "o", "--scheduler", scheduler)
        worker.terminate()
        worker.stderr.read()
    here = importlib.metadata.version("robotvision")
    assert wrong.returncode == 2
    assert f"robotvision 9.9.9, here it is {here}" in wrong.stderr
    assert wrong.stderr.strip().count("\n") == 1  # "1 runs" and the fault


def test_a_full_disk_costs_only_the_runs_that_need_it(
    grid: Grid, robotvision: Sweep, tmp_path: Path, rows_of: Rows
) -> None:
    """Vectors that cannot be kept are the error of their runs; the others stand."""
    import resource

    path = grid("grid: {features: {small: [sweep_plugins.Slow], large: [phog]}}")

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))

    done = robotvision(path, "--out", tmp_path / "o", "--cache", tmp_path / "c", "--workers", 1,
                       preexec_fn=no_large_files)  # fmt: skip
    assert done.returncode == 1, done.stderr
    rows = {r["keys"]["features"]: r for r in rows_of(tmp_path / "o").values()}
    assert rows["small"]["status"] == "done"
    assert rows["large"]["status"] == "failed"
    assert "the feature cache cannot be written (File too large)" in rows["large"]["error"]
    blocked = robotvision(path, "--out", tmp_path / "p", "--cache", tmp_path / "grid.yaml" / "c")
    assert blocked.returncode == 2
    assert "the feature cache cannot be written there (Not a directory)" in blocked.stderr
