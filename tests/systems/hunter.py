"""A program that reads every file it can reach, by every link, and tells which marks it saw."""

import json
import os
import sys

SYSTEM = {f"/{name}" for name in ("proc", "sys", "usr", "dev", "bin", "lib", "lib64", "sbin")}
VENV = os.path.dirname(os.path.dirname(sys.executable))
SKIPPED = SYSTEM | {sys.prefix, sys.base_prefix, VENV}
seen, visits = set(), {}


def identity(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


OF_SKIPPED = set(map(identity, SKIPPED)) - {None}
"""Python's own folders may be reached by other names, such as those below /proc: thousands of files
without a mark."""


def hunt(folder):
    key = identity(folder)
    if key is None or key in OF_SKIPPED:
        return
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    visits[key] = visits.get(key, 0) + 1
    if visits[key] > 4:  # links may lead in circles
        return
    for entry in entries:
        if entry.path in SKIPPED:
            continue
        if entry.is_dir():
            hunt(entry.path)
        else:
            try:
                with open(entry.path, "rb") as f:
                    words = f.read(1 << 16).decode("latin-1").split()
                    seen.update(w for w in words if w.startswith("~SAW"))
            except OSError:
                continue


for line in sys.stdin.buffer:
    m = json.loads(line[5:])
    if m["type"] == "hello":
        hunt("/")
        for place in sys.argv[1:]:  # the names it was given, and those of other processes
            hunt(place)
        for pid in filter(str.isdigit, os.listdir("/proc")):
            hunt(f"/proc/{pid}/root/tmp")
            hunt(f"/proc/{pid}/cwd")
        print('@rv1 {"type":"ready","channels":[]}', flush=True)
    elif m["type"] == "frame":
        fault = json.dumps({"marks": sorted(seen)})
        message = {"type": "answer", "index": m["index"], "room": None, "fault": fault}
        print("@rv1 " + json.dumps(message), flush=True)
    elif m["type"] == "bye":
        break
