"""How an extractor is told from others by what its numbers mean."""

from __future__ import annotations

from robotvision.features.base import FeatureExtractor


def described(extractor: FeatureExtractor) -> str:
    """Return what an extractor's numbers are: its class and parameters, whatever it reads.

    Two extractors that differ in their channel or their threads alone are described alike.
    """
    if not hasattr(extractor, "get_params"):
        return repr(extractor)
    given = extractor.get_params(deep=False)
    told = [
        f"{name}={list(value) if isinstance(value, tuple) else value!r}"
        for name, value in sorted(given.items())
        if name not in ("channel", "threads")
    ]
    version = getattr(extractor, "version", 1)
    mark = "" if version == 1 else f" version {version}"
    return f"{type(extractor).__name__}({', '.join(told)}){mark}"
