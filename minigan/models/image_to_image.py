"""pix2pix: G turns one image into another, and D asks whether a pair of images belongs together.

Part III; read `gan` and `dcgan` before it.

From pairs of an input x and an output y (Isola et al. 2017, equations 1, 3 and 4)

    D minimises  -log D(x, y) - log(1 - D(x, G(x)))
    G minimises  -log D(x, G(x)) + λ mean |y - G(x)|             λ = 100 there

The second term of G alone makes every pixel the median of all that it could be: blurred and pale wherever x does not
say what y is.  The first asks for one possible image instead.  D is asked about every patch of the pair: it returns a
map of logits, and its loss is their mean; the L1 term cares for what is larger ("PatchGAN", section 3.2.2).  G halves
the image and doubles it again, and joins what it has at each size on the way down to what it has there on the way up,
so that what x and y have in common need not pass through the middle ("U-Net", section 3.2.1).

The terms can be left out, as in the paper's table 1: KINDS.  It departs from the paper:

* For small images G halves twice, not eight times; its last layer, 3x3, also sees x; patches are 12x12, not 70x70; and
  λ = 10: a pixel's share of the mean is larger, here 1 of 784, there 1 of 65,536.
* No noise: the paper's is dropout in G, and hardly changes what G draws.  D has no batch normalization, and its loss is
  not halved, which would change nothing under Adam.
* Batches instead of single images, higher rates, which fall, and a moving average of G, as in `gan`.
"""

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from minigan import layers as L
from minigan.autograd import grad
from minigan.backend import Array, to_device
from minigan.checks import choice, images, pair, real, reals, whole
from minigan.losses import discriminator_loss, generator_loss, mean_absolute_error
from minigan.models.dcgan import quarter_of
from minigan.models.model import Model, in_chunks
from minigan.ops import concatenate, sigmoid
from minigan.optimizers import Adam, linear_decay, update_ema, warm_up

#: kind -> is there the adversarial term of G, and the L1 term?
KINDS = {"L1": (False, True), "cGAN": (True, False), "L1+cGAN": (True, True)}


@dataclass(kw_only=True, eq=False)
class ImageToImage(Model):
    """G: x (N, image_size, image_size, in_channels) -> y (N, ..., channels);  D: x and y -> a logit for each patch."""

    image_size: int = 28  # a multiple of 4
    in_channels: int = 1  # of x
    channels: int = 1  # of y
    width: int = 24  # channels of the layers next to the image; those further inside have twice as many
    kind: str = "L1+cGAN"  # one of KINDS; without the adversarial term D is None
    l1_weight: float = 10.0  # λ
    learning_rates: tuple[float, float] = (2e-3, 1e-3)  # of G and of D, at the start
    decay_steps: int = 2250  # steps in which the rates fall to a twentieth
    average_decay: float = 0.995  # of the moving average: the share of the old weights at each step

    name = "image_to_image"
    curves: ClassVar = {"mean |y - G(x)|": ("L1",), "probability of being real": ("D(x, y)", "D(x, G(x))")}
    BETAS = (0.5, 0.999)  # of Adam, as in the paper
    image_shape = property(lambda self: (self.image_size, self.image_size, self.channels))
    input_shape = property(lambda self: (self.image_size, self.image_size, self.in_channels))
    latent_size = property(lambda self: self.image_size**2 * self.in_channels)
    G, D = (property(lambda self: self.generator), property(lambda self: self.discriminator))

    def __post_init__(self) -> None:
        self.check_settings()
        self.adversarial, self.l1 = KINDS[self.kind]
        self.generator = UNet(self.in_channels, self.channels, self.width)
        self.average = copy.deepcopy(self.generator)
        D = patch_discriminator(self.in_channels + self.channels, self.width)
        self.discriminator = D if self.adversarial else None
        g_rate, d_rate = (linear_decay(rate, self.decay_steps, final=0.05) for rate in self.learning_rates)
        self.g_optimizer = Adam(self.G.parameters(), g_rate, *self.BETAS)
        self.d_optimizer: Any = Adam(self.D.parameters(), d_rate, *self.BETAS) if self.D else None

    def check_settings(self) -> None:
        who, steps = "ImageToImage", self.decay_steps
        whole(who, in_channels=self.in_channels, channels=self.channels, width=self.width, decay_steps=steps)
        quarter_of(who, self.image_shape)
        choice(who, KINDS, kind=self.kind)
        real(who, above=0, l1_weight=self.l1_weight)
        reals(who, length=2, above=0, learning_rates=self.learning_rates)
        real(who, least=0, below=1, average_decay=self.average_decay)

    def train_step(self, batch) -> dict[str, Any]:
        """One step of D and one of G on a pair: inputs x (N, H, W, in_channels) and outputs y (N, H, W, channels)."""
        x, y = pair("ImageToImage", batch)
        x, y = to_device(self.checked_input(x)), to_device(self.checked(y))
        if len(x) != len(y):
            raise ValueError(f"ImageToImage: expected pairs, got {len(x)} inputs and {len(y)} outputs")
        fake, numbers, loss = self.G(x, training=True), {}, 0.0
        # D learns to tell pairs (x, y) from pairs (x, G(x)); `fake.data` is a constant.
        if self.adversarial:
            d_real, d_fake = self.D(joined(x, y), training=True), self.D(joined(x, fake.data), training=True)
            d_loss = discriminator_loss(d_real, d_fake)
            self.d_optimizer.step(grad(d_loss, self.D.parameters()))
            g_loss = loss = generator_loss(self.D(joined(x, fake), training=True))
            numbers = {"d_loss": d_loss.data, "g_loss": g_loss.data}
            numbers |= {"D(x, y)": sigmoid(d_real.data).mean(), "D(x, G(x))": sigmoid(d_fake.data).mean()}
        error = mean_absolute_error(fake, y)
        loss = loss + self.l1_weight * error if self.l1 else loss
        self.g_optimizer.step(grad(loss, self.G.parameters()))  # type: ignore[arg-type]
        update_ema(self.average, self.G, warm_up(self.average_decay, self.g_optimizer.steps))
        return {"L1": error.data} | numbers

    def checked_input(self, x: np.ndarray) -> np.ndarray:
        return images("ImageToImage", self.input_shape, x).astype(self.precision, copy=False)

    def translate(self, x: np.ndarray) -> np.ndarray:
        """G(x) (n, H, W, channels) of inputs x (n, H, W, in_channels), on the host."""
        return in_chunks(self.average, self.checked_input(x))

    def generate(self, z: Array) -> Array:
        """What G makes of noise in the place of x, of which it has never learned to make anything."""
        return self.average(np.tanh(z).reshape(-1, *self.input_shape))


