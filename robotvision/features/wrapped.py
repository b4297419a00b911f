"""How one extractor is given to another: as an object, a name, or a name with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robotvision.features import FEATURES
from robotvision.features.base import Extractor, FeatureExtractor
from robotvision.plugins import params


class Wrapping(Extractor):
    """Base of the extractors that call another one, their parameter ``extractor``."""

    extractor: str | Mapping[str, Any] | FeatureExtractor

    @property
    def version(self) -> int:  # type: ignore[override]
        """Rises when this extractor's or the inner one's does."""
        return 1 + int(getattr(self._inner(), "version", 1))

    def inner_extractors(self) -> tuple[FeatureExtractor, ...]:
        """Return the inner extractor: its code and state enter the key of cached vectors."""
        return (self._inner(),)

    def _inner(self) -> FeatureExtractor:
        ready: FeatureExtractor | None = getattr(self, "extractor_", None)
        return build(self.extractor) if ready is None else ready


def build(given: Any) -> FeatureExtractor:
    """Return the extractor: ``"phog"``, ``{"name": "phog", "bins": 9}`` or an object as it is.

    Raises
    ------
    ValueError
        It is none of these.
    RobotVisionError
        The name is not known, or a parameter is refused.
    """
    if isinstance(given, str):
        extractor: FeatureExtractor = FEATURES.create(given, {})
        return extractor
    if isinstance(given, Mapping):
        rest = dict(given)
        name = rest.pop("name", None)
        params.word("extractor.name", name)
        extractor = FEATURES.create(str(name), rest)
        return extractor
    if isinstance(given, type) or not isinstance(given, FeatureExtractor):
        raise params.refuse("extractor", "a feature's name, with or without parameters", given)
    return given
