"""The machine and the software a run was made with, for every result."""

from __future__ import annotations

import gc
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from robotvision.version import __version__

_PACKAGES = ("numpy", "opencv-python", "scikit-learn", "torch", "torchvision", "onnxruntime")


def describe() -> dict[str, Any]:
    """Return versions, processor, cores and thread settings, as plain data."""
    return {
        "robotvision": __version__,
        "python": platform.python_version(),
        "packages": {name: v for name in _PACKAGES if (v := _version(name))},
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "cores_usable": len(os.sched_getaffinity(0)),
        "governor": _governor(),
        "threads": thread_counts(),
        "garbage_collection": gc.isenabled(),
        "switch_interval_s": sys.getswitchinterval(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def thread_counts() -> dict[str, int]:
    """Return the threads of OpenCV, of the loaded BLAS and OpenMP libraries, and of torch."""
    import cv2
    from threadpoolctl import threadpool_info

    counts = {"opencv": int(cv2.getNumThreads())}
    for pool in threadpool_info():
        counts[str(pool["internal_api"])] = int(pool["num_threads"])
    if "torch" in sys.modules:
        counts["torch"] = int(sys.modules["torch"].get_num_threads())
    return counts


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """Return the processor's name as Linux gives it, else as Python does."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        return platform.processor() or "unknown"
    return platform.processor() or "unknown"


def _governor() -> str | None:
    path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None  # not offered here, as on most virtual machines
