"""VLAD: what the image's SIFT descriptors differ by from their words, summed.

After Jégou, Douze, Schmid and Pérez, "Aggregating local descriptors into a compact image
representation", CVPR 2010, with the normalisation inside each word of Arandjelović and Zisserman,
"All about VLAD", CVPR 2013.
"""

from __future__ import annotations

import numpy as np

from robotvision.features.base import Vector
from robotvision.features.local import LENGTH, LocalFeatures
from robotvision.features.vocabulary import SiftVocabularyExtractor, nearest


class SiftVLAD(SiftVocabularyExtractor):
    """Vector of locally aggregated descriptors.

    Attributes
    ----------
    vocabulary_ : (words, 128) float32

    Notes
    -----
    The vector has unit length; an image without key points gives zeros.
    """

    @property
    def dim(self) -> int:
        """Length of the vector: 128 times words."""
        return self.words * LENGTH

    def _encode(self, local: LocalFeatures, shape: tuple[int, int]) -> Vector:
        word = nearest(local.descriptors, self.vocabulary_)
        member = (word[:, None] == np.arange(self.words)).astype(np.float32)
        sums = member.T @ local.descriptors - member.sum(axis=0)[:, None] * self.vocabulary_
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        sums /= np.where(lengths > 1e-6, lengths, 1)
        return np.asarray(sums.ravel() / (np.linalg.norm(sums) or 1), np.float32)
