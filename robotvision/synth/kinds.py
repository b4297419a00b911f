"""Kinds of rooms: how large, what finish, and which labels of the tasks mean which kind."""

from __future__ import annotations

from dataclasses import dataclass

from robotvision.errors import UnknownNameError
from robotvision.synth.solids import Material
from robotvision.tasks.labels import folded

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Band:
    """A strip round a room, from ``low`` to ``high`` above the floor, ``out_m`` off the wall."""

    low: float
    high: float
    out_m: float
    material: Material


@dataclass(frozen=True, slots=True)
class RoomKind:
    """A kind of room: sizes in metres, windows, how it opens, the finish of its surfaces."""

    width: Span
    depth: Span
    windows: bool
    wide: bool
    """Whether it opens on the corridor without a door."""
    floor: tuple[Material, ...]
    walls: tuple[str, ...]
    wall_texture: str = "paint"
    ceiling: str = "ceiling"
    bands: tuple[Band, ...] = ()
    """Dado, rails, trunking: from the wall outwards."""


def _dado(high: float, material: Material, rail: Material) -> tuple[Band, ...]:
    """Return a dado under a rail."""
    return (Band(0.09, high, 0.005, material), Band(high, high + 0.06, 0.016, rail))


_RAIL = Material("wood", "#9a6f42")
_TRUNK = (Band(0.76, 0.86, 0.016, Material("trunk", "#ffffff", 0.8)),)
_OAK = _dado(0.98, Material("panelling", "#a9794a", 0.8), _RAIL)
_SCUFFED = _dado(0.88, Material("scuff", "#9fb0b3", 1.4, 0.04), _RAIL)
_GRAY_DADO = (
    Band(0.09, 1.2, 0.005, Material("scuff", "#8f9690", 1.4, 0.04)),
    Band(1.2, 1.24, 0.006, Material("plain", "#d8b021")),
)
_TILE_BAND = (
    Band(1.18, 1.3, 0.004, Material("tiles", "#2f6f86", 0.48, 0.1)),
    Band(0.0, 0.12, 0.004, Material("tiles", "#4f5f68", 0.48, 0.1)),
)

_CARPETS = (
    Material("carpet", "#5f6f86"),
    Material("carpettile", "#6d6a70", 1.0),
    Material("carpet", "#7a5f56"),
)
_PARQUET = (Material("parquet", "#c18a52", 1.2, 0.05), Material("parquet", "#a86f42", 1.2, 0.05))
_LINO = (
    Material("vinyl", "#b9b5a6", 1.2, 0.08),
    Material("vinyl", "#8fa3a8", 1.2, 0.08),
    Material("vinyl", "#b3a58c", 1.2, 0.08),
)
_TERRAZZO = (Material("terrazzo", "#cfc8bb", 1.2, 0.14), Material("terrazzo", "#b8b8bc", 1.2, 0.14))
_CONCRETE = (Material("concrete", "#a3a19c", 2.0), Material("concrete", "#8f9296", 2.0))
_CREAM = ("#f2ead8", "#ece6dc", "#f0efe9")
_TINTED = ("#dfe7ec", "#efe2c8", "#dde6d6", "#eadad2")

_BLUE_TILES = (
    Material("floortiles", "#8fa0a6", 0.6, 0.12),
    Material("floortiles", "#9a9a9c", 0.6, 0.12),
)
_KITCHEN = (
    Material("checker", "#e4ddd0", 0.8, 0.08),
    Material("floortiles", "#c98f6b", 0.8, 0.08),
)

