"""The JSON Schema of configurations, for editors that complete and check YAML while one types.

Derived from `robotvision.config.schema`; names of plug-ins and tasks are offered, and any other is
allowed, since a name may be a dotted one or a file.
"""

from __future__ import annotations

from typing import Any

from robotvision.classifiers import CLASSIFIERS, INTEGRATIONS
from robotvision.config import OBSERVERS
from robotvision.config.schema import Config
from robotvision.features import FEATURES
from robotvision.tasks import task_names
from robotvision.temporal import TEMPORAL

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "robotvision.schema.json"
COMMENT = f"# yaml-language-server: $schema={FILE_NAME}"
"""First line of a configuration beside the schema's file: editors' YAML servers read it."""


def json_schema() -> dict[str, Any]:
    """Return the schema as plain data, ready for JSON."""
    schema = Config.model_json_schema()
    keys, tuned = schema["properties"], schema["$defs"]["TuneConfig"]["properties"]
    keys["task"] = _offer(keys["task"], task_names())
    keys["integration"] = _offer(keys["integration"], list(INTEGRATIONS))
    keys["features"]["items"] = _offer(keys["features"]["items"], FEATURES.names())
    keys["classifier"] = _offer(keys["classifier"], CLASSIFIERS.names())
    keys["observers"]["items"] = _offer(keys["observers"]["items"], OBSERVERS.names())
    keys["temporal"] = _offer(keys["temporal"], TEMPORAL.names())
    for key, names in (("classifier", CLASSIFIERS.names()), ("temporal", TEMPORAL.names())):
        tuned[key]["items"] = _offer(tuned[key]["items"], names)
    return {"$schema": DIALECT, **schema, "title": "robotvision configuration"}


def _offer(node: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return a node that offers names beside what it allows."""
    options = node.get("anyOf") or [{k: v for k, v in node.items() if k == "type"}]
    rest = {k: v for k, v in node.items() if k not in ("anyOf", "type")}
    return {"anyOf": [{"enum": names}, *options], **rest}
