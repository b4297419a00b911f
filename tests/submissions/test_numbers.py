from __future__ import annotations

import pytest

from robotvision.submissions.numbers import decimals, exact


@pytest.mark.parametrize(
    ("value", "shown"),
    [(3824.0, "3824"), (890.5, "890.5"), (4638.8754, "4638.875"), (0.0, "0"), (-0.0, "0")],
)
def test_as_many_decimals_as_needed(value: float, shown: str) -> None:
    """Zeros at the end are left out, and no more decimals are shown than asked for."""
    assert decimals(value, 3) == shown


def test_a_file_holds_six_decimals() -> None:
    """Points of any task have fewer."""
    assert exact(100.0) == "100"
    assert exact(-0.12345678) == "-0.123457"
