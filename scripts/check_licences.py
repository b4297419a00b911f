#!/usr/bin/env python3
"""Fail where a package that robotvision or one of its extras brings has a licence that binds users.

pip-licenses reads what is installed. A copyleft licence that reaches what imports it (GPL, AGPL) is
refused; LGPL and MPL stay with their own files. What only the tests use reaches nobody.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

COPYLEFT = re.compile(r"(?<!L)\bA?GPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
ONLY_IN_TESTS = {
    "evo": "an oracle of two tests; extra [test], imported by nothing in robotvision/",
}


def main() -> int:
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json"]
    packages = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    bound = [p for p in packages if COPYLEFT.search(p["License"])]
    refused = [p for p in bound if p["Name"] not in ONLY_IN_TESTS]
    for package in refused:
        print(f"{package['Name']} {package['Version']}: {package['License']}")
    in_tests = len(bound) - len(refused)
    print(f"licences: {len(packages)} packages, {len(refused)} refused, {in_tests} in tests alone")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
