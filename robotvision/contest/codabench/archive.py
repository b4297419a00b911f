"""Archives that are the same byte for byte whenever they are made of the same files."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

from robotvision.errors import RobotVisionError
from robotvision.version import __version__

DATE = (2000, 1, 1, 0, 0, 0)
"""The date of every file in an archive."""
LEFT_OUT = ("__pycache__", ".pyc", ".pyo")
WHEEL = f"robotvision-{__version__}-py3-none-any.whl"


def archive(contents: Mapping[str, bytes]) -> bytes:
    """Return a zip file of ``contents`` (name -> bytes): sorted, dated alike, packed alike."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in sorted(contents):
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3
            packed.writestr(info, contents[name])
    return raw.getvalue()


def wheel() -> bytes:
    """Return this very package as a wheel, made of its installed files: no build, no network.

    Raises
    ------
    RobotVisionError
        The package is not installed, so that its description is not known.
    """
    try:
        about = distribution("robotvision")
    except PackageNotFoundError as e:
        raise RobotVisionError("robotvision is not installed; pip install it first") from e
    info = f"robotvision-{__version__}.dist-info"
    contents = {f"robotvision/{name}": raw for name, raw in package_files().items()}
    contents[f"{info}/METADATA"] = (about.read_text("METADATA") or "").encode()
    contents[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: robotvision\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    contents[f"{info}/entry_points.txt"] = (
        b"[console_scripts]\nrobotvision = robotvision.cli:main\n"
    )
    record = "".join(
        f"{name},{_digest(raw)},{len(raw)}\n" for name, raw in sorted(contents.items())
    )
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return archive(contents)


def package_files() -> dict[str, bytes]:
    """Return every file of the package by its path within it."""
    root = Path(str(files("robotvision")))
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(part.endswith(LEFT_OUT) for part in path.parts)
    }


def _digest(raw: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"
