"""The folder of a ROS 2 recording: metadata.yaml and the files that it names."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

from robotvision.data.bags.mcap import McapFiles
from robotvision.data.bags.sqlite import SqliteFiles
from robotvision.data.bags.storage import MAX_CHUNK_BYTES, Storage, broken
from robotvision.yamlfile import load


def open_folder(path: Path) -> Storage:
    """Open the files of a ROS 2 recording. Raises InputFaults."""
    table = path / "metadata.yaml"
    about = _information(table)
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
    unpack = _unpacked if mode == "message" else None
    storage = about.get("storage_identifier")
    if storage == "sqlite3":
        return SqliteFiles(path, files, unpack)
    if storage == "mcap":
        return McapFiles(path, files, unpack)
    raise broken(table, f"storage_identifier: expected sqlite3 or mcap, got {storage!r}")


def _information(table: Path) -> dict[str, Any]:
    data = load(table).data
    about = data.get("rosbag2_bagfile_information") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        raise broken(table, "expected the key rosbag2_bagfile_information: not a ROS 2 recording")
    return about


def _unpacked(data: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdDecompressor().decompress(data, max_output_size=MAX_CHUNK_BYTES)
