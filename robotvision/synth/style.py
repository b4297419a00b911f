"""The colours and materials that the furniture of one building has in common."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as _replace

from robotvision.synth.aliases import Rng
from robotvision.synth.solids import Material

BLACK = Material("plain", "#1c1d1f", ir=0.35)
DARK = Material("plain", "#3a3c40")
GRAY = Material("plain", "#8d9093")
LIGHT = Material("plain", "#dcdcda")
WHITE = Material("plain", "#f4f4f2")
STEEL = Material("brushed", "#c3c6c9", shine=0.25, ir=0.35)
CHROME = Material("plain", "#c9ccd0", shine=0.4, ir=0.2)
SOIL = Material("carpet", "#4a3626")
RED = Material("plain", "#c8171e", shine=0.08)
CERAMIC = Material("plain", "#f8f8f6", shine=0.12)


@dataclass(frozen=True, slots=True)
class Style:
    """The colours that furniture of one building has in common."""

    wood: Material
    chair: Material
    sofa: Material
    cabinet: Material
    front: Material
    metal: Material
    accent: Material

    @classmethod
    def of(cls, rng: Rng) -> Style:
        """Return a style drawn from ``rng``."""
        wood = Material("wood", str(rng.choice(["#c79a63", "#8a5a34", "#d9c3a0", "#a8723f"])))
        cabinet = str(rng.choice(["#e6e2d8", "#b9bec4", "#cdb48c"]))
        return cls(
            wood=wood,
            chair=Material(
                "fabric", str(rng.choice(["#2f4d7c", "#30343a", "#7c2f35", "#3f6b53"])), tile_m=0.2
            ),
            sofa=Material(
                "fabric", str(rng.choice(["#b4512f", "#3d6f8e", "#7a8a3a", "#8c3a4a"])), tile_m=0.3
            ),
            cabinet=Material("plain", cabinet),
            front=Material("cabinet", cabinet, tile_m=None),
            metal=Material("plain", str(rng.choice(["#9aa1a8", "#6f7f8f", "#b8b4a6"]))),
            accent=Material("plain", str(rng.choice(["#d98c2b", "#2f8f8a", "#b03a48", "#5a7d2f"]))),
        )


def accented(st: Style, color: str) -> Style:
    """Return the style with another colour of chairs."""
    return _replace(st, chair=_replace(st.chair, color=color))
