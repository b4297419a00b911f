"""Bag of visual words: which of K learnt SIFT words the image shows, and how often.

After Csurka et al., "Visual categorization with bags of keypoints", ECCV workshop 2004, and, with
``grids`` beyond ``(1,)``, Lazebnik, Schmid and Ponce, "Beyond bags of features", CVPR 2006.
"""

from __future__ import annotations

from collections.abc import Sequence

from robotvision.features.vocabulary import SiftVocabularyExtractor


class SiftBow(SiftVocabularyExtractor):
    """Histogram of visual words.

    Attributes
    ----------
    vocabulary_ : (words, 128) float32

    Notes
    -----
    The vector sums to 1; an image without key points gives zeros.
    """

    def __init__(
        self,
        words: int = 1000,
        grids: Sequence[int] = (1,),
        sampling: str = "keypoints",
        n_keypoints: int = 200,
        step: int = 8,
        root: bool = True,
        n_training: int = 100_000,
        seed: int = 0,
        channel: str = "rgb",
    ) -> None:
        self.grids = grids
        super().__init__(words, sampling, n_keypoints, step, root, n_training, seed, channel)
