"""What a worker does: learn, extract, train, run. Each leaves its result in the store.

A step is done again without harm: files are named by what they hold and appear whole. What fails
comes back as words, never as an exception, so that one broken run does not end the sweep.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from robotvision import data
from robotvision.cluster.cores import LoadWatch, not_quotable, own_cores, pin_threads
from robotvision.cluster.store import MODELS, RUNS, Store, Vectors
from robotvision.config.checks import build
from robotvision.config.schema import SequenceSpec
from robotvision.errors import RobotVisionError
from robotvision.experiment.prepare import open_part, prepare
from robotvision.experiment.recognisers import Trainer
from robotvision.experiment.run import NULL_FRAMES, RunOptions
from robotvision.experiment.run import run as run_experiment
from robotvision.features import FEATURES
from robotvision.features.base import FeatureExtractor
from robotvision.features.extraction import cache_key, extract, training_frames
from robotvision.playback.faults import FaultPlan
from robotvision.playback.sensor_faults import with_faults
from robotvision.recogniser.augment import altered
from robotvision.recogniser.model_file import load_model, save_model
from robotvision.recogniser.persistence import SUFFIX, TrainedModel, load_pipeline, save_pipeline
from robotvision.recogniser.training import fit_pipeline
from robotvision.report.summary import report
from robotvision.report.write import write_run_files, write_summary
from robotvision.sweep.reuse import Block, RunInputs, reusing
from robotvision.sweep.rows import FAILED, Row, done_row, empty_row, error_line, write_row
from robotvision.sweep.steps import ExtractFeatures, Feature, FitFeatures, SweepRun, TrainRecogniser
from robotvision.version import __version__

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Context:
    """What every step is told.

    Parameters
    ----------
    results, cache : str
        Paths or URLs of the results and of the extracted vectors.
    version : str
        The release of robotvision that planned the sweep.
    limit : int or None
        Frames of each test sequence.
    exclusive : bool
        One run a worker with cores of its own, so that latencies can be quoted.
    threads : int
        Of each numeric library.
    is_local : bool
        Workers are numbered from 0 and take cores of this machine.
    token : str
        Names this call's steps, so that a cluster that outlives it mistakes none for later ones.
    sharing : Mapping[str, str]
        Worker's address -> another worker on its cores.
    """

    results: str
    cache: str
    version: str = __version__
    limit: int | None = None
    exclusive: bool = False
    threads: int = 1
    is_local: bool = True
    token: str = ""
    sharing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step left: the name of a file; empty where nothing could be kept, with the reason."""

    name: str = ""
    note: str = ""
    error: str = ""


def learn_step(context: Context, key: str, step: FitFeatures) -> StepResult:
    """Train an extractor and keep it."""

    def work() -> StepResult:
        store = _store(context.results)
        sequences = [_opened(s) for s in step.train]
        names = [cache_name(s) for s in sequences]
        name = f"{MODELS}/{_named(key, names)}{SUFFIX}"
        if store.exists(name):
            return StepResult(name)
        extractor = build(FEATURES, step.feature)
        frames, rooms = [], []
        for sequence in sequences:
            data.sequence.require_channels(sequence, tuple(extractor.channels), str(step.feature))
        for frame, room in training_frames(sequences, tuple(extractor.channels)):
            frames.append(frame)
            rooms.append(room)
        extractor.fit(iter(frames), rooms)

        def save(path: Path) -> None:
            save_model(path, {"extractor": extractor}, {"task": ""})
            _load_extractor(path)

        return _keep(store, name, save)

    return _step(context, work)


def extract_step(context: Context, step: ExtractFeatures, learnt: StepResult | None) -> StepResult:
    """Compute the vectors of a sequence, unless they are there; return their key."""

    def work() -> StepResult:
        sequence = _spoilt(_opened(step.spec), step.faults)
        extractor = _extractor(context, step.feature, learnt)
        if extractor is None:
            return StepResult(note="the extractor cannot be kept, so each run trains its own")
        extractor = altered(extractor, step.view)
        if any(c not in sequence.channels for c in extractor.channels):
            return StepResult(note="a channel is missing")  # the run says so in its own words
        key = cache_key(extractor, sequence)
        if key is None:
            return StepResult(note="an image is missing")
        vectors = _vectors(context.cache)
        if vectors.fetch(key) is None:
            found = extract([extractor], sequence, vectors.mirror, n_threads=context.threads)
            if not found.readable.all():
                return StepResult(note="an image cannot be read")
            if found.problems:
                raise RobotVisionError(found.problems[-1])
            vectors.push(key)
        return StepResult(key)

    return _step(context, work)


