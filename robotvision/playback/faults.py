"""Sensor faults as data: what can go wrong with a robot's cameras, declared in YAML.

::

    seed: 7
    faults:
      - {kind: drop, share: 0.05}
      - {kind: exposure, ev: -2, start: 0.3, end: 0.6}
      - {kind: kidnap, at: 0.5, skip: 0.25}

``start`` and ``end`` are shares of the sequence. What each fault does is described in
`robotvision.playback.sensor_faults`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from robotvision.errors import Fault, near, raise_faults
from robotvision.yamlfile import Document, Path_, Strict, load, validate

Share = Annotated[float, Field(gt=0, le=1)]


class FaultSpan(Strict):
    """A fault that holds over a part of the sequence."""

    start: float = Field(default=0.0, ge=0, lt=1)
    end: float = Field(default=1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"expected an end above start ({self.start:g}), got {self.end:g}")
        return self


class Drop(FaultSpan):
    """The camera loses frames: each with the chance ``share``."""

    kind: Literal["drop"]
    share: Share


class Repeat(FaultSpan):
    """The camera delivers an old image again, ``length`` times in a row."""

    kind: Literal["repeat"]
    share: Share
    length: int = Field(default=1, ge=1)


class Jitter(FaultSpan):
    """Frames come early and late, by a normal deviation."""

    kind: Literal["jitter"]
    sigma_ms: float = Field(gt=0)


class LateBurst(FaultSpan):
    """Every so often ``frames`` frames are held up and then come all at once."""

    kind: Literal["late_burst"]
    every_s: float = Field(gt=0)
    frames: int = Field(ge=2)


class Exposure(FaultSpan):
    """Colour images become brighter (``ev`` above 0) or darker, by stops of light."""

    kind: Literal["exposure"]
    ev: float = Field(ge=-8, le=8)


class Blur(FaultSpan):
    """Colour images are smeared sideways over ``pixels``, as when the robot turns."""

    kind: Literal["blur"]
    pixels: int = Field(ge=2)


class DepthHoles(FaultSpan):
    """Depth images lose ``share`` of their readings, in patches."""

    kind: Literal["depth_holes"]
    share: Share


class SwapStereo(FaultSpan):
    """The left and the right camera change places."""

    kind: Literal["swap_stereo"]


class Kidnap(Strict):
    """At the share ``at`` of the sequence the robot is put ``skip`` of the sequence ahead.

    What was jumped over is driven afterwards: the frames are the same, in another order.
    """

    kind: Literal["kidnap"]
    at: float = Field(default=0.5, gt=0, lt=1)
    skip: float = Field(default=0.25, gt=0, lt=1)


SensorFault = Annotated[
    Drop | Repeat | Jitter | LateBurst | Exposure | Blur | DepthHoles | SwapStereo | Kidnap,
    Field(discriminator="kind"),
]


class FaultPlan(Strict):
    """Faults in the order in which they are applied, and the seed of whatever is drawn."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    faults: list[SensorFault] = Field(min_length=1)

    def named(self) -> Mapping[str, SensorFault]:
        """Return the faults by kind, numbered where one occurs again."""
        named: dict[str, SensorFault] = {}
        for fault in self.faults:
            n = sum(f.kind == fault.kind for f in named.values())
            named[f"{fault.kind}#{n + 1}" if n else fault.kind] = fault
        return named

    def only(self, name: str) -> FaultPlan:
        """Return the plan with one of its faults."""
        return self.model_copy(update={"faults": [self.named()[name]]})


KINDS = {
    str(get_args(model.model_fields["kind"].annotation)[0]): model
    for model in (Drop, Repeat, Jitter, LateBurst, Exposure, Blur, DepthHoles, SwapStereo, Kidnap)
}
"""Kind -> its model."""


def load_plan(path: Path) -> FaultPlan:
    """Read a plan from YAML. Raises InputFaults, every fault with its place."""
    document = load(path)
    wrong = list(wrong_kinds(document))
    raise_faults(wrong)
    return validate(document, FaultPlan)


def wrong_kinds(document: Document, where: Path_ = ()) -> Iterator[Fault]:
    """Yield a fault for each kind that there is not, and each key that its kind does not have.

    ``where`` is the place of the plan in the document.
    """
    plan = document.data
    for step in where:
        plan = plan.get(step) if isinstance(plan, dict) else None
    listed = plan.get("faults") if isinstance(plan, dict) else None
    for i, item in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(item, dict):
            continue
        kind = item.get("kind")
        if kind not in KINDS:
            at = (*where, "faults", i, *(("kind",) if "kind" in item else ()))
            close = near(kind, KINDS) if isinstance(kind, str) else ""
            yield document.fault(
                at,
                f"expected a kind of sensor fault, got {kind!r}{close}",
                f"known: {', '.join(KINDS)}",
            )
            continue
        known = list(KINDS[kind].model_fields)
        for key in item:
            if key not in known:
                yield document.fault(
                    (*where, "faults", i, key),
                    f"unknown key{near(key, known)}",
                    f"known for {kind}: {', '.join(known)}",
                    key=True,
                )
