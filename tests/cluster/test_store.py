"""Where results are kept: whole files, one writer, one line where it cannot be written."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from robotvision.cluster.store import Store
from robotvision.errors import RobotVisionError
from robotvision.sweep.rows import empty_row, read_rows, write_row


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Hand out an empty store of each kind."""
    url = str(tmp_path / "s") if request.param == "local" else f"memory://{tmp_path.name}"
    made = Store(url)
    yield made
    if made.is_memory and made.exists(""):
        made.fs.rm(made.place(""), recursive=True)


def test_files_come_back(store: Store) -> None:
    """What is written is read, listed and replaced; what is not there is None."""
    assert store.read("a/x") is None
    assert store.names("a") == []
    store.write("a/x", b"1")
    store.write("a/x", b"22")
    assert store.read("a/x") == b"22"
    assert store.names("a") == ["x"]
    assert pickle.loads(pickle.dumps(store)).read("a/x") == b"22"


def test_a_folder_takes_the_place_of_a_half_done_one(store: Store) -> None:
    """A run that was cut off leaves nothing of its own beside the new one."""
    for content in ("old", "new"):
        with store.scratch() as folder:
            (folder / content).write_text(content)
            store.put_folder(folder, "runs/1")
    assert store.names("runs/1") == ["new"]


def test_a_row_cut_short_is_not_there(store: Store) -> None:
    """A file system that cannot replace files may leave half a row: the run is repeated."""
    write_row(store, empty_row("aa", {"seed": 1}, "done"))
    store.write("rows/bb.json", b'{"config_hash": "bb", "sta')
    store.write("rows/cc.json", b'{"config_hash": "aa", "status": "done"}')
    assert list(read_rows(store)) == ["aa"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """Read-only or under a file: the path, what it is for, why, what to do."""
    (tmp_path / "file").write_text("")
    for url, reason in ((tmp_path / "file" / "x", "Not a directory"), (Path("/proc/x"), "")):
        with pytest.raises(RobotVisionError, match="the feature cache cannot be written") as e:
            Store(str(url)).require_writable("the feature cache")
        assert len(e.value.lines()) == 1
        assert reason in str(e.value)


def test_an_unknown_protocol_is_one_line() -> None:
    """Neither a protocol nobody knows nor one whose package is missing shows a traceback."""
    for url in ("nosuch://x", "gcs://x"):
        with pytest.raises(RobotVisionError, match="no file system for it"):
            Store(url).names("")


def test_one_sweep_at_a_time(tmp_path: Path) -> None:
    """A second sweep into the same folder is told so; afterwards the folder is free."""
    store = Store(str(tmp_path))
    with store.locked():  # noqa: SIM117 (the inner one must fail)
        with pytest.raises(RobotVisionError, match="another sweep is writing there"):
            with Store(str(tmp_path)).locked():
                pass
    with store.locked():
        pass
