"""A plug-in's parameters: keywords that are attributes, checked, and a repr that rebuilds it."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator


class Parameterised(BaseEstimator):  # type: ignore[misc]
    """Base of extractors, classifiers and filters: scikit-learn's parameters.

    A subclass's ``__init__`` stores each keyword under its own name, nothing else, and ends with
    ``self._check()``; so ``clone``, ``set_params`` and grid search work.
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
