"""A program that evaluates the expression in LOOK where it is, and tells what it found."""

import json
import os
import sys


def try_(expression):
    try:
        eval(expression)
    except OSError as e:
        return e


def hello():
    for line in sys.stdin.buffer:
        m = json.loads(line[5:])
        if m["type"] == "hello":
            print('@rv1 {"type": "ready"}', flush=True)
            return m


m = hello()
for line in sys.stdin.buffer:
    m2 = json.loads(line[5:])
    if m2["type"] == "frame":
        found = eval(os.environ["LOOK"])
        print(
            "@rv1 "
            + json.dumps(
                {"type": "answer", "index": m2["index"], "room": None, "fault": json.dumps(found)}
            ),
            flush=True,
        )
    elif m2["type"] == "bye":
        break
