"""One program with many faults: ``programs.py WHAT``. No imports but the standard library's."""

import json
import os
import signal
import sys
import time

WHAT = sys.argv[1]
AT = 3
"""The frame it goes wrong at."""


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def send(**message):
    say("@rv1 " + json.dumps(message))


def answer(index, room="Kitchen", **more):
    send(type="answer", index=index, room=room, **more)


def read_line():
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(0)
    return json.loads(line[5:])


def go_wrong(i):
    if WHAT in ("none", "deaf"):
        answer(i)
    if WHAT == "exit0":
        sys.exit(0)
    if WHAT == "crash":
        raise RuntimeError("the model fell over")
    if WHAT == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    if WHAT == "kill9":
        os.kill(os.getpid(), signal.SIGKILL)
    if WHAT == "hang":
        time.sleep(1000)
    if WHAT == "silent":
        return
    if WHAT == "malformed":
        say('@rv1 {"type": "answer", "index": ')
    if WHAT == "other_version":
        say('@rv2 {"type": "answer"}')
    if WHAT == "other_frame":
        answer(i + 1000)
    if WHAT == "twice":
        answer(i)
        answer(i)
    if WHAT == "unknown_label":
        answer(i, "Kitchn")
    if WHAT == "nan":
        answer(i, confidence=float("nan"))
    if WHAT == "too_sure":
        answer(i, confidence=1.5)
    if WHAT == "bad_object":
        answer(i, objects={"Fridge": True})
    if WHAT == "no_room":
        send(type="answer", index=i)
    if WHAT == "word":
        send(type="hooray")
    if WHAT == "says_fault":
        answer(i, None, fault="no features found")
    if WHAT == "flood":
        line = b"x" * 99 + b"\n"
        for _ in range((1 << 30) >> 20):
            sys.stdout.buffer.write(line * 10486)
        sys.stdout.flush()
        time.sleep(1000)
    if WHAT == "no_newline":
        sys.stdout.write("progress 50 % ")
        answer(i)
    if WHAT == "close_stdin":
        answer(i)
        os.close(0)
        time.sleep(1000)
    if WHAT == "close_stdout":
        os.close(1)
        time.sleep(1000)
    if WHAT == "fork_away":
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 3)
                time.sleep(1000)
            os._exit(0)
        sys.exit(0)
    if WHAT == "daemon":
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 64)
                os.execve("/bin/sleep", ["sleep", sys.argv[2]], {})
            os._exit(0)
        os.wait()
        answer(i)
    if WHAT == "memory":
        hog = []
        while True:
            hog.append(bytearray(b"x") * (16 << 20))
    if WHAT == "fork_bomb":
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(0.01)


def main():
    if WHAT == "exit_at_start":
        print("cannot find my model", file=sys.stderr)
        sys.exit(3)
    if WHAT == "slow_start":
        time.sleep(1000)
    transport = "shm"
    while True:
        m = read_line()
        if m["type"] == "hello":
            transport = m["transports"][0]
            if WHAT == "bad_channel":
                send(type="ready", channels=["rbg"])
            elif WHAT == "wrong_first_word":
                send(type="answer", index=0, room=None)
            else:
                say("chatty: this is no control line, nor is this: { @rv1")
                send(type="ready", name="faulty", channels=["rgb"])
        elif m["type"] == "frame":
            if transport == "pipe":
                sys.stdin.buffer.read(m["bytes"])
            if m["index"] == AT:
                print("here it comes", file=sys.stderr, flush=True)
                go_wrong(m["index"])
            elif WHAT == "always_crash":
                raise RuntimeError("again")
            else:
                print("thinking", end="\n")
                answer(m["index"])
        elif m["type"] == "bye":
            if WHAT == "deaf":
                time.sleep(1000)
            return


main()
