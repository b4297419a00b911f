"""What a plug-in's results depend on is told by the parts that it builds by name, too."""

import sys

import pytest

from robotvision.classifiers import CLASSIFIERS
from robotvision.plugins.identity import files_read, identity

OWN = """
from sklearn.neighbors import KNeighborsClassifier
class Mine(KNeighborsClassifier):
    def predict_proba(self, x):
        return super().predict_proba(x) ** {power}
"""


@pytest.mark.parametrize(
    "params",
    [
        {"name": "one_vs_all", "base": "own_inner.Mine"},
        {"name": "log_pool", "others": "own_inner.Mine"},
        {"name": "log_pool", "last": {"name": "one_vs_all", "base": "own_inner.Mine"}},
    ],
    ids=str,
)
def test_the_code_of_a_classifier_inside_another_counts(tmp_path, monkeypatch, params):
    """Before, a sweep took up what a classifier inside another had learnt by other code."""
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for power in (1, 1, 2):
        (tmp_path / "own_inner.py").write_text(OWN.format(power=power))
        sys.modules.pop("own_inner", None)
        given = {k: v for k, v in params.items() if k != "name"}
        found.append(identity(CLASSIFIERS.create(params["name"], given)))
    sys.modules.pop("own_inner", None)
    assert found[0] == found[1] != found[2]


def test_the_content_of_a_file_read_inside_another_counts(tmp_path):
    path = tmp_path / "mine.npz"
    found = []
    for content in (b"1", b"1", b"2"):
        path.write_bytes(content)
        given = {"others": {"name": "ridge", "without": str(path)}}
        found.append(identity(CLASSIFIERS.create("log_pool", given)))
    assert found[0] == found[1] != found[2]
    assert files_read(CLASSIFIERS.create("ridge", {"without": str(path)})) == [path]
