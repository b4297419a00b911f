"""Where your own plug-ins are found by dotted name, beside installed ones.

A program that is started by its name does not search the current folder, as ``python my.py`` does.
So the command line names the current folder, and a configuration its own; both are put at the end
of ``sys.path``, once a dotted name is looked up: an installed module is never hidden by a file in
them. Processes that are started afterwards receive the same path.
"""

from __future__ import annotations

import sys
from pathlib import Path

_folders: dict[Path, None] = {}


def search_also(folder: Path) -> None:
    """Search ``folder`` for dotted names too."""
    _folders[folder] = None


def reach() -> list[str]:
    """Put the folders at the end of ``sys.path``, where they are not on it; return them."""
    folders = list(dict.fromkeys(str(folder.resolve()) for folder in _folders))
    sys.path += [folder for folder in folders if folder not in sys.path]
    return folders
