"""What the user can put right: one fault or several, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from robotvision.errors import Fault, InputFaults, raise_faults

ONE = Fault(Path("a.yaml"), "no such task", 3)
OTHER = Fault(Path("b.yaml"), "no such room")


def test_one_fault_is_the_same_as_a_list_of_it() -> None:
    """An error of one fault takes it as it is."""
    assert InputFaults(ONE).faults == InputFaults([ONE]).faults == (ONE,)
    assert str(InputFaults(ONE)) == "a.yaml:3: no such task"


def test_faults_are_raised_together_and_only_where_there_are_any() -> None:
    """All faults come at once, in their order; none is no error."""
    raise_faults([])
    with pytest.raises(InputFaults, match=r"^a\.yaml:3: no such task\nb\.yaml: no such room$"):
        raise_faults(iter((ONE, OTHER)))
