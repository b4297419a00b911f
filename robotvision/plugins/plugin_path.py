"""Where plug-ins of one's own are found by dotted name, beside what is installed.

A program that is started by its name does not search the current folder, as ``python my.py`` does.
So the command line names the current folder, and a configuration its own; both are put at the end
of ``sys.path``, once a dotted name is asked for: nothing that is installed is ever hidden by a file
that lies there. Processes that are started afterwards are handed the same path.
"""

from __future__ import annotations

import sys
from pathlib import Path

_folders: dict[Path, None] = {}


def search_also(folder: Path) -> None:
    """Have dotted names looked for in ``folder`` too."""
    _folders[folder] = None


def reach() -> list[str]:
    """Put the folders at the end of ``sys.path``, where they are not on it; return them."""
    folders = list(dict.fromkeys(str(folder.resolve()) for folder in _folders))
    sys.path += [folder for folder in folders if folder not in sys.path]
    return folders