def joined(x, y):
    """Two images as one, (N, H, W, C) and (N, H, W, K) -> (N, H, W, C + K)."""
    return concatenate([x, y], axis=-1)


class UNet(L.Layer):
    """x (N, H, W, in_channels) -> y (N, H, W, channels) in [-1, 1]."""

    def __init__(self, in_channels: int, channels: int, width: int):
        w, relu, leaky = width, L.ReLU(), L.LeakyReLU(0.2)
        two: Any = {"kernel_size": 4, "strides": 2, "padding": "same", "use_bias": False}
        self.half = L.Sequential(L.Conv2D(in_channels, w, 4, 2, "same"), leaky)
        self.quarter = L.Sequential(L.Conv2D(w, 2 * w, **two), L.BatchNormalization(2 * w), leaky)
        self.up_half = L.Sequential(L.Conv2DTranspose(2 * w, w, **two), L.BatchNormalization(w), relu)
        self.up_whole = L.Sequential(L.Conv2DTranspose(2 * w, w, **two), L.BatchNormalization(w), relu)
        self.last = L.Sequential(L.Conv2D(w + in_channels, channels, 3, padding="same"), L.Tanh())

    def __call__(self, x, training: bool = False):
        half = self.half(x, training)  # (N, H/2, W/2, w)
        up = self.up_half(self.quarter(half, training), training)  # (N, H/4, W/4, 2 w), then (N, H/2, W/2, w)
        up = self.up_whole(joined(up, half), training)  # (N, H, W, w)
        return self.last(joined(up, x), training)  # (N, H, W, channels)


def patch_discriminator(channels: int, width: int) -> L.Layer:
    """(N, H, W, channels) -> (N, H/2, W/2, 1), a logit for each patch of 12x12 pixels."""
    leaky = L.LeakyReLU(0.2)
    return L.Sequential(
        L.Conv2D(channels, width, 4, strides=2, padding="same"), leaky,
        L.Conv2D(width, 2 * width, 3, padding="same"), leaky, L.Conv2D(2 * width, 1, 3, padding="same"),
    )  # fmt: skip
