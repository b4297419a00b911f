"""Isolation is tested for real: bubblewrap has to be there."""

from __future__ import annotations

import shutil

import pytest

from robotvision.systems.sandbox import Bubblewrap, bubblewrap


@pytest.fixture(scope="session", autouse=True)
def _sandbox_works() -> None:
    """Isolation is tested for real: bubblewrap has to be there."""
    if shutil.which("bwrap") is None:
        pytest.fail("bubblewrap is not installed: run 'apt-get install bubblewrap' first")
    found = bubblewrap()
    if not isinstance(found, Bubblewrap):
        pytest.fail(f"{found}: allow user namespaces on this machine, or run the tests as root")
