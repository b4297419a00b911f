"""What a step knows of its worker: nothing, where there is none."""

from __future__ import annotations

import sys

import pytest

from robotvision.cluster.worker import n_worker_threads, worker_address, worker_name


@pytest.mark.parametrize("is_installed", [True, False])
def test_outside_a_cluster_there_is_no_worker(
    monkeypatch: pytest.MonkeyPatch, is_installed: bool
) -> None:
    """Nor without the cluster extra: a program is judged here by the core alone."""
    if is_installed:
        pytest.importorskip("distributed")
    else:
        monkeypatch.setitem(sys.modules, "distributed", None)
    assert (worker_name(), worker_address(), n_worker_threads()) == ("", "", 1)
