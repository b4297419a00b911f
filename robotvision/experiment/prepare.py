"""What comes before a replay: sequences opened, the task settled, features settled on channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from robotvision import recogniser
from robotvision.config.checks import build_function
from robotvision.config.experiment import Experiment, TestSetSpec
from robotvision.config.schema import SequenceSpec
from robotvision.data import open_sequence
from robotvision.data.label_file import gap
from robotvision.data.sequence import ImageSequence, require_channels
from robotvision.data.task_labels import require_labels, room_totals
from robotvision.data.verify import is_unordered, mixed_sizes
from robotvision.errors import Fault, InputFaults, raise_faults
from robotvision.experiment.progress import Observer
from robotvision.records import Notice
from robotvision.tasks.model import Task

if TYPE_CHECKING:  # only some configurations name a model or a function
    from robotvision.recogniser.persistence import TrainedModel
    from robotvision.systems.image_function import ImageFunction


@dataclass(frozen=True, slots=True)
class Prepared:
    """An experiment whose input was read; nothing is trained yet.

    Parameters
    ----------
    experiment : Experiment
        With its features settled on the channels that the sequences have.
    task : Task
        With its rooms settled.
    sequences : Mapping[SequenceSpec, ImageSequence]
        Every sequence of the experiment.
    model : TrainedModel or None
        What answers in place of a trained pipeline, where the configuration names a model file.
    function : ImageFunction or None
        What answers from images by itself, where the configuration names a classifier alone.
    notices : tuple of Notice
        What readers of a run's report must know of its input.
    """

    experiment: Experiment
    task: Task
    sequences: Mapping[SequenceSpec, ImageSequence]
    model: TrainedModel | None = None
    function: ImageFunction | None = None
    notices: tuple[Notice, ...] = ()

    def training_sequences(self, part: TestSetSpec) -> list[ImageSequence]:
        """Return what the recogniser of a test set is trained on."""
        return [self.sequences[s] for s in part.train]

    def test_sequences(self, part: TestSetSpec) -> list[ImageSequence]:
        """Return the sequences of a test set."""
        return [self.sequences[s] for s in part.test]


def prepare(
    experiment: Experiment,
    observer: Observer | None = None,
    sequences: Mapping[SequenceSpec, ImageSequence] | None = None,
) -> Prepared:
    """Open every sequence of an experiment, load its model, settle its task and its features.

    Parameters
    ----------
    experiment : Experiment
        A checked configuration.
    observer : Observer, optional
        Receives progress.
    sequences : Mapping[SequenceSpec, ImageSequence], optional
        Sequences that are open already.

    Raises
    ------
    InputFaults
        Whatever is wrong with the sequences or the model, all at once.
    """
    observer = observer or Observer()
    path = experiment.model_path
    task_id, trusted = experiment.task.id, experiment.config.trust
    model = None
    if path is not None:
        model = recogniser.persistence.load_pipeline(path, task_id, trusted)
    given = experiment.function
    function = None if given is None else build_function(given)
    opened = _open_all(experiment, observer, sequences or {})
    task = _settle_task(experiment, opened, model, function)
    if function is not None:
        _require_answers(experiment, opened, function, task)
    labelled, notices = require_labels(task, list(opened.values()))
    opened = dict(zip(opened, labelled, strict=True))
    notices += _order_notices(experiment, opened)
    notices += _image_notices(opened.values())
    notices += _truth_notices(experiment, opened)
    notices += () if model is None else model.notices
    for notice in notices:
        observer.note(notice.message)
    config, notes = experiment.config, list[str]()
    if config.features:
        config, notes = recogniser.channels.settle_features(config, list(opened.values()))
    for note in notes:
        observer.note(note)
    notices += [Notice("feature-left-out", note) for note in notes]
    settled = replace(experiment, config=config)
    return Prepared(settled, task, opened, model, function, tuple(notices))


def _open_all(
    experiment: Experiment, observer: Observer, known: Mapping[SequenceSpec, ImageSequence]
) -> dict[SequenceSpec, ImageSequence]:
    specs = experiment.specs
    opened: dict[SequenceSpec, ImageSequence] = {}
    faults: list[Fault] = []
    for k, spec in enumerate(specs):
        observer.step("reading sequences", k, len(specs))
        try:
            opened[spec] = known[spec] if spec in known else open_part(spec)
        except InputFaults as e:
            faults += e.faults
    observer.step("reading sequences", len(specs), len(specs))
    raise_faults(faults)
    return opened


def _settle_task(
    experiment: Experiment,
    sequences: Mapping[SequenceSpec, ImageSequence],
    model: TrainedModel | None,
    function: ImageFunction | None,
) -> Task:
    task = experiment.task
    rooms = room_totals(sequences[s] for s in experiment.training_specs)
    if model is not None:
        rooms = Counter(model.task.room_names)
        fault = other_rules(experiment, model)
        if fault is not None:
            raise InputFaults(fault)
    if function is not None and not rooms:
        rooms = Counter(function.rooms)
    if isinstance(task.rooms, str) and not rooms:
        raise InputFaults(
            Fault(
                experiment.path,
                f"the rooms of the task {task.id} are those of the training sequences, and "
                "there are none",
                remedy="add 'train: [...]', or name a task with rooms of its own",
            )
        )
    return task.with_rooms(rooms)


def _require_answers(
    experiment: Experiment,
    sequences: Mapping[SequenceSpec, ImageSequence],
    function: ImageFunction,
    task: Task,
) -> None:
    """Raise where a function cannot answer: a channel is missing, or its rooms are others."""
    recogniser.function.require_rooms(function, task)
    if function.channel is None:
        return
    for spec in experiment.test_specs:
        require_channels(sequences[spec], (function.channel,), function.name)


def _order_notices(
    experiment: Experiment, sequences: Mapping[SequenceSpec, ImageSequence]
) -> list[Notice]:
    """Return a notice where frames in no order meet what relies on their order."""
    config = experiment.config
    if config.temporal is None and config.mode != "optional":
        return []
    names = list(dict.fromkeys(s.name for s in sequences.values() if is_unordered(s)))
    if not names:
        return []
    what = "the optional mode" if config.temporal is None else "a temporal filter"
    text = (
        f"{what} gains nothing where frames are in random order, each as good as a segment of its "
        f"own: {', '.join(names)}"
    )
    return [Notice("frames-unordered", text, {"sequences": names})]


def _image_notices(sequences: Iterable[ImageSequence]) -> list[Notice]:
    """Return a notice for each sequence whose images are of several sizes."""
    notices = []
    for sequence in sequences:
        if faults := mixed_sizes(sequence):
            n = len(faults)
            of = f"{n} image{'s are' if n != 1 else ' is'} of another size than the others"
            text = f"{sequence.name}: {of}: {faults[0]}"
            notices.append(Notice("images-of-several-sizes", text, {"images": n}))
    return notices


def _truth_notices(
    experiment: Experiment, sequences: Mapping[SequenceSpec, ImageSequence]
) -> list[Notice]:
    """Return a notice for each test sequence some of whose frames have no room."""
    notices = []
    for spec in experiment.test_specs:
        fault = gap(sequences[spec]) if sequences[spec].truth else None
        if fault is not None:
            text = f"{fault.path}: {fault.message}; those frames are not scored"
            notices.append(Notice("test-frames-without-room", text))
    return notices


def other_rules(experiment: Experiment, model: TrainedModel) -> Fault | None:
    """Return a fault where a model was trained for other labels than the task's."""
    expected = experiment.task.with_rooms(model.task.room_names)
    if expected.labels == model.task.labels and expected.objects == model.task.objects:
        return None
    return Fault(
        experiment.path,
        f"model: trained for the labels {', '.join(model.task.labels)}, the task "
        f"{expected.id} has {', '.join(expected.labels)}",
        remedy="train again for this task",
    )


def open_part(spec: SequenceSpec) -> ImageSequence:
    """Open a sequence, or the part of it that a configuration names. Raises InputFaults."""
    sequence = open_sequence(Path(spec.path), spec.reader, **spec.params)
    if spec.frames is None:
        return sequence
    start, end = spec.frames
    end = len(sequence) if end is None else end
    if not 0 <= start < end <= len(sequence):
        raise InputFaults(
            Fault(
                spec.path,
                f"frames: expected [start, end] within 0 and {len(sequence)}, got [{start}, {end}]",
            )
        )
    return sequence.part(start, end, f"{sequence.name}[{start}:{end}]")
