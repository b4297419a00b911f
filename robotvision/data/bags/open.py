"""Open a robot recording: a ``.bag``, an ``.mcap``, a ``.db3`` or the folder of a ROS 2 bag."""

from __future__ import annotations

import importlib
from pathlib import Path, PurePath
from typing import Any

from robotvision.data.bags.mcap import McapFiles
from robotvision.data.bags.rosbag1 import Rosbag1
from robotvision.data.bags.sqlite import SqliteFiles
from robotvision.data.bags.storage import MAX_CHUNK_BYTES, Storage, broken
from robotvision.errors import MissingExtraError
from robotvision.yamlfile import load

_LIBRARIES = ("rosbags", "mcap", "lz4.frame", "zstandard")


def open_storage(path: Path) -> Storage:
    """Open a ``.bag``, a ROS 2 bag's folder, an ``.mcap`` or a ``.db3``.

    Raises
    ------
    InputFaults
        It is no recording, or a broken one.
    MissingExtraError
        The libraries are not installed.
    """
    try:
        for library in _LIBRARIES:
            importlib.import_module(library)
        return _open(path)
    except ImportError as e:
        raise MissingExtraError(
            f"{path}: reading robot recordings needs rosbags and mcap ({e.name} is not there); "
            "install them with: pip install 'robotvision[bags]'"
        ) from e
    except OSError as e:
        raise broken(path, f"cannot be read ({e.strerror or e})") from e


def _open(path: Path) -> Storage:
    if path.is_dir():
        return _open_folder(path)
    match path.suffix.lower():
        case ".bag":
            return Rosbag1(path)
        case ".mcap":
            return McapFiles([path])
        case ".db3":
            return SqliteFiles([path])
    raise broken(path, "expected a .bag, an .mcap or the folder of a ROS 2 bag")


def _open_folder(path: Path) -> Storage:
    """Open the files that a ROS 2 recording's metadata.yaml names. Raises InputFaults."""
    table = path / "metadata.yaml"
    about = _read_metadata(table)
    files = [path / PurePath(str(f)).name for f in about.get("relative_file_paths") or ()]
    if not files:
        raise broken(table, "no files in it (relative_file_paths)")
    mode = str(about.get("compression_mode") or "none").lower()
    kind = str(about.get("compression_format") or "")
    if mode == "file":
        raise broken(
            path,
            f"its files are compressed as a whole ({kind}), so no message can be read by itself",
            "unpack it with: ros2 bag convert, or zstd -d and "
            "compression_mode: '' in metadata.yaml",
        )
    if mode == "message" and kind != "zstd":
        raise broken(table, f"compression_format: expected zstd, got {kind!r}")
    unpack = _unpack if mode == "message" else None
    storage = about.get("storage_identifier")
    if storage == "sqlite3":
        return SqliteFiles(files, unpack)
    if storage == "mcap":
        return McapFiles(files, unpack)
    raise broken(table, f"storage_identifier: expected sqlite3 or mcap, got {storage!r}")


def _read_metadata(table: Path) -> dict[str, Any]:
    data = load(table).data
    about = data.get("rosbag2_bagfile_information") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        raise broken(table, "expected the key rosbag2_bagfile_information: not a ROS 2 recording")
    return about


def _unpack(data: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdDecompressor().decompress(data, max_output_size=MAX_CHUNK_BYTES)
