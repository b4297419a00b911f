"""What a worker does: learn, extract, train, run. Each leaves its result in the store.

A step is done again without harm: files are named by what they hold and appear whole. What fails
comes back as a message, never as an exception, so that one broken run does not end the sweep.
"""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from robotvision import data
from robotvision.cluster.cores import LoadWatch, not_quotable
from robotvision.cluster.store import MODELS, RUNS, Store
from robotvision.cluster.worker import n_worker_threads, worker_address, worker_name
from robotvision.config.checks import build
from robotvision.errors import RobotVisionError
from robotvision.experiment.prepare import prepare
from robotvision.experiment.recognisers import Trainer
from robotvision.experiment.run import NULL_FRAMES, RunOptions
from robotvision.experiment.run import run as run_experiment
from robotvision.features import FEATURES
from robotvision.features.base import FeatureExtractor
from robotvision.features.extraction import cache_key, extract, training_frames
from robotvision.playback.sensor_faults import with_faults
from robotvision.recogniser.augment import altered
from robotvision.recogniser.model_file import save_model
from robotvision.recogniser.persistence import SUFFIX, load_pipeline, save_pipeline
from robotvision.recogniser.training import TrainingOptions, fit_pipeline
from robotvision.records import Notice
from robotvision.report.summary import report
from robotvision.report.write import hand_over, write_run_files, write_summary
from robotvision.sweep.context import Context, StepResult, begin
from robotvision.sweep.loading import (
    content_digest,
    load_block,
    load_extractor,
    load_sequence,
    load_trained,
    load_trained_extractor,
    open_store,
    open_vectors,
)
from robotvision.sweep.reuse import Block, RunInputs, reusing
from robotvision.sweep.rows import FAILED, Row, done_row, empty_row, error_line, write_row
from robotvision.sweep.steps import ExtractFeatures, Feature, FitFeatures, SweepRun, TrainRecogniser


def learn_step(context: Context, key: str, step: FitFeatures) -> StepResult:
    """Train an extractor and store it."""

    def work() -> StepResult:
        store = open_store(context.results)
        sequences = [load_sequence(s) for s in step.train]
        names = [content_digest(s) for s in sequences]
        if not all(names):
            return StepResult(note="an image is missing, so each run trains its own extractor")
        name = f"{MODELS}/{_with_contents(key, names)}{SUFFIX}"
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
            load_extractor(path)

        return _save(store, name, save)

    return _step(context, work)


def extract_step(context: Context, step: ExtractFeatures, learnt: StepResult | None) -> StepResult:
    """Compute the vectors of a sequence, unless they exist; return their key."""

    def work() -> StepResult:
        sequence = load_sequence(step.spec)
        if step.faults is not None:
            sequence = with_faults(sequence, step.faults)
        extractor = _extractor(context, step.feature, learnt)
        if extractor is None:
            return StepResult(note="the extractor cannot be kept, so each run trains its own")
        extractor = altered(extractor, step.view)
        if any(c not in sequence.channels for c in extractor.channels):
            return StepResult(note="a channel is missing")  # the run says so in its own words
        key = cache_key(extractor, sequence)
        if not key.name:
            return StepResult(note=key.why or "an image is missing")
        vectors = open_vectors(context.cache)
        if vectors.fetch(key.name) is None:
            extracted = extract([extractor], sequence, vectors.mirror, n_threads=context.threads)
            if not extracted.readable.all():
                return StepResult(note="an image cannot be read")
            if extracted.problems:
                raise RobotVisionError(extracted.problems[-1])
            vectors.push(key.name)
        return StepResult(key.name)

    return _step(context, work)


