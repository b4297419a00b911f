"""The grid file: what it unfolds to, and every fault with its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.errors import InputFaults
from robotvision.sweep.grid import label_of
from robotvision.sweep.plan import load_plan
from robotvision.sweep.splits import sequence_names

Grid = Callable[..., Path]


def cells(path: Path) -> list[dict[str, object]]:
    return [dict(run.shown) for run in load_plan(path).runs]


def test_every_combination_is_a_run(grid: Grid) -> None:
    """Axes multiply, the last fastest; values are labelled by their names or in few words."""
    path = grid("""
        grid:
          classifier: {machine: {name: svm, C: 10}, neighbours: knn}
          decision.abstain: [auto, 0.5]
          temporal: [null]
          mode: [optional]
        """)
    found = cells(path)
    assert [(c["classifier"], c["decision.abstain"]) for c in found] == [
        ("machine", "auto"),
        ("machine", 0.5),
        ("neighbours", "auto"),
        ("neighbours", 0.5),
    ]
    configs = [run.setup.config for run in load_plan(path).runs]
    assert configs[1].decision.abstain == 0.5
    assert configs[0].classifier.params == {"C": 10}  # type: ignore[union-attr]
    assert found[0]["temporal"] == "none"


def test_a_dotted_key_reaches_into_a_plug_in(grid: Grid) -> None:
    """``classifier.C`` sets one parameter and leaves the others."""
    runs = load_plan(grid("grid: {classifier.C: [1, 100], features.0.bins: [[8, 4, 4]]}")).runs
    params = [run.setup.config.classifier.params for run in runs]  # type: ignore[union-attr]
    assert params == [{"kernel": "rbf", "C": 1}, {"kernel": "rbf", "C": 100}]


def test_splits_part_the_sequences(grid: Grid, tours: Path) -> None:
    """One out, a condition out, across groups in both directions, and by name."""
    path = grid("""
        splits:
          named: {plain: {train: [a], test: [b, c]}}
          leave_one_out: [a, b, c]
          leave_one_condition_out: {light: [a, b], dark: [c]}
          across: {robot1: [a], robot2: [b]}
        """)
    runs = load_plan(path).runs
    sides = {
        str(run.shown["split"]): tuple(
            "".join(Path(s.path).name for s in side)
            for side in (run.setup.parts[0].train, run.setup.parts[0].test)
        )
        for run in runs
    }
    assert sides == {
        "plain": ("a", "bc"),
        "without a": ("bc", "a"),
        "without b": ("ac", "b"),
        "without c": ("ab", "c"),
        "without light": ("c", "ab"),
        "robot1 to robot2": ("a", "b"),
        "robot2 to robot1": ("b", "a"),
    }


def test_equal_runs_are_done_once(grid: Grid) -> None:
    """Leaving out the dark condition leaves its only sequence out: one run, and a line about it."""
    plan = load_plan(
        grid(
            "splits: {leave_one_condition_out: {x: [a, b], y: [c]}, "
            "named: {same: {train: [a, b], test: [c]}}}"
        )
    )
    assert len(plan.runs) == 2
    assert plan.repeated == ["split=without y: the same run as split=same"]


def test_runs_can_be_listed(grid: Grid) -> None:
    """Each entry overrides the base and may have a label."""
    found = cells(grid("runs: [{label: first, seed: 1}, {classifier: knn}]"))
    assert found == [{"label": "first", "seed": 1}, {"classifier": "knn"}]


def test_a_base_elsewhere_keeps_its_paths(tour: Callable[..., Path], tmp_path: Path) -> None:
    """Without a data root, paths of the base start at its folder, those of the grid at its own."""
    tours = tmp_path / "tours"
    for name in "abc":
        tour(tours / name, n_each=1)
    (tours / "base.yaml").write_text(
        "task: rooms\ntrain: [a]\ntest: [b]\nfeatures: [phog]\nclassifier: knn\n", encoding="utf-8"
    )
    folder = tmp_path / "grids" / "deep"
    folder.mkdir(parents=True)
    path = folder / "g.yaml"
    path.write_text(
        "base: ../../tours/base.yaml\ngrid: {test: [[../../tours/c], [../../tours/b]]}",
        encoding="utf-8",
    )
    tests = [run.setup.parts[0].test[0].path for run in load_plan(path).runs]
    assert tests == [str(tours / "c"), str(tours / "b")]


def test_the_hash_is_that_of_the_work(
    grid: Grid, tours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the place of the data nor a note changes it; a parameter, the limit, the truth do."""

    def key(text: str = "grid: {seed: [0]}", limit: int | None = None) -> str:
        return load_plan(grid(text), limit=limit).runs[0].key

    first = key()
    assert key("grid: {seed: [0]}\nnote: hello") == first
    assert key("grid: {seed: [1]}") != first
    assert key(limit=3) != first
    shutil.copytree(tours, tmp_path / "moved")
    monkeypatch.setenv("ROBOTVISION_DATA", str(tmp_path / "moved"))
    assert key() == first
    truth = tmp_path / "moved" / "b" / "truth.csv"
    truth.write_text(truth.read_text().replace("Hall", "Office", 1))
    assert key() != first


FAULTS = [
    ("grid: {clasifier: [svm]}", "grid.clasifier: no such key of a configuration; did you mean "
     "'classifier'?"),
    ("grid: {decision.abstian: [auto]}", "grid.decision.abstian: unknown key; did you mean "
     "'abstain'?"),
    ("grid: {classifier: [svm, svn]}", "grid.classifier[1]: classifier 'svn' is not known; did you "
     "mean 'svm'?"),
    ("grid: {seed: []}", "grid.seed: expected at least one value"),
    ("grid: {temporal: [bayes]}", "grid.temporal: a temporal filter uses earlier frames"),
    ("grid: {seed: [1]}\nruns: [{seed: 2}]", "runs[0].seed: the key is in 'grid' too"),
    ("splits: {named: {x: {train: [a], test: [nowhere]}}}", "nowhere: no such folder"),
    ("splits: {leave_one_out: [a]}", "expected a list of at least 2"),
    ("gird: {seed: [1]}", "gird: unknown key; did you mean 'grid'?"),
    ("grid: {decision.abstain: [auto, 7]}", "grid.decision.abstain[1]: expected"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), FAULTS, ids=[t[:28] for t, _ in FAULTS])
def test_a_fault_names_its_place(grid: Grid, text: str, message: str) -> None:
    """File, line, column, key, what was expected, and the near name."""
    path = grid(text)
    with pytest.raises(InputFaults) as caught:
        load_plan(path)
    line = str(caught.value)
    assert message in line
    assert line.startswith(f"{path}:{8 + text.count(chr(10))}:")
    assert len(caught.value.faults) == 1


def test_labels_are_short() -> None:
    """Plug-ins by name and parameters, lists joined, nothing as none; like names get a number."""
    assert label_of({"name": "svm", "C": 10, "kernel": "chi2"}) == "svm(C=10, kernel=chi2)"
    assert label_of(["phog", {"name": "crfh"}]) == "phog+crfh"
    assert label_of(None) == "none"
    assert len(str(label_of({"a": list(range(100))}))) == 60
    assert sequence_names(["x/a", "y/a", "z/b"]) == ["a", "a (2)", "b"]


def test_every_grid_that_is_shipped_loads() -> None:
    """The grids under configs/sweeps are right, and their data lies in the repository."""
    for path in sorted((Path(__file__).parents[2] / "configs" / "sweeps").glob("*.yaml")):
        assert load_plan(path).runs