def train_step(
    context: Context,
    key: str,
    step: TrainRecogniser,
    learnt: Sequence[StepResult | None],
    blocks: Sequence[StepResult],
) -> StepResult:
    """Train a pipeline on kept vectors and keep it."""

    def work() -> StepResult:
        error = next((m.error for m in (*learnt, *blocks) if m is not None and m.error), "")
        if error:
            return StepResult(error=error)
        store, vectors = _store(context.results), _vectors(context.cache)
        name = f"{MODELS}/{_named(key, [b.name for b in blocks])}{SUFFIX}"
        if store.exists(name):
            return StepResult(name)
        pairs = zip(step.config.features, learnt, strict=True)
        found = [_extractor(context, feature, made) for feature, made in pairs]
        extractors = [e for e in found if e is not None]
        if len(extractors) < len(found):
            return StepResult(note="an extractor cannot be kept, so each run trains its own")
        for block in blocks:
            if block.name:
                vectors.fetch(block.name)
        pipeline, task, training = fit_pipeline(
            step.config,
            step.task,
            [_opened(s) for s in step.train],
            vectors.mirror,
            extractors=extractors,
        )

        def save(path: Path) -> None:
            save_pipeline(path, pipeline, task, {"training_facts": asdict(training)})
            load_pipeline(path)  # whoever needs it can: it holds no class but trusted ones

        return _keep(store, name, save)

    return _step(context, work)


def run_step(
    context: Context,
    step: SweepRun,
    trained: Mapping[str, StepResult],
    blocks: Mapping[str, Sequence[Sequence[StepResult]]],
) -> Row:
    """Replay, score, and leave the run folder and, last of all, the row."""
    spec, begun = step.spec, time.monotonic()
    store = _store(context.results)
    try:
        _begin(context)
        error = next((m.error for m in trained.values() if m.error), "")
        if error:
            raise RobotVisionError(error)
        row = _run(context, step, trained, blocks)
    except Exception as e:  # a plug-in may raise anything; it becomes the row's error
        row = empty_row(spec.key, spec.shown, FAILED, error_line(e))
        if not isinstance(e, RobotVisionError):
            row["traceback"] = traceback.format_exc()
    row |= {
        "seconds": round(time.monotonic() - begun, 3),
        "exclusive": context.exclusive,
        "worker": _worker_name(),
    }
    try:
        write_row(store, row)
    except RobotVisionError as e:
        row |= {"status": FAILED, "error": str(e), "is_kept": False}
    return row


def _run(
    context: Context,
    step: SweepRun,
    trained: Mapping[str, StepResult],
    blocks: Mapping[str, Sequence[Sequence[StepResult]]],
) -> Row:
    spec, store, vectors = step.spec, _store(context.results), _vectors(context.cache)
    setup = spec.setup
    kept = {name: _trained(context, made.name) for name, made in trained.items() if made.name}
    is_kept = bool(kept) and len(kept) == len(trained)
    found = _blocks(vectors, blocks) if is_kept else {}
    specs = {s for part in setup.parts for s in (*part.train, *part.test)}
    inputs = RunInputs({s: _opened(s) for s in specs}, kept if is_kept else {}, found)
    note = "features were looked up, not extracted: no latency" if found else ""
    watch = LoadWatch()
    with store.scratch() as folder:
        prepared = prepare(setup, sequences=inputs.opened)
        with watch.watching():
            run = run_experiment(
                setup,
                folder,
                prepared=prepared,
                recognisers=reusing(inputs, Trainer(folder, vectors.mirror)),
                options=RunOptions(
                    limit=context.limit,
                    notes=(f"made in a sweep, latency not quotable: {note or 'see its table'}",)
                    if note or not context.exclusive
                    else (),
                    null_frames=NULL_FRAMES if context.exclusive else 0,
                ),
            )
        summary = report(run)
        if found:
            summary["latency_ns"] = {}
        row = done_row(spec.key, spec.shown, summary, run.record)
        reason = note or not_quotable(
            exclusive=context.exclusive,
            shared_with=context.sharing.get(_address(), ""),
            threads_of_worker=_threads_of_worker(),
            others_share=watch.others_share,
        )
        row |= {
            "quotable": not reason,
            "latency_note": reason,
            "run_dir": store.shown(f"{RUNS}/{spec.key}"),
        }
        summary |= {"run_dir": row["run_dir"], "latency_note": reason}
        write_run_files(run)
        write_summary(run, summary)
        store.put_folder(folder, f"{RUNS}/{spec.key}")
    return row


def _blocks(
    vectors: Vectors, blocks: Mapping[str, Sequence[Sequence[StepResult]]]
) -> dict[str, list[list[Block]]]:
    """Return the arrays of every test sequence; none at all where one is missing."""
    found: dict[str, list[list[Block]]] = {}
    for name, sequences in blocks.items():
        if not all(made.name for features in sequences for made in features):
            return {}
        found[name] = [[_block(vectors, made.name) for made in features] for features in sequences]
    return found


def _step(context: Context, work: Callable[[], StepResult]) -> StepResult:
    try:
        _begin(context)
        return work()
    except Exception as e:  # becomes the error of every run that waits for it
        return StepResult(error=error_line(e))