def train_step(
    context: Context,
    key: str,
    step: TrainRecogniser,
    learnt: Sequence[StepResult | None],
    blocks: Sequence[StepResult],
) -> StepResult:
    """Train a pipeline on stored vectors and store it."""

    def work() -> StepResult:
        error = next((m.error for m in (*learnt, *blocks) if m is not None and m.error), "")
        if error:
            return StepResult(error=error)
        if not all(block.name for block in blocks):
            notes = {block.note for block in blocks if block.note}
            return StepResult(note=f"each run trains its own: {'; '.join(sorted(notes))}")
        store, vectors = open_store(context.results), open_vectors(context.cache)
        name = f"{MODELS}/{_with_contents(key, [b.name for b in blocks])}{SUFFIX}"
        if store.exists(name):
            return StepResult(name)
        pairs = zip(step.config.features, learnt, strict=True)
        loaded = [_extractor(context, feature, fitted) for feature, fitted in pairs]
        extractors = [e for e in loaded if e is not None]
        if len(extractors) < len(loaded):
            return StepResult(note="an extractor cannot be kept, so each run trains its own")
        for block in blocks:
            vectors.fetch(block.name)
        pipeline, task, training = fit_pipeline(
            step.config,
            step.task,
            [load_sequence(s) for s in step.train],
            vectors.mirror,
            options=TrainingOptions(extractors=extractors),
        )

        def save(path: Path) -> None:
            save_pipeline(path, pipeline, task, {"training_facts": asdict(training)})
            load_pipeline(path)  # whoever needs it can: it holds no class but trusted ones

        return _save(store, name, save)

    return _step(context, work)


def run_step(
    context: Context,
    step: SweepRun,
    trained: Mapping[str, StepResult],
    blocks: Mapping[str, Sequence[Sequence[StepResult]]],
) -> Row:
    """Replay, score, and leave the run folder and, last of all, the row."""
    spec, begun = step.spec, time.monotonic()
    store = open_store(context.results)
    try:
        begin(context)
        error = next((m.error for m in trained.values() if m.error), "")
        if error:
            raise RobotVisionError(error)
        models = {n: load_trained(context.results, t.name) for n, t in trained.items() if t.name}
        is_trained = bool(models) and len(models) == len(trained)
        arrays = _load_blocks(context.cache, blocks) if is_trained else {}
        opened = {s: load_sequence(s) for s in spec.setup.specs}
        row = _run(context, step, RunInputs(opened, models if is_trained else {}, arrays))
    except Exception as e:  # a plug-in may raise anything; it becomes the row's error
        row = empty_row(spec.key, spec.shown, FAILED, error_line(e))
        if not isinstance(e, RobotVisionError):
            row["traceback"] = traceback.format_exc()
    row |= {
        "seconds": round(time.monotonic() - begun, 3),
        "exclusive": context.exclusive,
        "worker": worker_name(),
    }
    try:
        write_row(store, row)
    except RobotVisionError as e:
        row |= {"status": FAILED, "error": str(e), "is_kept": False}
    return row


def _run(context: Context, step: SweepRun, inputs: RunInputs) -> Row:
    spec, store, vectors = step.spec, open_store(context.results), open_vectors(context.cache)
    setup = spec.setup
    note = "features were looked up, not extracted: no latency" if inputs.blocks else ""
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
                    notices=(
                        Notice(
                            "sweep-latency",
                            f"made in a sweep, latency not quotable: {note or 'see its table'}",
                        ),
                    )
                    if note or not context.exclusive
                    else (),
                    null_frames=NULL_FRAMES if context.exclusive else 0,
                ),
            )
        summary = report(run)
        if inputs.blocks:
            summary["latency_ns"] = {}
        row = done_row(spec.key, spec.shown, summary, run.record)
        reason = note or not_quotable(
            exclusive=context.exclusive,
            shared_with=context.sharing.get(worker_address(), ""),
            threads_of_worker=n_worker_threads(),
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
        hand_over(run, summary)
        store.put_folder(folder, f"{RUNS}/{spec.key}")
    return row


def _load_blocks(
    cache: str, blocks: Mapping[str, Sequence[Sequence[StepResult]]]
) -> dict[str, list[list[Block]]]:
    """Return the arrays of every test sequence; none at all where one is missing."""
    names = [b.name for sequences in blocks.values() for features in sequences for b in features]
    vectors = open_vectors(cache)
    if not all(name and vectors.fetch(name) for name in names):
        return {}
    return {
        name: [[load_block(cache, b.name) for b in features] for features in sequences]
        for name, sequences in blocks.items()
    }


def _step(context: Context, work: Callable[[], StepResult]) -> StepResult:
    try:
        begin(context)
        return work()
    except Exception as e:  # becomes the error of every run that waits for it
        return StepResult(error=error_line(e))


def _save(store: Store, name: str, save: Callable[[Path], None]) -> StepResult:
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
    return load_trained_extractor(context.results, learnt.name)


def _with_contents(key: str, names: Sequence[str]) -> str:
    """Return a name that changes with the contents a step was made from."""
    return hashlib.sha256(json.dumps([key, *names]).encode()).hexdigest()[:32]
