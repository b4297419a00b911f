"""One program with many hostile lines: ``hostile.py WHAT``. It goes wrong at frame 3."""

import json
import sys

WHAT, OUT = sys.argv[1], sys.stdout.buffer
EXTRA = {
    "fault": ',"fault":"x\\ud800\\u001b[2J' + "y" * 900_000 + '"',
    "stage": ',"stages_ns":{"\\ud800":1}',
    "int": ',"confidence":1' + "0" * 400,
    "sum": f',"stages_ns":{{"a":{"9" * 4300},"b":{"9" * 4300}}}',
    "many": f',"stages_ns":{json.dumps(dict.fromkeys(range(40_000), 1))}',
}
INDEX = {"true": "true", "float": "3.0", "text": '"3"', "none": "null"}


def raw(text):
    OUT.write(text.encode())
    OUT.flush()


def answer(index, more=""):
    raw(f'@rv1 {{"type":"answer","index":{index},"room":null{more}}}\n')


for line in sys.stdin.buffer:
    m = json.loads(line[5:])
    if m["type"] == "hello":
        raw('@rv1 {"type":"ready","channels":[],"name":"\\ud800\\u001b"}\n')
    if m["type"] != "frame":
        continue
    i = m["index"]
    if WHAT == "names":
        answer(i, f',"stages_ns":{json.dumps({f"{i}.{k}": 1 for k in range(60)})}')
    elif i != 3:
        answer(i)
    elif WHAT in ("flood", "flood_after"):
        if WHAT == "flood_after":
            answer(i)
        for _ in range(30):
            OUT.write(b'@rv1 {"type":"answer","index":-1,"room":null}\n' * 100_000)
        answer(i)
    elif WHAT == "early":
        ahead = '@rv1 {"type":"answer","index":4,"room":null}'
        raw(f'@rv1 {{"type":"answer","index":3,"room":null}}\n{ahead}\n')
    elif WHAT == "one":
        answer(INDEX["true"], ',"sequence":true')
    else:
        answer(INDEX.get(WHAT, i), EXTRA.get(WHAT, ""))
