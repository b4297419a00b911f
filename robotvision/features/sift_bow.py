"""Bag of visual words: which of K learnt SIFT words the image shows, and how often.

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
    words : int, default 1000
        Size of the vocabulary, 1 to 65536.
    grids : sequence of int, default (1,)
        Sides of the pyramid's grids, 1 to 64, each once.
    sampling : str, default 'keypoints'
        ``keypoints``: where SIFT finds them; ``dense``: on a grid.
    n_keypoints : int, default 200
        At most so many key points, those of strongest contrast; 1 to 10000.
    step : int, default 8
        Spacing of the dense grid in pixels, 1 to 256.
    root : bool, default True
        RootSIFT in place of SIFT.
    n_training : int, default 100000
        Descriptors drawn to learn from, from ``words`` to 10**7.
    seed : int, default 0
        Of the draw and of k-means, 0 to 2**32 - 1.
    channel : str, default 'rgb'
        Colour channel to read.

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
