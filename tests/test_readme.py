"""The README's code works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_extractor_of_the_readme_keeps_the_contract() -> None:
    """What a newcomer copies passes the conformance checks, and is as short as promised."""
    from robotvision.features import FEATURES
    from robotvision.testing.features import check_extractor

    code = re.search(r"<!-- test: extractor -->\n```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {"__name__": "readme_example"}
    exec(code.group(1), names)
    check_extractor(FEATURES.create("tiny_image", {"side": 4}))
    body = code.group(1).split("@register")[1]
    assert len([line for line in body.splitlines() if line.strip()]) <= 15


def test_the_library_does_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The code runs in a checkout and prints what stands below it."""
    for name in ("configs", "sequences"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    shown = re.search(
        r"<!-- test: library -->\n```python\n(.*?)```\n+```text\n(.*?)```", README, re.DOTALL
    )
    assert shown is not None
    names: dict[str, Any] = {}
    exec(shown[1], names)
    assert capsys.readouterr().out == shown[2]
    assert len(names["frames"]) == len(names["night"])


def test_the_configuration_of_the_readme_is_whole(tmp_path: Path) -> None:
    """Only its sequences are missing here."""
    from robotvision.config.checks import load_config
    from robotvision.errors import InputFaults

    code = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert code is not None
    path = tmp_path / "readme.yaml"
    path.write_text(code.group(1), encoding="utf-8")
    with pytest.raises(InputFaults) as caught:
        load_config(path)
    assert len(caught.value.faults) == 3
    assert all("no such folder" in line for line in caught.value.lines())


def test_files_about_the_project_agree() -> None:
    """The citation has the package's version; files that are named exist."""
    import yaml

    from robotvision import __version__

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    for page, folders in (
        ("CONTRIBUTING.md", (".", "robotvision")),
        ("tests/README.md", (".", "tests")),
    ):
        text = (ROOT / page).read_text(encoding="utf-8")
        paths = re.findall(r"`([\w./]+\.(?:py|yaml|yml))`", text)
        assert paths
        missing = [p for p in paths if "NAME" not in p and not p.startswith("test_N")]
        assert [p for p in missing if not any((ROOT / f / p).exists() for f in folders)] == []
