"""A sweep from its plan to its table, on a cluster.

Every step is a future that waits for those it needs; Dask sends it to a free worker, sends it to
another where a worker died, and never does one twice. Each finished run is a row in the store
before it is reported, so whatever stops the sweep, the next call goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import uuid4

from robotvision.classifiers import CLASSIFIERS
from robotvision.cluster.outcome import outcomes
from robotvision.cluster.start import (
    ClusterOptions,
    find_sharing,
    has_dashboard,
    open_client,
    require_same_release,
)
from robotvision.cluster.store import Store
from robotvision.config.checks import named_parts
from robotvision.errors import RobotVisionError
from robotvision.plugins.plugin_path import folders
from robotvision.plugins.provenance import code_of_module, code_owner, is_own
from robotvision.sweep.context import Context, StepResult
from robotvision.sweep.plan import Plan, RunSpec
from robotvision.sweep.rows import DONE, FAILED, Row, empty_row, error_line, read_rows, write_row
from robotvision.sweep.steps import Graph, graph_of
from robotvision.sweep.table import write_plan, write_table
from robotvision.sweep.worker import extract_step, learn_step, run_step, train_step
from robotvision.version import __version__

KINDS = ("learn", "extract", "train", "run")
PRIORITY = {kind: i for i, kind in enumerate(KINDS)}
"""Runs before training before extraction: results come early, and little waits in memory."""


class SweepObserver(Protocol):
    """Receives the progress of a sweep."""

    def begun(self, plan: Plan, graph: Graph, n_skipped: int) -> None:
        """Receive the plan, its steps and the number of runs already done."""

    def cluster(self, link: str, n_workers: int) -> None:
        """Receive the dashboard's link (empty: none) and the number of workers."""

    def step(self, kind: str, result: StepResult | Row) -> None:
        """Receive the result of a finished step."""

    def note(self, line: str) -> None:
        """Receive a remark for the user."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that workers do; a measurement of the harness may replace them."""

    learn: Callable[..., StepResult] = learn_step
    extract: Callable[..., StepResult] = extract_step
    train: Callable[..., StepResult] = train_step
    run: Callable[..., Row] = run_step


@dataclass(slots=True)
class SweepOutcome:
    """The result of a sweep.

    Parameters
    ----------
    rows : list of dict
        One a run of the plan, in its order; runs not done yet have none.
    n_skipped : int
        Runs that were done before.
    is_stopped : bool
        Ctrl-C ended it early.
    """

    rows: list[Row]
    n_skipped: int = 0
    is_stopped: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[Row]:
        """The rows of runs that failed."""
        return [r for r in self.rows if r["status"] == FAILED]


def sweep(
    plan: Plan,
    store: Store,
    options: ClusterOptions,
    watcher: SweepObserver,
    *,
    cache: str | None = None,
    live: bool = False,
    steps: Steps | None = None,
) -> SweepOutcome:
    """Do every run of ``plan`` that was not done before; leave the table in ``store``.

    Parameters
    ----------
    store : Store
        Of the results.
    options : ClusterOptions
        The cluster; ``options.exclusive`` also asks for latencies that can be quoted.
    cache : str, optional
        Path or URL of the extracted vectors, else within the results.
    live : bool
        Extract test frames as they come even where no time is judged.

    Raises
    ------
    RobotVisionError
        The store cannot be written, the cluster cannot be used, or it was lost half-way.
    """
    cache = cache or store.url
    store.require_writable("results")
    if cache != store.url:
        Store(cache).require_writable("the feature cache")
    _require_visible(store, Store(cache), options)
    with store.locked():
        write_plan(store, plan)
        rows = read_rows(store)
        todo = [r for r in plan.runs if not is_done(rows.get(r.key), options.exclusive)]
        graph = graph_of(plan, todo, live=live or options.exclusive)
        swept = SweepOutcome([], len(plan.runs) - len(todo))
        watcher.begun(plan, graph, swept.n_skipped)
        context = Context(
            store.url,
            cache,
            limit=plan.limit,
            exclusive=options.exclusive,
            is_local=options.is_local,
            token=uuid4().hex[:8],
            folders=tuple(folders()),
            codes=_own_codes(todo),
        )
        job = _Job(plan, context, store, rows, watcher, steps or Steps(), live or options.exclusive)
        try:
            if todo:
                _run_on_cluster(options, graph, job)
        except KeyboardInterrupt:
            swept.is_stopped = True
        finally:
            write_table(store, plan, rows)
        swept.rows = [rows[r.key] for r in plan.runs if r.key in rows]
    return swept


def _own_codes(runs: Sequence[RunSpec]) -> dict[str, str]:
    """Return the modules of the plug-ins of one's own that runs name -> digest of their code."""
    named = [part for run in runs for part in named_parts(run.setup.config)]
    parts = [r.get(i if isinstance(i, str) else i.name) for r, i in named]
    functions = [run.setup.function for run in runs if run.setup.function is not None]
    parts += [code_owner(CLASSIFIERS.find(function.name)) for function in functions]
    modules = dict.fromkeys(str(part.__module__) for part in parts)
    codes = {module: code_of_module(module) for module in modules if is_own(module)}
    return {module: code.digest for module, code in codes.items() if code.digest}


def is_done(row: Row | None, exclusive: bool) -> bool:
    """Return whether a row counts as done: finished and, if required, timed on cores of its own."""
    return row is not None and row["status"] == DONE and (row["exclusive"] or not exclusive)


