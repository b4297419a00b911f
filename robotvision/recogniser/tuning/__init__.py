"""Choose features, classifier, integration, filter and decision on held-out training sequences."""

from robotvision.recogniser.tuning.search import Candidate, Tuned, tune

__all__ = ["Candidate", "Tuned", "tune"]
