"""Bag of visual words: which of K learnt SIFT words the picture shows, and how often.

After Csurka et al., "Visual categorization with bags of keypoints", ECCV workshop 2004, and, with
``grids`` beyond ``(1,)``, Lazebnik, Schmid and Ponce, "Beyond bags of features", CVPR 2006.
"""

from __future__ import annotations

from collections.abc import Sequence

from robotvision.features.vocabulary import SiftVocabularyExtractor


class SiftBow(SiftVocabularyExtractor):
    """Histogram of visual words.

    Parameters
    ----------
    words : int
        Size of the vocabulary.
    grids : sequence of int
        Sides of the pyramid's grids.
    sampling : str
        ``keypoints``: where SIFT finds them; ``dense``: on a grid.
    n_keypoints : int
        At most so many key points, those of strongest contrast.
    step : int
        Spacing of the dense grid in pixels.
    root : bool
        RootSIFT in place of SIFT.
    n_training : int
        Descriptors drawn to learn from; at least ``words``.
    seed : int
        Of the draw and of k-means.
    channel : str
        Colour channel to read.

    Attributes
    ----------
    vocabulary_ : (words, 128) float32

    Notes
    -----
    The vector sums to 1; a picture without key points gives zeros.
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
        self.words = words
        self.grids = grids
        self.sampling = sampling
        self.n_keypoints = n_keypoints
        self.step = step
        self.root = root
        self.n_training = n_training
        self.seed = seed
        self.channel = channel
        self._check()
