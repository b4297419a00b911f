"""A run as one Parquet table, a row a frame; the run's header lies in the file's metadata."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from robotvision.report.columns import RunColumns
from robotvision.report.export.rows import rows

pa: Any = import_module("pyarrow")  # untyped
pq: Any = import_module("pyarrow.parquet")

SCHEMA = [
    ("set", pa.string()), ("sequence", pa.string()), ("index", pa.int64()),
    ("segment", pa.int64()), ("timestamp_ns", pa.int64()), ("truth", pa.string()),
    ("truth_objects", pa.list_(pa.string())), ("answer", pa.string()),
    ("confidence", pa.float64()), ("stated_objects", pa.list_(pa.string())),
    ("outcome", pa.string()), ("points", pa.float64()),
    ("room_points", pa.float64()), ("object_points", pa.float64()), ("due_ns", pa.int64()),
    ("started_ns", pa.int64()), ("finished_ns", pa.int64()), ("latency_ns", pa.int64()),
    ("decode_ns", pa.int64()), ("age_ns", pa.int64()),
    ("stages_ns", pa.map_(pa.string(), pa.int64())), ("fault", pa.string()),
]  # fmt: skip


def write(run: RunColumns, out: Path) -> list[str]:
    """Write the run; nothing of its log is left out, images are not in it."""
    about = json.dumps({k: v for k, v in run.record.about.items() if k != "type"})
    schema = pa.schema(SCHEMA, metadata={"robotvision": about})
    flat = [{**row, "stages_ns": list(row["stages_ns"].items())} for row in rows(run)]
    pq.write_table(pa.Table.from_pylist(flat, schema=schema), out, compression="zstd")
    return []
