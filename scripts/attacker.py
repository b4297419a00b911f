"""The program that `check_isolation.py` runs as a participant's: one attack for each frame.

``attacker.py FOLDER PORT PID``: the organiser's folder, a port that the harness listens at, and
the harness's number. Each answer's ``fault`` is the attack and what it got, null for nothing.
"""

import ctypes
import glob
import json
import os
import socket
import sys

TOP, PORT, HARNESS = sys.argv[1], int(sys.argv[2]), sys.argv[3]
TRUTH, RUN = b"~TR" + b"UTH", b"~R" + b"UN"  # not to be found in this file
CLONE_NEWUSER = 0x10000000
libc = ctypes.CDLL(None, use_errno=True)
hello = {}


def content(path):
    try:
        with open(path, "rb") as f:
            return f.read(1 << 16)
    except OSError:
        return b""


def first(values):
    return next((v for v in values if v), None)


def files(*roots):
    for root in roots:
        for folder, _, names in os.walk(root):
            yield from (os.path.join(folder, n) for n in names)


def reads(mark, *roots):
    return first(p for p in files(*roots) if mark in content(p))


def pids():
    return [p for p in os.listdir("/proc") if p.isdigit()]


def by_processes():
    return first(reads(TRUTH, f"/proc/{p}/root{TOP}", f"/proc/{p}/cwd/") for p in pids())


def by_command_line():
    return first(p for p in pids() if b"sequences/test" in content(f"/proc/{p}/cmdline"))


def by_descriptor():
    held = (os.path.realpath(p) for p in glob.glob("/proc/self/fd/*"))
    return first(p for p in held if "organiser" in p)


def connect():
    socket.create_connection(("127.0.0.1", PORT), 2).close()
    return "connected"


def signal():
    os.kill(int(HARNESS), 0)
    return "it may"


def under_proc():
    top = [p for p in glob.glob("/proc/*") if not p[6:].isdigit() and not p.endswith("self")]
    every = (f for p in top for f in ([p] if os.path.isfile(p) else files(p)))
    return first(p for p in every if os.access(p, os.W_OK))


def capability():
    lines = content("/proc/self/status").decode().splitlines()
    return first(t for t in lines if t.startswith("CapEff") and int(t.split()[1], 16))


def become_root():
    os.setuid(0)
    return "root" if os.geteuid() == 0 else None


def mount():
    if libc.mount(b"none", b"/box", b"tmpfs", 0, None) == 0:
        return "mounted"
    return "uncovered" if libc.umount2(f"{TOP}/runs".encode(), 2) == 0 else None


def write():
    places = ("/usr", "/etc", TOP, sys.argv[0])
    return first(p for p in places if os.access(p, os.W_OK))


ATTACKS = {
    "read the test data's truth by name": lambda: reads(TRUTH, TOP),
    "by a link": lambda: reads(TRUTH, f"{TOP}-link/", f"{TOP}/inner/"),
    "by a hard link, a copy": lambda: reads(TRUTH, f"{TOP}/more"),
    "in an earlier run's log, report, export": lambda: reads(RUN, TOP, f"{TOP}-link/"),
    "through /proc/<pid>/root and cwd": by_processes,
    "in /tmp, /dev/shm and homes": lambda: reads(
        TRUTH, "/tmp", "/dev/shm", "/home", "/root", "/var"
    ),
    "the harness's environment": lambda: content(f"/proc/{HARNESS}/environ")[:20].decode(),
    "a command line that names the data": by_command_line,
    "an open descriptor of the harness": by_descriptor,
    "reach the network": connect,
    "see a process of others": lambda: os.path.exists(f"/proc/{HARNESS}"),
    "signal the harness": signal,
    "write under /proc/sys and the like": under_proc,
    "hold a capability": capability,
    "become root": become_root,
    "make a user namespace": lambda: libc.unshare(CLONE_NEWUSER) == 0,
    "mount, and lift a cover": mount,
    "write to the system or the data": write,
    "write to the frames' memory": lambda: os.pwrite(
        os.open(hello["shm"]["path"], os.O_RDWR), b"x", 0
    ),
}


def say(**message):
    print("@rv1 " + json.dumps(message), flush=True)


for line in sys.stdin.buffer:
    m = json.loads(line[5:])
    if m["type"] == "hello":
        hello = m
        say(type="ready", channels=[], name=str(len(ATTACKS)))
    elif m["type"] == "frame":
        name, attack = list(ATTACKS.items())[m["index"]]
        try:
            got = attack()
        except OSError:  # held
            got = None
        say(type="answer", index=m["index"], room=None, fault=json.dumps([name, got or None]))
    elif m["type"] == "bye":
        break
