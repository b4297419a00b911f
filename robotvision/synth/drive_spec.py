"""What decides a generated sequence's pixels, its cameras' calibration and its note."""

from __future__ import annotations

from dataclasses import dataclass
from math import degrees

from robotvision.errors import RobotVisionError
from robotvision.synth.camera import Lens
from robotvision.synth.hardship import PLAIN, Hardship, check_range
from robotvision.synth.light import LIGHTS
from robotvision.synth.sensor import MOST_GAIN, earlier_gain

ROOMS = (
    "Corridor", "Kitchen", "Toilet", "PrinterRoom", "ProfessorOffice", "StudentOffice",
    "MeetingRoom", "LoungeArea", "ElevatorArea",
)  # fmt: skip
"""Rooms of the building where a sequence names none."""

CHANNEL_KINDS = {"rgb": "color", "left": "color", "right": "color", "depth": "depth_mm"}
BASELINE_M = 0.12
PITCH_RAD = -0.055
"""Of the camera where a sequence gives none: a little down."""


@dataclass(frozen=True, slots=True)
class DriveSpec:
    """All that decides a generated sequence's pixels.

    Parameters
    ----------
    name : str
        The sequence's name.
    seed : int
        Of the building: its plans, finish and furniture.
    floor : int
        Even: a straight corridor; odd: one with a corner. Other floors have the same kinds of
        rooms in other shapes and places.
    rooms : tuple of str
        Labels of the floor's rooms; a label of a task says how its room is furnished.
    visit : tuple of str or None
        The rooms the robot enters; None: all.
    light : str
        ``sunny``, ``cloudy`` or ``night``.
    reverse : bool
        Drive from the other end.
    n_frames, rate_hz :
        Number of images and their nominal rate; more frames make the robot slower.
    width, height : int
        Size in pixels.
    channels : tuple of str
        Of ``rgb``, ``depth``, ``left``, ``right``.
    furniture_seed : int
        Another one moves the furniture.
    drive_seed : int
        Another one changes the way, the jitter and the noise.
    kidnappings : int
        How often the robot is carried elsewhere; each begins a new segment.
    objects : tuple of str or None
        Object classes in the truth; None: all that are known; (): none.
    start_ns : int
        Time of the first frame.
    jpeg_quality : int
        Of the colour images that are written in the native layout, 1 to 100.
    camera_height_m, camera_pitch_rad : float
        Of the camera above the floor, and how far it looks up (negative: down).
    most_gain : float or None
        As far as the automatic exposure raises the gain in the dark, noise included; None:
        `MOST_GAIN` of the light (8 by night, 3.5 by day).
    hard : Hardship
        Looks round, doors, what stands about, blur, exposure.
    """

    name: str = "tour"
    seed: int = 1
    floor: int = 0
    rooms: tuple[str, ...] = ROOMS
    visit: tuple[str, ...] | None = None
    light: str = "cloudy"
    reverse: bool = False
    n_frames: int = 130
    rate_hz: float = 2.0
    width: int = 320
    height: int = 240
    channels: tuple[str, ...] = ("rgb", "depth")
    furniture_seed: int = 0
    drive_seed: int = 0
    kidnappings: int = 0
    objects: tuple[str, ...] | None = None
    start_ns: int = 0
    jpeg_quality: int = 90
    camera_height_m: float = 1.12
    camera_pitch_rad: float = PITCH_RAD
    most_gain: float | None = None
    hard: Hardship = PLAIN

    def __post_init__(self) -> None:
        where = f"sequence {self.name!r}"
        if self.n_frames < 1:
            raise RobotVisionError(f"{where}: n_frames: expected at least 1, got {self.n_frames}")
        if self.rate_hz <= 0:
            raise RobotVisionError(f"{where}: rate_hz: expected above 0, got {self.rate_hz:g}")
        if min(self.width, self.height) < 16:
            raise RobotVisionError(
                f"{where}: expected at least 16 x 16 pixels, got {self.width} x {self.height}"
            )
        for channel in self.channels:
            if channel not in CHANNEL_KINDS:
                raise RobotVisionError(
                    f"{where}: channel: expected one of {', '.join(CHANNEL_KINDS)}, got {channel!r}"
                )
        if self.light not in LIGHTS:
            raise RobotVisionError(
                f"{where}: light: expected one of {', '.join(LIGHTS)}, got {self.light!r}"
            )
        check_range(where, "camera_height_m", self.camera_height_m, 0.2, 2.4)
        check_range(where, "camera_pitch_rad", self.camera_pitch_rad, -0.8, 0.8)
        if self.most_gain is not None:
            check_range(where, "most_gain", self.most_gain, 1, 32)
        self.hard.check(where)

    @property
    def note(self) -> str:
        """What the sequence was generated from, for its file: all that is not at its default.

        A gain's limit is named unless it is `earlier_gain`: notes that name none stay true.
        """
        default = DriveSpec()
        given: list[tuple[str, float]] = [
            (name, getattr(self, field))
            for name, field in (
                ("furniture", "furniture_seed"),
                ("drive", "drive_seed"),
                ("kidnappings", "kidnappings"),
                ("camera_height_m", "camera_height_m"),
            )
            if getattr(self, field) != getattr(default, field)
        ]
        if self.camera_pitch_rad != default.camera_pitch_rad:
            given.append(("camera_pitch_deg", round(degrees(self.camera_pitch_rad), 3)))
        most_gain = MOST_GAIN[self.light] if self.most_gain is None else self.most_gain
        if most_gain != earlier_gain(self.light):
            given.append(("most_gain", most_gain))
        given += self.hard.given.items()
        words = [f"{name} {value:g}" for name, value in given]
        for name in ("rooms", "visit"):
            labels = getattr(self, name)
            if labels != getattr(default, name):
                words.append(f"{name} {' '.join(labels)}")
        return ", ".join(
            [
                f"generated: robotvision synth, {self.light}, building {self.seed}, "
                f"floor {self.floor}",
                *(["reverse"] if self.reverse else []),
                *words,
            ]
        )


def calibration(spec: DriveSpec) -> dict[str, dict[str, float]]:
    """Return the calibration of every channel of a sequence: pixels, and metres for the rest."""
    lens = Lens.wide(spec.width, spec.height)
    base = {
        "width": float(lens.width),
        "height": float(lens.height),
        "fx": lens.fx,
        "fy": lens.fy,
        "cx": lens.cx,
        "cy": lens.cy,
        "height_m": spec.camera_height_m,
    }
    stereo = base | {"baseline_m": BASELINE_M}
    return {c: stereo if c in ("left", "right") else base for c in spec.channels}
