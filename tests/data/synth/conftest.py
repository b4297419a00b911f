"""One small floor and its tours, built once."""

from __future__ import annotations

import pytest

from robotvision.data.synth.tour import Shot, TourSpec, shots

ROOMS = ("Corridor", "Toilet", "PrinterRoom", "ProfessorOffice")


@pytest.fixture(scope="session")
def spec() -> TourSpec:
    """A short tour of a floor with four rooms."""
    return TourSpec("small", seed=3, rooms=ROOMS, n_frames=12, width=96, height=72)


@pytest.fixture(scope="session")
def taken(spec: TourSpec) -> list[Shot]:
    """Its frames."""
    return list(shots(spec))
