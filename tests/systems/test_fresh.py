"""A new program for every sequence: nothing of the last one is left."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.errors import SystemFault
from robotvision.records import Frame
from robotvision.systems.base import Session, View
from robotvision.systems.options import Fresh
from robotvision.systems.program import Program

PROGRAM = """
import json, os, sys
n = 0
for line in sys.stdin.buffer:
    m = json.loads(line[5:])
    if m["type"] == "hello":
        print('@rv1 {"type":"ready","channels":[]}', flush=True)
    elif m["type"] == "frame":
        n += 1
        if m["index"] == 7:
            sys.exit(1)
        files = [p for p in ("/box/note", "/tmp/note") if os.path.exists(p)]
        for p in ("/box/note", "/tmp/note"):
            open(p, "w").close()
        fault = f"{n} frames, {len(files)} files, sequence {m['sequence']}"
        answer = {"type": "answer", "index": m["index"], "room": None, "fault": fault}
        print("@rv1 " + json.dumps(answer), flush=True)
    elif m["type"] == "bye":
        break
"""


@pytest.mark.parametrize(
    ("fresh", "second"),
    [("run", "3 frames, 2 files, sequence 2"), ("sequence", "1 frames, 0 files, sequence 2")],
)
def test_nothing_of_the_last_sequence_is_left(
    fresh: Fresh,
    second: str,
    tmp_path: Path,
    session: Session,
    view: View,
    make_frame: Callable[[int], Frame],
    nothing_left: None,
) -> None:
    """Neither memory nor scratch files; it counts as no restart, and ends a crashed one as well."""
    (tmp_path / "p.py").write_text(PROGRAM)
    command = [sys.executable, "-I", "-S", str(tmp_path / "p.py")]
    with Program(command, fresh=fresh, restarts=1) as system:
        system.start(session)
        told = []
        for indices in ((0, 1), (0,), (7, 8), (0,)):
            system.reset(view)
            for i in indices:
                with pytest.raises(SystemFault) as caught:
                    system.answer(make_frame(i))
                told.append(str(caught.value).partition("says: ")[2])
        restarted = system.supervisor.restarted
    assert told[:3] == ["1 frames, 0 files, sequence 1", "2 frames, 2 files, sequence 1", second]
    assert told[3:5] == ["", "1 frames, 0 files, sequence 3"]
    last = {"run": "2 frames, 2 files, sequence 4", "sequence": "1 frames, 0 files, sequence 4"}
    assert told[5] == last[fresh]
    assert restarted == 1
