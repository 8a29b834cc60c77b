"""A whole training step of an MLP GAN, against PyTorch eager with the same networks and sizes.

G 100-256-512-1024-784 and D 784-512-256-1 with leaky ReLU, non-saturating loss, Adam; once as it is and
once with batch normalization in G.  Needs the `bench` extra.  Run on an idle machine:

    python benchmarks/mlp_gan.py
"""

from itertools import pairwise

import numpy as np
import torch
from timing import machine, measure, report
from torch import nn

import minigan as mg
from minigan.backend import to_device
from minigan.layers import BatchNormalization, Dense, LeakyReLU, Sequential, Tanh
from minigan.losses import discriminator_loss, generator_loss
from minigan.optimizers import Adam

G_SIZES, D_SIZES = (100, 256, 512, 1024, 784), (784, 512, 256, 1)


def minigan_step(real: np.ndarray, normalize: bool):
    def network(sizes, last, normalize):
        layers = []
        for n_in, n_out in pairwise(sizes[:-1]):
            layers += [Dense(n_in, n_out)] + [BatchNormalization(n_out)] * normalize + [LeakyReLU(0.2)]
        return Sequential(*layers, Dense(*sizes[-2:]), *last)

    G, D = network(G_SIZES, [Tanh()], normalize), network(D_SIZES, [], False)
    g_adam, d_adam = Adam(G.parameters(), 2e-4, beta_1=0.5), Adam(D.parameters(), 2e-4, beta_1=0.5)
    rng = np.random.default_rng(0)
    real = to_device(real)

    def step():
        fake = G(to_device(rng.standard_normal((len(real), 100), dtype=np.float32)), training=True)
        d_loss = discriminator_loss(D(real, training=True), D(fake.data, training=True))
        d_adam.step(mg.grad(d_loss, D.parameters()))
        g_loss = generator_loss(D(fake, training=True))
        g_adam.step(mg.grad(g_loss, G.parameters()))

    return step


def torch_step(real: np.ndarray, normalize: bool, fused: bool):
    def network(sizes, last, normalize):
        layers = []
        for n_in, n_out in pairwise(sizes[:-1]):
            layers += [nn.Linear(n_in, n_out)] + [nn.BatchNorm1d(n_out)] * normalize + [nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Linear(*sizes[-2:]), *last)

    G, D = network(G_SIZES, [nn.Tanh()], normalize), network(D_SIZES, [], False)
    g_adam = torch.optim.Adam(G.parameters(), 2e-4, betas=(0.5, 0.999), fused=fused or None)
    d_adam = torch.optim.Adam(D.parameters(), 2e-4, betas=(0.5, 0.999), fused=fused or None)
    loss = nn.BCEWithLogitsLoss()
    x = torch.tensor(real)
    ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)

    def step():
        fake = G(torch.randn(len(real), 100))
        d_adam.zero_grad()
        (loss(D(x), ones) + loss(D(fake.detach()), zeros)).backward()
        d_adam.step()
        g_adam.zero_grad()
        loss(D(fake), ones).backward()
        g_adam.step()

    return step


def main() -> None:
    print(machine(), end="\n\n")
    rng = np.random.default_rng(0)
    for normalize in (False, True):
        for batch in (64, 128):
            real = rng.standard_normal((batch, 784), dtype=np.float32)
            seconds = measure(
                {
                    "minigan": minigan_step(real, normalize),
                    "PyTorch, default Adam": torch_step(real, normalize, fused=False),
                    "PyTorch, fused Adam": torch_step(real, normalize, fused=True),
                }
            )
            norm = "with" if normalize else "without"
            report(f"MLP GAN step, batch {batch}, {norm} batch normalization", seconds)


if __name__ == "__main__":
    main()
