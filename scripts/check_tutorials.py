#!/usr/bin/env python3
"""Go through the tutorials as a newcomer would: in a fresh clone, with the extras that they name.

    python scripts/check_tutorials.py [PAGE ...]

The three pages are gone through in their order, in one clone, with one environment that begins with
nothing; the page's ``pip install`` brings what it needs. Files with a title are written first, then
each line of a ``console`` block that begins with ``$`` runs, and must end as the page says
(``<!-- exit: 1 -->``). Prints each line with its time; ends with 1 at one that ends otherwise.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = ("participant", "organiser", "researcher")
BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?"
    r"[^\n]*\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="*", default=PAGES, metavar="PAGE", help=", ".join(PAGES))
    pages = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
        venv.create(Path(folder) / "venv", with_pip=True)
        environment = {
            **os.environ,
            "PATH": f"{folder}/venv/bin{os.pathsep}{os.environ['PATH']}",
            "ROBOTVISION_CACHE": f"{folder}/cache",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_QUIET": "1",
        }
        environment.pop("PYTHONPATH", None)
        return 0 if all(is_right(page, checkout, environment) for page in pages) else 1


def is_right(page: str, checkout: Path, environment: dict[str, str]) -> bool:
    """Go through one page; print every command and return whether each ended as the page says."""
    blocks = list(BLOCK.finditer((checkout / f"docs/tutorials/{page}.md").read_text("utf-8")))
    for block in blocks:
        if block["title"]:
            (checkout / block["title"]).write_text(block["body"], "utf-8")
    for block in blocks:
        mark = block["mark"] or ""
        expected = re.fullmatch(r"exit: (.*)", mark)
        codes = set(map(int, expected[1].split(" or "))) if expected else {0}
        if block["language"] != "console" or mark.startswith("not run: "):
            continue
        for line in re.sub(r"\\\n\s*", " ", block["body"]).splitlines():
            if line.startswith("$ ") and not runs(page, line[2:], codes, checkout, environment):
                return False
    return True


def runs(
    page: str, command: str, codes: set[int], checkout: Path, environment: dict[str, str]
) -> bool:
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    is_fine = done.returncode in codes
    print(f"{page}  {time.monotonic() - began:6.1f} s  exit {done.returncode}  {command[:110]}")
    if not is_fine:
        print(done.stdout[-2000:] + done.stderr[-2000:], file=sys.stderr)
    return is_fine


if __name__ == "__main__":
    sys.exit(main())
