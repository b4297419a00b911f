"""The schema of a configuration: which keys there are, their types, ranges and defaults."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator

from robotvision import systems
from robotvision.playback.faults import FaultPlan
from robotvision.yamlfile import Strict

Params = dict[str, Any]


class SequenceSpec(Strict):
    """A sequence by path, whole or in part.

    ``frames: [start, end]`` takes positions ``start`` to ``end`` (end excluded; null: to the end).
    ``params`` go to the reader: ``params: {label_file: rooms.csv}``.
    """

    path: str = Field(min_length=1)
    reader: str | None = None
    frames: tuple[int, int | None] | None = None
    params: dict[str, str | int | float | bool | list[str | int | float]] = {}

    def __hash__(self) -> int:
        return hash((self.path, self.reader, self.frames, repr(sorted(self.params.items()))))


SequenceList = list[str | SequenceSpec]
Sequences = SequenceList | dict[str, SequenceList]


class Named(Strict):
    """A plug-in by name with its parameters beside it: ``{name: svm, kernel: chi2}``.

    A feature with ``optional: true`` is left out where a sequence lacks its channel; one with
    ``channel: auto`` reads the sequences' first colour (or depth) channel.
    """

    model_config = Strict.model_config | {"extra": "allow"}
    name: str = Field(min_length=1)
    optional: bool = False

    @property
    def params(self) -> Params:
        """Everything but the name."""
        return dict(self.model_extra or {})


class Given(Named):
    """A plug-in handed over as an object, from Python; ``name`` is what reports call it."""

    _part: Any = PrivateAttr(default=None)

    @classmethod
    def of(cls, part: Any, name: str) -> Given:
        """Return the plug-in ``part`` under a name."""
        given = cls(name=name)
        given._part = part
        return given

    @property
    def part(self) -> Any:
        """The object."""
        return self._part


class AugmentConfig(Strict):
    """Further views of training frames; see `robotvision.recogniser.augment`."""

    mirror: bool = Field(default=True, description="each frame as in a mirror, too")
    light: int = Field(default=0, ge=0, le=8, description="copies under other light")


class UnknownConfig(Strict):
    """How unknown rooms are detected; see `robotvision.recogniser.unknown`."""

    method: Literal["auto", "max_probability", "entropy", "distance"] = "auto"
    share: float = Field(default=0.03, gt=0, lt=1)


class DecisionConfig(Strict):
    """When to answer; see `robotvision.recogniser.decision`.

    ``unknown``: ``detect`` detects unknown rooms frame by frame wherever the task has the label,
    ``zone`` zones of such rooms from frames in their order; ``auto``: ``detect`` where the task
    expects unknown rooms, else ``zone`` where there is a temporal filter; a number answers unknown
    below that confidence.
    """

    abstain: Literal["auto", "never"] | Annotated[float, Field(ge=0, le=1)] = "auto"
    unknown: (
        Literal["auto", "never", "detect", "zone"]
        | Annotated[float, Field(ge=0, le=1)]
        | UnknownConfig
    ) = "auto"


class TuneConfig(Strict):
    """What ``robotvision tune`` tries: every combination of what is listed.

    A key that is not listed keeps the configuration's own value.
    """

    features: list[list[str | Named]] = []
    augment: list[AugmentConfig | None] = []
    classifier: list[str | Named] = []
    integration: list[str] = []
    temporal: list[str | Named | None] = []
    decision: list[DecisionConfig] = []
    folds: int = Field(default=7, ge=2, le=100, description="of whole sequences or segments")
    candidates: int | None = Field(
        default=None, ge=1, description="so many, drawn at random; null: all of them"
    )


class PolicyConfig(Strict):
    """A late-frame policy by its two halves, for what the four names do not cover."""

    backlog: Literal["newest", "queue"]
    late: Literal["own", "deadline", "hold"]


class ReplayConfig(Strict):
    """Clock and policy; see `robotvision.playback`."""

    clock: Literal["asap", "wall", "simulated"] = "asap"
    policy: Literal["offline", "deadline", "streaming", "queue"] | PolicyConfig = "offline"
    deadline_ms: float | Literal["next-frame"] | None = None
    rate_hz: float | None = Field(
        default=None, gt=0, description="impose a rate; null: as recorded"
    )
    speed: float = Field(default=1.0, gt=0)
    start_s: float = Field(default=0.0, ge=0)
    loop: int = Field(default=1, ge=1)
    decode_ahead: int = Field(default=8, ge=1, le=256)


class LimitsConfig(Strict):
    """What a program may use."""

    memory_mb: int | None = Field(default=None, ge=16)
    cpu_s: int | None = Field(default=None, ge=1)
    processes: int | None = Field(default=None, ge=1)
    file_mb: int | None = Field(default=None, ge=0)


class SystemConfig(Strict):
    """A program that answers, in place of features and classifier."""

    command: list[str] = Field(min_length=1)
    timeout_s: float = Field(10.0, gt=0)
    start_timeout_s: float = Field(30.0, gt=0)
    env: dict[str, str] = {}
    restarts: int = Field(3, ge=0)
    fresh: Literal["run", "sequence"] = Field(
        "run", description="one program for the run, or a new one for every sequence"
    )
    transport: Literal["auto", "shm", "pipe"] = "auto"
    isolation: Literal["auto", "none", "required"] = "auto"
    read: list[str] = Field([], description="further paths the program may read")
    limits: LimitsConfig = LimitsConfig()


class Ros2Config(Strict):
    """The topics of a ROS 2 node."""

    image: str = Field(description="topic of sensor_msgs/msg/Image that frames are published on")
    answer: str = Field(description="topic of std_msgs/msg/String that rooms come on")
    channel: str = "rgb"
    domain: int | None = Field(
        default=None, ge=0, le=232, description="null: ROS_DOMAIN_ID, else 0"
    )
    timeout_s: float = Field(10.0, gt=0)
    start_timeout_s: float = Field(30.0, gt=0)

    @field_validator("image", "answer")
    @classmethod
    def _topic(cls, value: str) -> str:
        return systems.topic_name(value)


class Ros2SystemConfig(Strict):
    """A ROS 2 node that answers, in place of features and classifier."""

    ros2: Ros2Config


class Config(Strict):
    """A configuration: everything that a run needs."""

    task: str
    mode: Literal["obligatory", "optional"] = "obligatory"
    train: Sequences = []
    test: Sequences
    features: list[str | Named] = []
    feature_threads: int = Field(
        default=1, ge=1, le=64, description="how many features of a frame are computed at a time"
    )
    augment: AugmentConfig | None = None
    classifier: str | Named | None = None
    integration: str = "concatenation"
    scaling: Literal["spread", "none"] = Field(
        default="spread",
        description="spread: each feature's vectors are scaled to a spread of 1; none: as they are",
    )
    temporal: str | Named | None = None
    model: str | None = Field(default=None, description="a model file, in place of training")
    trust: list[str] = Field(
        default=[], description="classes of your own that a model file may hold, by dotted name"
    )
    decision: DecisionConfig = DecisionConfig()
    replay: ReplayConfig = ReplayConfig()
    faults: FaultPlan | None = Field(
        default=None, description="sensor faults of the test sequences"
    )
    system: SystemConfig | Ros2SystemConfig | Literal["inprocess", "worker"] = "inprocess"
    tune: TuneConfig | None = Field(default=None, description="what robotvision tune tries")
    require: list[str] = Field(
        default=[], description="what the run is to reach, as 'points >= 0.7'; see robotvision gate"
    )
    observers: list[str | Named] = Field(
        default=[], description="what else receives the run: mlflow, tensorboard, your own"
    )
    seed: int = Field(default=0, ge=0, lt=2**32)
    out: str | None = None
    note: str = ""
