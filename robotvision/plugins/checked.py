"""What extractors and classifiers share: parameters as in scikit-learn, checked whenever set."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator


class CheckedEstimator(BaseEstimator):  # type: ignore[misc]
    """An estimator whose parameters are checked when given, changed and read from a model file.

    A constructor calls `_check` once its parameters are set. The repr shows every parameter, so
    that it rebuilds the estimator.
    """

    def _check(self) -> None:
        """Raise ValueError where a parameter has a value that cannot work."""

    def set_params(self, **params: Any) -> Self:
        """Change parameters; a value that cannot work raises ValueError."""
        super().set_params(**params)
        self._check()
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._check()  # a model file builds without __init__

    def __repr__(self, N_CHAR_MAX: int = 0) -> str:
        params = self.get_params(deep=False)
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in params.items())})"