def _begin(context: Context) -> None:
    if context.version != __version__:
        raise RobotVisionError(
            f"worker {_worker_name()}: robotvision {__version__}, the sweep was planned by "
            f"{context.version}; install the same release on every worker"
        )
    if context.exclusive and context.is_local:
        _take_own_cores(context.threads)
    pin_threads(context.threads)


@cache
def _take_own_cores(n: int) -> None:
    """Move this process, its threads included, to cores of its own."""
    name = str(_worker_name())
    cores = own_cores(int(name) if name.isdigit() else 0, os.sched_getaffinity(0), n)
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), cores)


def _worker() -> Any:
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None  # called outside a cluster


def _worker_name() -> str:
    worker = _worker()
    return "" if worker is None else str(worker.name)


def _address() -> str:
    worker = _worker()
    return "" if worker is None else str(worker.address)


def _threads_of_worker() -> int:
    worker = _worker()
    return 1 if worker is None else int(worker.state.nthreads)


def _keep(store: Store, name: str, save: Callable[[Path], None]) -> StepResult:
    with store.scratch() as folder:
        path = folder / Path(name).name
        try:
            save(path)
        except RobotVisionError as e:
            if isinstance(e.__cause__, OSError):
                raise
            reason = str(e).removeprefix(f"{path}: ")
            return StepResult(
                note=f"what was trained cannot be kept, each run trains anew: {reason}"
            )
        store.put_file(path, name)
    return StepResult(name)


def _extractor(
    context: Context, feature: Feature, learnt: StepResult | None
) -> FeatureExtractor | None:
    """Return an extractor ready for use; None where it learns and could not be kept."""
    if learnt is None:
        extractor: FeatureExtractor = build(FEATURES, feature)
        return extractor
    if learnt.error:
        raise RobotVisionError(learnt.error)
    if not learnt.name:
        return None
    name = learnt.name

    def load() -> FeatureExtractor:
        with _store(context.results).scratch() as folder:
            return _load_extractor(_local(context, name, folder))

    return _remembered(_extractors, name, load)


def _load_extractor(path: Path) -> FeatureExtractor:
    parts, _ = load_model(path)
    extractor: FeatureExtractor = parts["extractor"]
    return extractor


def _trained(context: Context, name: str) -> TrainedModel:
    def load() -> TrainedModel:
        with _store(context.results).scratch() as folder:
            return load_pipeline(_local(context, name, folder))

    return _remembered(_pipelines, name, load)


def _local(context: Context, name: str, folder: Path) -> Path:
    store = _store(context.results)
    if store.folder is not None:
        return store.folder / name
    content = store.read(name)
    if content is None:
        raise RobotVisionError(f"{store.shown(name)}: not there any more; call the sweep again")
    path = folder / Path(name).name
    path.write_bytes(content)
    return path


def _block(vectors: Vectors, key: str) -> Block:
    def load() -> Block:
        path = vectors.fetch(key)
        if path is None:
            raise RobotVisionError(f"{key}: the vectors are not there any more; call again")
        block: Block = np.load(path, allow_pickle=False)
        block.flags.writeable = False
        return block

    return _remembered(_arrays, key, load)


def _opened(spec: SequenceSpec) -> data.ImageSequence:
    return _remembered(_sequences, spec, lambda: open_part(spec))


def _spoilt(sequence: data.ImageSequence, faults: FaultPlan | None) -> data.ImageSequence:
    if faults is None:
        return sequence

    return with_faults(sequence, faults)


def cache_name(sequence: data.ImageSequence) -> str:
    """Return a digest of the images of a sequence, empty where one is missing."""
    h = hashlib.sha256()
    try:
        for position in range(len(sequence)):
            h.update(sequence.digest(position))
    except RobotVisionError:
        return ""
    return h.hexdigest()


def _named(key: str, names: Sequence[str]) -> str:
    """Return a name that changes with the contents a step was made from."""
    return hashlib.sha256(json.dumps([key, *names]).encode()).hexdigest()[:32]


@cache
def _store(url: str) -> Store:
    return Store(url)


@cache
def _vectors(url: str) -> Vectors:
    return Vectors(Store(url))


_sequences: OrderedDict[SequenceSpec, data.ImageSequence] = OrderedDict()
_pipelines: OrderedDict[str, TrainedModel] = OrderedDict()
_extractors: OrderedDict[str, FeatureExtractor] = OrderedDict()
_arrays: OrderedDict[str, Block] = OrderedDict()
_SIZES = {id(_sequences): 64, id(_pipelines): 4, id(_extractors): 4, id(_arrays): 16}


def _remembered(kept: OrderedDict[K, V], key: K, make: Callable[[], V]) -> V:
    """Return what was made for ``key`` before, else make it; the oldest are forgotten."""
    value = kept.pop(key, None)
    if value is None:
        value = make()
    kept[key] = value
    while len(kept) > _SIZES[id(kept)]:
        kept.popitem(last=False)
    return value
