#!/usr/bin/env python3
"""Record commands in a terminal and write them as an animated picture, docs/img/terminal.svg.

    python scripts/docs_terminal.py [-o FILE]

The commands are typed into a real pseudo-terminal (pty), whose screen pyte emulates. Each row's
text is drawn once for as long as it stood there; CSS animates it, so the picture needs no script
and plays where pictures are shown. Waiting is cut to `MAX_REST_S`; nothing else is changed.
"""

from __future__ import annotations

import argparse
import codecs
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pyte

ROOT = Path(__file__).parent.parent
COMMANDS = (
    "robotvision run configs/quickstart.yaml --out first",
    "robotvision rescore first --rate-hz 15 --machine-speed 0.07",
)
COLUMNS, ROWS = 108, 27
CELL_W, CELL_H, MARGIN = 8.4, 19, 14
TYPED_S = 0.035
"""Between two letters typed."""
MAX_REST_S = 1.0
"""The longest wait shown within a command."""
END_S, LAST_S = 2.5, 6.0
"""What stands after a command, and after the last one."""
COLORS = {
    "default": "#d6dbe5", "black": "#7d8799", "red": "#f2777a", "green": "#8fd18f",
    "brown": "#f5c76e", "blue": "#79a8f2", "magenta": "#d59be0", "cyan": "#6fcfcf",
    "white": "#ffffff", "brightblack": "#7d8799", "brightgreen": "#8fd18f",
}  # fmt: skip
BACKGROUND = "#171b24"

Span = tuple[str, str, bool]
"""Text, colour, bold."""
Row = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the screen and when it stood there, in seconds."""

    line: int
    row: Row
    begin_s: float
    end_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "docs/img/terminal.svg")
    write(parser.parse_args().out)


def write(out: Path) -> None:
    """Record the commands and write the picture of them."""
    screens = list(record())
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(drawn(screens), encoding="utf-8")
    print(f"{out}: {screens[-1][0]:.0f} s, {out.stat().st_size / 1024:.0f} kB")


def record() -> Iterator[tuple[float, list[Row]]]:
    """Yield the screen with the time from which it stands there; the last one is the end."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    at_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configs", "sequences"):
            (Path(folder) / name).symlink_to(ROOT / name)
        for command in COMMANDS:
            stream.feed("\x1b[2J\x1b[H\x1b[1;32m$\x1b[0m ")
            for letter in command:
                stream.feed(letter)
                at_s += TYPED_S
                yield at_s, rows(screen)
            stream.feed("\r\n")
            for rest_s, text in output(command, Path(folder)):
                at_s += min(rest_s, MAX_REST_S)
                stream.feed(text)
                yield at_s, rows(screen)
            at_s += LAST_S if command is COMMANDS[-1] else END_S
    yield at_s, []


def output(command: str, folder: Path) -> Iterator[tuple[float, str]]:
    """Run a command in a terminal of its own; yield the seconds waited and what came."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TERM": "xterm-256color"}
    child = subprocess.Popen(
        command.split(), cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    last = time.monotonic()
    try:
        while True:
            ready, _, _ = select.select([ours], [], [], 0.05)
            if not ready:
                if child.poll() is not None:
                    break
                continue
            try:
                data = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not data:
                break
            now = time.monotonic()
            yield now - last, decoder.decode(data)
            last = now
    finally:
        os.close(ours)
        code = child.wait()
    if code:
        raise SystemExit(f"{command}: exit code {code}")


def rows(screen: pyte.Screen) -> list[Row]:
    """Return the screen's rows as spans of one colour."""
    result = []
    for line in range(ROWS):
        spans: list[Span] = []
        for column in range(COLUMNS):
            cell = screen.buffer[line][column]
            color = COLORS.get(cell.fg, COLORS["default"])
            if spans and spans[-1][1:] == (color, cell.bold):
                spans[-1] = (spans[-1][0] + cell.data, color, cell.bold)
            else:
                spans.append((cell.data, color, cell.bold))
        while spans and not spans[-1][0].strip():
            spans.pop()
        if spans:
            spans[-1] = (spans[-1][0].rstrip(), *spans[-1][1:])
        result.append(tuple(spans))
    return result


def lifetimes(screens: list[tuple[float, list[Row]]]) -> Iterator[Shown]:
    """Yield each row's text with the time it stood there."""
    since: dict[int, tuple[Row, float]] = {}
    for at_s, screen in screens:
        for line in range(ROWS):
            row = screen[line] if screen else ()
            before, begin_s = since.get(line, ((), 0.0))
            if row != before:
                if before and at_s > begin_s:
                    yield Shown(line, before, begin_s, at_s)
                since[line] = row, at_s


def drawn(screens: list[tuple[float, list[Row]]]) -> str:
    """Return the picture. Who asked for less motion sees its last screen."""
    total_s = screens[-1][0]
    width, height = COLUMNS * CELL_W + 2 * MARGIN, ROWS * CELL_H + 2 * MARGIN
    rules, texts = [], []
    for k, shown in enumerate(lifetimes(screens)):
        begin, end = shown.begin_s / total_s, shown.end_s / total_s
        is_last = shown.end_s == total_s
        rules.append(
            f"@keyframes k{k}{{0%,{begin:.4%}{{opacity:0}}{begin:.4%},{end:.4%}{{opacity:1}}"
            + ("}" if is_last else f"{end:.4%},to{{opacity:0}}}}")
            + f"#r{k}{{animation-name:k{k}}}"
        )
        y = MARGIN + (shown.line + 0.75) * CELL_H
        kind = ' class="last"' if is_last else ""
        texts.append(f'<text id="r{k}"{kind} y="{y:g}">{"".join(spans_of(shown.row))}</text>')
    style = (
        f"text{{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre;"
        f"opacity:0;animation:{total_s:.2f}s step-end infinite}}.b{{font-weight:bold}}"
        "@media(prefers-reduced-motion){text{animation:none!important}.last{opacity:1}}"
    )
    title = escape("; ".join(COMMANDS))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">'
        f"<title>{title}</title><style>{style}{''.join(rules)}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>{"".join(texts)}</svg>\n'
    )


def spans_of(row: Row) -> Iterator[str]:
    """Yield a row's spans, each placed by its column, so that every font keeps the columns."""
    column = 0
    for text, color, is_bold in row:
        start = column + len(text) - len(text.lstrip())
        column += len(text)
        if words := text.strip():
            bold = ' class="b"' if is_bold else ""
            width = len(words) * CELL_W
            yield (
                f'<tspan x="{MARGIN + start * CELL_W:.1f}" fill="{color}"{bold} '
                f'textLength="{width:.1f}">{escape(words)}</tspan>'
            )


if __name__ == "__main__":
    main()
