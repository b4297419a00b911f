from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from robotvision.data import open_sequence
from robotvision.synth.realism import BLANK, edge_density

REPO = Path(__file__).parents[2]
DATA = REPO.parent / "shared" / "data"


def test_a_flat_image_has_no_edges_and_a_line_has_two() -> None:
    """A bright bar of 20 columns has an edge on either side: 2 of 320 columns."""
    image = np.full((240, 320, 3), 60, np.uint8)
    assert edge_density(image) == 0
    image[:, 100:120] = 200
    assert edge_density(image) == pytest.approx(2 / 320, rel=0.05)


def test_size_does_not_matter() -> None:
    """An image at twice the size has the density of its half."""
    small = np.full((240, 320, 3), 60, np.uint8)
    small[80:160, 100:200] = 200
    large = small.repeat(2, 0).repeat(2, 1)
    assert edge_density(large) == edge_density(small)


@pytest.mark.parametrize("name", ["building_cloudy", "building_sunny", "building_night"])
def test_the_shipped_sequences_show_as_much_as_real_places(name: str) -> None:
    """Edge density at least 0.085, at most 2 % of the frames blank."""
    sequence = open_sequence(REPO / "sequences" / name)
    images = [sequence.load(k, ("rgb",))["rgb"] for k in range(len(sequence))]
    density = np.array([edge_density(image) for image in images])
    assert density.mean() >= 0.085
    assert (density < BLANK).mean() <= 0.02


@pytest.mark.skipif(
    not (DATA / "ie_tower_floors03to09").is_dir(), reason="real sequences do not lie beside"
)
def test_generated_corridors_look_like_corridors() -> None:
    """What tells the tower's corridors from a house's rooms ranks the generated ones alike."""
    script = [sys.executable, str(REPO / "scripts" / "check_realism.py"), str(DATA), "--every", "6"]
    done = subprocess.run(
        script, env=os.environ | {"PYTHONPATH": str(REPO)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
