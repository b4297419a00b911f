"""A plug-in's parameters: keywords that are attributes, checked, and a repr that rebuilds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeVar, dataclass_transform

from sklearn.base import BaseEstimator

T = TypeVar("T")


@dataclass_transform(eq_default=False)
def parameter_fields(cls: type[T]) -> type[T]:
    """Give a `Parameterised` class the ``__init__`` that its annotated names describe."""
    return dataclass(eq=False, repr=False)(cls)


class Parameterised(BaseEstimator):  # type: ignore[misc]
    """Base of extractors, classifiers and filters: scikit-learn's parameters.

    A subclass names its parameters as fields below `parameter_fields`, or has an ``__init__`` that
    stores each keyword under its own name, nothing else, and ends with ``self._check()``; so
    ``clone``, ``set_params`` and grid search work.
    """

    def __post_init__(self) -> None:
        self._check()

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