def _require_visible(store: Store, cache: Store, options: ClusterOptions) -> None:
    if (store.is_memory or cache.is_memory) and not (options.is_local and options.is_inside):
        raise RobotVisionError(
            "memory:// is seen by one process alone: workers elsewhere cannot write there; name a "
            "folder or a bucket that all of them see"
        )


@dataclass(slots=True)
class _Job:
    """What goes on a cluster, and where its rows go."""

    plan: Plan
    context: Context
    store: Store
    rows: dict[str, Row]
    watcher: SweepObserver
    steps: Steps
    live: bool


def _run_on_cluster(options: ClusterOptions, graph: Graph, job: _Job) -> None:
    with open_client(options) as client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            job.watcher.note("no worker yet; waiting for the first")
        client.wait_for_workers(1)
        require_same_release(client, __version__)
        if options.exclusive and not options.is_local:
            job.context = replace(job.context, sharing=find_sharing(client))
        n_workers = len(client.scheduler_info(n_workers=-1)["workers"])
        job.watcher.cluster(str(client.dashboard_link) if has_dashboard() else "", n_workers)
        _run_graph(client, graph, job)


def _run_graph(client: Any, graph: Graph, job: _Job) -> None:
    """Do a graph; what its worker died over is done again with nothing beside it.

    Dask blames every step that a dead worker had been given, so a step may look deadly that only
    stood next to one.
    """
    for key in _collect(client, graph, job, is_alone=False):
        spec = graph.runs[key].spec
        alone = graph_of(job.plan, [spec], live=job.live)
        _collect(client, alone, job, is_alone=True)


def _collect(client: Any, graph: Graph, job: _Job, *, is_alone: bool) -> list[str]:
    """Send a graph to the cluster, collect rows in any order; return the runs to repeat.

    Raises
    ------
    RobotVisionError
        The scheduler was lost, or rows can no longer be written.
    """
    import distributed

    as_completed: Any = distributed.as_completed  # Dask has no types
    turn = "alone" if is_alone else "first"
    futures = submit(client, job.context, graph, job.steps, turn)
    names = {future.key: key for key, future in futures.items()}
    suspects = []
    try:
        for batch in as_completed(list(futures.values()), loop=client.loop).batches():
            for future, result in zip(batch, outcomes(client, batch), strict=True):
                kind, key = names[future.key]
                if kind != "run":
                    if not is_alone:
                        if not isinstance(result, StepResult):
                            result = StepResult(error=_describe_failure(result))
                        job.watcher.step(kind, result)
                    continue
                if not is_alone and _is_death(result):
                    suspects.append(key)
                else:
                    row = _to_row(result, graph.runs[key].spec)
                    if not row.pop("is_kept", True):  # its worker could not write it
                        write_row(job.store, row)
                    job.rows[key] = row
                    job.watcher.step(kind, row)
                del futures[(kind, key)]
                future.release()
    except BaseException:
        if client.status == "running":
            with suppress(OSError, TimeoutError):  # the error that ended the sweep is reported
                client.cancel(list(futures.values()), force=True)
        raise
    return suspects


def submit(
    client: Any, context: Context, graph: Graph, steps: Steps, turn: str = "first"
) -> dict[tuple[str, str], Any]:
    """Return a future for every step by (kind, key).

    Dask's keys are tuples, so that it sees one group of like steps and queues them.
    """
    futures: dict[tuple[str, str], Any] = {}

    def send(kind: str, key: str, do: Callable[..., Any], *args: Any) -> Any:
        future = client.submit(
            do,
            context,
            *args,
            key=(f"{kind}-{turn}-{context.token}", key),
            pure=False,
            priority=PRIORITY[kind],
        )
        futures[(kind, key)] = future
        return future

    learnt = {k: send("learn", k, steps.learn, k, s) for k, s in graph.learns.items()}
    blocks = {
        k: send("extract", k, steps.extract, s, None if s.learn is None else learnt[s.learn])
        for k, s in graph.extracts.items()
    }
    trained = {
        k: send(
            "train",
            k,
            steps.train,
            k,
            s,
            [None if x is None else learnt[x] for x in s.learns],
            [blocks[x] for x in s.extracts],
        )
        for k, s in graph.trains.items()
    }
    runs = list(graph.runs.values())
    if runs:  # by far the most: one message to the scheduler, not one each
        sent = client.map(
            steps.run,
            [context] * len(runs),
            runs,
            [{p: trained[t] for p, t in run.trains.items()} for run in runs],
            [
                {
                    p: [[blocks[x] for x in features] for features in sequences]
                    for p, sequences in run.extracts.items()
                }
                for run in runs
            ],
            key=[(f"run-{turn}-{context.token}", k) for k in graph.runs],
            pure=False,
            priority=PRIORITY["run"],
        )
        futures |= {("run", k): future for k, future in zip(graph.runs, sent, strict=True)}
    return futures


def _to_row(result: Any, spec: RunSpec) -> Row:
    if isinstance(result, Mapping):
        return dict(result)
    return {**empty_row(spec.key, spec.shown, FAILED, _describe_failure(result)), "is_kept": False}


def _is_death(result: Any) -> bool:
    from distributed import KilledWorker

    return isinstance(result, KilledWorker)


def _describe_failure(result: Any) -> str:
    """Return why a step has no result: its worker died, or Dask could not send it."""
    if _is_death(result):
        return (
            "its worker died, also with nothing beside it: out of memory, or a crash in a library"
        )
    return error_line(result) if isinstance(result, BaseException) else f"no result: {result!r}"
