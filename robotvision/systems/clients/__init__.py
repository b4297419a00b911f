"""Client kits in other languages: ``robotvision.h`` (C99), ``robotvision.js`` (Node.js), examples.

The Python kit is `robotvision.client`. Each kit is one file to copy beside a program.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
KITS = {
    "python": Path(__file__).parents[2] / "client.py",
    "c": FOLDER / "robotvision.h",
    "node": FOLDER / "robotvision.js",
}
EXAMPLES = FOLDER / "examples"
