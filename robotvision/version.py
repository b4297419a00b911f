"""The version of the package, and where it lies."""

from __future__ import annotations

from pathlib import Path

__version__ = "0.1.0"
PACKAGE = Path(__file__).parent
"""The folder of the package."""
