"""CategoricalCode: some of the numbers of a latent z become a choice between categories, hard or soft.

Part I; read `layers` before it.

Source: Mukherjee, Asnani, Lin and Kannan 2019, "ClusterGAN", whose z consists of such a choice and of noise.
A continuous G turns one cloud of noise into one connected set of images.  Digits are not connected: between
a 1 and an 8 there are images, but no digits.  A choice that is made before G begins takes z apart.
"""

from minigan.checks import whole
from minigan.layers import Layer
from minigan.ops import concatenate, softmax
from minigan.ops.elementwise import value


class CategoricalCode(Layer):
    """z (N, latent_size) -> the same shape, where the first `categories` numbers have become a one-hot code:

        the largest of z_1 ... z_categories becomes 3, the others 0, and the rest stays.

    So each category is as likely as the others.  A walk through z jumps where the largest changes.  The
    choice is piecewise constant, so it passes no gradient on to z_1 ... z_categories.
    """

    def __init__(self, categories: int):
        self.categories = whole(type(self).__name__, categories=categories)

    def __call__(self, x, training: bool = False):
        if x.ndim != 2 or x.shape[1] < self.categories:
            expected = f"(N, {self.categories} or more)"
            raise ValueError(f"{self!r} got an input of shape {x.shape}, expected {expected}")
        return concatenate([self.code(x[:, : self.categories]), x[:, self.categories :]], axis=-1)

    def code(self, x):
        return 3 * (value(x) == value(x).max(axis=1, keepdims=True)).astype(x.dtype)  # (N, categories)


class SoftCategoricalCode(CategoricalCode):
    """The soft form: the first `categories` numbers become 3 softmax of themselves, and the rest stays.

    An encoder ends with it where z begins with a CategoricalCode, for it passes a gradient on.
    Source: Makhzani et al. 2015, "Adversarial Autoencoders", whose encoder returns categories like this.
    """

    def code(self, x):
        return 3 * softmax(x)
