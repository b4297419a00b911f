"""Fisher vector: how the image's SIFT descriptors would change a mixture of Gaussians.

After Perronnin, Sánchez and Mensink, "Improving the Fisher kernel for large-scale image
classification", ECCV 2010: descriptors reduced by principal components, a mixture with diagonal
covariances, the gradients by means and by deviations, signed square roots, unit length.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Vector
from robotvision.features.local import LENGTH, LocalFeatures
from robotvision.features.vocabulary import Descriptors, SiftVocabularyExtractor, power_unit
from robotvision.plugins import params


class SiftFisher(SiftVocabularyExtractor):
    """Improved Fisher vector.

    Parameters
    ----------
    words : int, default 32
        Gaussians of the mixture, 1 to 65536.
    components : int, default 64
        Principal components kept of the 128 numbers of SIFT, 1 to 128.

    Attributes
    ----------
    mean_, axes_ : (128,), (components, 128) float32
        Of the principal components.
    shares_, vocabulary_, variances_ : (words,), (words, components), (words, components)
        The mixture's weights, means and variances.

    Notes
    -----
    The gradients by all means come first, then those by all deviations. The vector has unit
    length; an image without key points gives zeros.
    """

    def __init__(
        self,
        words: int = 32,
        components: int = 64,
        sampling: str = "keypoints",
        n_keypoints: int = 200,
        step: int = 8,
        root: bool = True,
        n_training: int = 50_000,
        seed: int = 0,
        channel: str = "rgb",
    ) -> None:
        self.components = components
        super().__init__(words, sampling, n_keypoints, step, root, n_training, seed, channel)

    def _check(self) -> None:
        params.whole("components", self.components, high=LENGTH)
        super()._check()

    @property
    def dim(self) -> int:
        """Length of the vector: two times words times components."""
        return 2 * self.words * self.components

    def _learn(self, descriptors: Descriptors) -> None:
        from sklearn.decomposition import PCA
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        count = min(self.components, len(descriptors))
        reduction = PCA(count, random_state=self.seed).fit(descriptors)
        self.mean_ = reduction.mean_.astype(np.float32)
        self.axes_ = np.zeros((self.components, LENGTH), np.float32)
        self.axes_[:count] = reduction.components_
        mixture = GaussianMixture(
            self.words, covariance_type="diag", reg_covar=1e-5, max_iter=50, random_state=self.seed
        )
        with warnings.catch_warnings():
            # a mixture that still moves a little is a vocabulary all the same
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(self._reduced(descriptors))
        self.shares_ = mixture.weights_
        self.vocabulary_ = mixture.means_
        self.variances_ = mixture.covariances_

    def _reduced(self, descriptors: Descriptors) -> NDArray[np.float64]:
        return np.asarray((descriptors - self.mean_) @ self.axes_.T, np.float64)

    def _encode(self, local: LocalFeatures, shape: tuple[int, int]) -> Vector:
        if not len(local.descriptors):
            return np.zeros(self.dim, np.float32)
        points = self._reduced(local.descriptors)
        posterior = self._posterior(points)
        total = posterior.sum(axis=0)[:, None]
        first = posterior.T @ points
        second = posterior.T @ points**2
        deviation = np.sqrt(self.variances_)
        by_mean = (first - total * self.vocabulary_) / deviation
        squares = second - 2 * first * self.vocabulary_ + total * self.vocabulary_**2
        by_deviation = (squares / self.variances_ - total) / np.sqrt(2)
        scale = len(points) * np.sqrt(self.shares_)[:, None]
        return power_unit(np.concatenate([by_mean / scale, by_deviation / scale]).ravel())

    def _posterior(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of each Gaussian in each point, (N, words)."""
        precision = 1 / self.variances_
        log = (
            points**2 @ (-precision / 2).T
            + points @ (self.vocabulary_ * precision).T
            - (self.vocabulary_**2 * precision + np.log(self.variances_)).sum(axis=1) / 2
            + np.log(self.shares_)
        )
        log -= log.max(axis=1, keepdims=True)
        share = np.exp(log)
        return np.asarray(share / share.sum(axis=1, keepdims=True), np.float64)