KINDS: dict[str, RoomKind] = {
    "corridor": RoomKind(
        (8, 30), (2.3, 2.3), True, True, _LINO, ("#eee6d2", "#e6e9e4"), bands=_SCUFFED
    ),
    "office_one": RoomKind((3.4, 4.1), (4.2, 5.0), True, False, _CARPETS, _TINTED, bands=_TRUNK),
    "office_two": RoomKind((4.4, 5.2), (4.4, 5.2), True, False, _LINO, _CREAM, bands=_TRUNK),
    "office_many": RoomKind(
        (6.0, 7.0), (5.4, 6.2), True, False, (_LINO[1], _CARPETS[0]), _CREAM, bands=_TRUNK
    ),
    "professor": RoomKind(
        (4.2, 5.0), (4.4, 5.2), True, False, _PARQUET, ("#efe2c8", "#e5dcc8"), bands=_OAK
    ),
    "kitchen": RoomKind(
        (3.6, 4.6),
        (4.2, 5.0),
        True,
        False,
        _KITCHEN,
        ("#f6e7b4", "#f3ddb8", "#dcebd8"),
    ),
    "toilet": RoomKind(
        (4.2, 5.0),
        (4.0, 4.8),
        False,
        False,
        _BLUE_TILES,
        ("#e4f0f2", "#f4f4f0", "#d5e6ea"),
        "tiles",
        bands=_TILE_BAND,
    ),
    "printer": RoomKind(
        (3.4, 4.2), (3.8, 4.6), False, False, _LINO, ("#e8e6e0", "#dfe5ea"), bands=_TRUNK
    ),
    "meeting": RoomKind(
        (5.0, 6.0),
        (5.2, 6.2),
        True,
        False,
        _CARPETS,
        ("#e9e4da", "#d9e0e4"),
        bands=_dado(0.9, Material("slats", "#b58a5c", 0.9), _RAIL),
    ),
    "visio": RoomKind(
        (4.8, 5.6), (5.2, 6.0), True, False, _CARPETS[:1], ("#c9d6e4", "#bccbd9"), bands=_TRUNK
    ),
    "lounge": RoomKind(
        (5.4, 6.6),
        (5.0, 6.0),
        True,
        False,
        _PARQUET,
        ("#f3d9b5", "#e9cfae", "#d8dfc4"),
        "wallpaper",
    ),
    "elevator": RoomKind(
        (4.8, 5.8),
        (3.2, 3.8),
        False,
        True,
        _TERRAZZO,
        ("#d9d6ce", "#cfd4d8"),
        bands=_dado(
            0.95,
            Material("cladding", "#8f8a84", 1.2, 0.1),
            Material("brushed", "#9aa0a6", 1.0, 0.2),
        ),
    ),
    "technical": RoomKind(
        (4.6, 5.6),
        (4.6, 5.4),
        False,
        False,
        _CONCRETE,
        ("#c9c7c0", "#bfc4c4"),
        "concrete",
        "concrete",
        bands=_GRAY_DADO,
    ),
    "hall": RoomKind(
        (7.5, 9.0),
        (6.2, 7.2),
        True,
        True,
        _TERRAZZO,
        ("#ece4d2", "#e4e8e8"),
        bands=_dado(1.1, Material("slats", "#a9794a", 0.9), _RAIL),
    ),
    "secretary": RoomKind(
        (5.0, 5.8),
        (4.8, 5.6),
        True,
        False,
        (_LINO[2], _PARQUET[0]),
        ("#ead7d2", "#e6dcc0"),
        bands=_TRUNK,
    ),
    "warehouse": RoomKind(
        (5.8, 6.8),
        (5.8, 7.0),
        False,
        False,
        _CONCRETE,
        ("#d8cfc8", "#f0ece6"),
        "brick",
        "concrete",
        bands=_GRAY_DADO[1:],
    ),
    "recycle": RoomKind(
        (3.6, 4.4), (3.4, 4.2), False, True, _CONCRETE, ("#d5dccb", "#dcd9cf"), bands=_GRAY_DADO
    ),
    "classroom": RoomKind(
        (6.5, 7.5), (6.0, 7.0), True, False, _LINO, ("#eef0e2", "#e2ecf0"), bands=_SCUFFED
    ),
    "library": RoomKind(
        (5.8, 6.8), (5.6, 6.6), True, False, _CARPETS[2:], ("#e8d9c0", "#e0d3c4"), bands=_OAK
    ),
}

_WORDS = {
    "corridor": "corridor cr c",
    "office_one": "bo 1po smalloffice onepersonoffice office",
    "office_two": "eo 2po twopersonoffice",
    "office_many": "studentoffice studentsroom largeoffice lo lab",
    "professor": "professoroffice professorroom",
    "kitchen": "kitchen kt kitchendining",
    "toilet": "toilet tl bathroom",
    "printer": "printerroom printerarea pa",
    "meeting": "meetingroom conferenceroom cnr",
    "visio": "visioconference videoconference",
    "lounge": "loungearea lounge",
    "elevator": "elevatorarea elevator",
    "technical": "technicalroom workshop tr rl",
    "hall": "hall hallentrance",
    "secretary": "secretary",
    "warehouse": "warehouse storage",
    "recycle": "recyclearea",
    "classroom": "classroom cl",
    "library": "library lb",
}
_BY_LABEL = {word: kind for kind, words in _WORDS.items() for word in words.split()}


def kind_of(label: str) -> str:
    """Return the kind of room a task's label means.

    Raises
    ------
    UnknownNameError
        No kind of furnishing is known for the label.
    """
    kind = _BY_LABEL.get(folded(label))
    if kind is None:
        raise UnknownNameError(
            "room", label, [w for words in _WORDS.values() for w in words.split()]
        )
    return kind
