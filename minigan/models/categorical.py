"""CategoricalCode: some of the numbers of a latent z become a choice between categories.

Source: Mukherjee, Asnani, Lin and Kannan 2019, "ClusterGAN", whose z consists of such a choice and of noise.
A continuous G turns one cloud of noise into one connected set of images.  Digits are not connected: between
a 1 and an 8 there are images, but no digits.  A choice that is made before G begins takes z apart.
"""

from minigan.checks import whole
from minigan.layers import Layer
from minigan.ops import concatenate
from minigan.ops.elementwise import value


class CategoricalCode(Layer):
    """z (N, latent_size) -> the same shape, where the first `categories` numbers have become a one-hot code:

        the largest of z_1 ... z_categories becomes 3, the others 0, and the rest stays.

    So each category is as likely as the others.  A walk through z jumps where the largest changes.  The
    choice is piecewise constant, so it passes no gradient on to z_1 ... z_categories.
    """

    def __init__(self, categories: int):
        self.categories = whole("CategoricalCode", categories=categories)

    def __call__(self, x, training: bool = False):
        if x.ndim != 2 or x.shape[1] < self.categories:
            expected = f"(N, {self.categories} or more)"
            raise ValueError(f"{self!r} got an input of shape {x.shape}, expected {expected}")
        candidates = value(x)[:, : self.categories]  # (N, categories)
        code = 3 * (candidates == candidates.max(axis=1, keepdims=True)).astype(x.dtype)  # (N, categories)
        return concatenate([code, x[:, self.categories :]], axis=-1)  # (N, latent_size)
