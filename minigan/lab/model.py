"""The GAN of the laboratory: networks in the plane, a step of D and a step of G, with every setting in the open.

Read before it: `models.gan`, whose training step this is, with the techniques of docs/failure-modes.md added
where a setting asks for them.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import numpy as np

from minigan.autograd import Tensor, grad
from minigan.backend import Array, normal, uniform
from minigan.lab.knobs import Settings
from minigan.layers import ELU, Dense, Layer, LeakyReLU, MinibatchStdDev, ReLU, Sequential, Sigmoid, Tanh
from minigan.losses import discriminator_loss, generator_loss, gradient_penalty, r1_penalty
from minigan.models import Model
from minigan.ops import concatenate, sigmoid
from minigan.optimizers import SGD, Adam, Optimizer, RMSprop, linear_decay, update_ema, warm_up

ACTIVATIONS = {"relu": ReLU, "leaky_relu": LeakyReLU, "tanh": Tanh, "elu": ELU, "sigmoid": Sigmoid}
FINAL = 0.05  # the final fraction of a learning rate that falls


def network(n_in: int, n_out: int, s: Settings, std: bool = False) -> Sequential:
    """n_in -> width -> ... -> width -> n_out, with an activation after every hidden layer.

    std  before the last layer comes one more feature: how much the batch varies
    """
    layers: list[Layer] = []
    for i in range(s.hidden):
        layers += [Dense(s.width if i else n_in, s.width), ACTIVATIONS[s.activation]()]
    layers += [MinibatchStdDev()] if std else []
    return Sequential(*layers, Dense(s.width + std, n_out))


def constant(rate: float, step: int) -> float:
    return rate


def optimizer(s: Settings, network: Layer, rate: float, steps: int) -> Optimizer:
    """The optimizer of a network that takes so many steps in one step of training.

    The rate is a function of the step, so that it is read off the settings and is no part of a state.
    """
    falls = linear_decay(rate, steps * s.decay_steps, FINAL) if s.decay_steps else partial(constant, rate)
    if s.optimizer == "sgd":
        return SGD(network.parameters(), falls, momentum=s.beta_1)
    if s.optimizer == "rmsprop":
        return RMSprop(network.parameters(), falls, rho=s.beta_2)
    return Adam(network.parameters(), falls, s.beta_1, s.beta_2)


class PlaneGAN(Model):
    """Trains G: z (N, latent_size) -> x (N, 2)  against  D: m points side by side (N / m, 2 m) -> (N / m, 1)."""

    name = "plane_gan"

    def __init__(self, s: Settings):
        self.s = s
        self.G = network(s.latent_size, 2, s)
        self.D = network(2 * s.packing, 1, s, s.batch_std == "on")
        if s.average_decay:
            self.average = copy.deepcopy(self.G)
        self.g_optimizer = optimizer(s, self.G, s.g_rate, s.g_steps)
        self.d_optimizer = optimizer(s, self.D, s.d_rate, s.d_steps)

    def d_step(self, real: np.ndarray) -> dict[str, Any]:
        """D learns to tell real points x (N, 2) from generated ones."""
        s = self.s
        fake = self.G(self.noise(len(real))).data
        x, g = self.packs(self.blurred(real)), self.packs(self.blurred(fake))
        d_real, d_fake = self.D(x), self.D(g)
        loss = d_loss = discriminator_loss(d_real, d_fake, s.kind)
        if s.r1_weight:
            loss = loss + s.r1_weight / 2 * r1_penalty(self.D, x)
        if s.slope_weight:
            loss = loss + s.slope_weight * gradient_penalty(self.D, x, g)
        gradients = grad(loss, self.D.parameters())
        self.d_optimizer.step(gradients)
        return {"d_loss": float(d_loss)} | d_numbers(real, fake, d_real.data, d_fake.data)

    def g_step(self, n: int) -> dict[str, Any]:
        """G learns to move its points uphill on what D says, of n points."""
        s = self.s
        fake = self.G(self.noise(n))
        d_fake = self.D(self.packs(self.blurred(fake)))
        loss = generator_loss(d_fake, s.kind)
        *gradients, at_fake = grad(loss, [*self.G.parameters(), fake])
        self.g_optimizer.step(gradients)
        if s.average_decay:
            update_ema(self.average, self.G, warm_up(s.average_decay, self.g_optimizer.steps))
        return {"g_loss": float(loss), "g_gradient": float(np.sqrt((at_fake * at_fake).sum() * n))}

    def train_step(self, batch: np.ndarray) -> dict[str, Any]:
        """d_steps steps of D, each on its part of a batch (d_steps · N, 2), then g_steps steps of G."""
        for real in np.split(batch, self.s.d_steps):
            numbers = self.d_step(real)
        for _ in range(self.s.g_steps):
            numbers |= self.g_step(len(real))
        return numbers

    def generate(self, z: Array) -> Array:
        """The points (N, 2) that are drawn: of the moving average of G, if there is one."""
        return self.average(z) if self.s.average_decay else self.G(z)

    def noise(self, n: int) -> Array:
        """z (n, latent_size)."""
        shape = (n, self.s.latent_size)
        return normal(shape) if self.s.noise == "normal" else 2 * uniform(shape) - 1

    def blurred(self, x: Any) -> Any:
        """x with the noise that D's input has, if any."""
        return x + self.s.input_noise * normal(x.shape) if self.s.input_noise else x

    def packs(self, x: Any) -> Any:
        """What D sees of points x (N, 2): m of them side by side (N / m, 2 m)."""
        return x.reshape((len(x) // self.s.packing, -1))


def d_numbers(real: Array, fake: Array, d_real: Array, d_fake: Array) -> dict[str, float]:
    """Of a step of D: what D said before it, and how much the points vary (`models.gan.diagnostics`)."""
    return {
        "D(x)": float(sigmoid(d_real).mean()),
        "D(G(z))": float(sigmoid(d_fake).mean()),
        "d_accuracy": float((d_real > 0).mean() + (d_fake < 0).mean()) / 2,
        "diversity": float(np.sqrt(fake.var(axis=0).mean() / (real.var(axis=0).mean() + 1e-12))),
    }


def surface(model: PlaneGAN, x: np.ndarray, partners: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """D's logit (N,) at points x (N, 2); with packing, the mean over packs with real `partners` (P, m - 1, 2).

    batch  generated points (M, 2): if D sees how much its batch varies, it sees that of these
    """
    if model.s.packing == 1:
        return logits(model, x, batch)[:, 0]
    packs = [np.concatenate([x, np.broadcast_to(p.reshape(-1), (len(x), p.size))], axis=1) for p in partners]
    found = logits(model, np.concatenate(packs).astype(np.float32), model.packs(batch))
    return found.reshape((len(partners), len(x))).mean(axis=0)


def logits(model: PlaneGAN, x: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """D's logits (N, 1) of packs x, each as if it were one of a large batch."""
    if model.s.batch_std == "off":
        return model.D(x)
    *front, std, last = model.D.layers
    s = std(Sequential(*front)(batch))[:1, -1:]  # (1, 1), the same for all of the batch
    return last(np.concatenate([Sequential(*front)(x), np.broadcast_to(s, (len(x), 1))], axis=1))


def arrows(model: PlaneGAN, x: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """-dL_G/dx (N, 2) for each point x alone: where G's loss would move it, if it could move freely."""
    points = Tensor(x)
    if model.s.packing == 1:
        seen = points
    else:
        others = np.broadcast_to(partners[0].reshape(-1), (len(x), 2 * model.s.packing - 2))
        seen = concatenate([points, others.astype(np.float32)], axis=1)
    return -grad(generator_loss(model.D(seen), model.s.kind), points) * len(x)
