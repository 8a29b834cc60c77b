"""A whole training step of AEGAN, against PyTorch eager with the same networks, batch 64.

AEGAN in the form of its paper (examples/paper_aegan.py): G, E and D_x of two convolutions with layer normalization,
D_z of four layers that grow, noise and dropout, six terms, gradients clipped to norm 1 (in PyTorch those of a network
together, here and in Keras those of each parameter), and moving averages of G and E.  Needs the `bench` extra.  Run on an idle machine:

    python benchmarks/aegan.py
"""

import copy
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from timing import machine, measure, report
from torch import nn
from torch.nn import functional as F

sys.path.append(str(Path(__file__).parents[1] / "examples"))
from paper_aegan import PaperAEGAN

BATCH, LATENT, WIDTH, NOISE, DROPOUT, DECAY = 64, 16, 32, 0.01, 0.005, 0.995


class Noise(nn.Module):
    def forward(self, x):
        return x + NOISE * torch.randn_like(x)


class Dropout(nn.Module):
    def forward(self, x):
        return x * (1 + (DROPOUT / (1 - DROPOUT)) ** 0.5 * torch.randn_like(x))


class ChannelNorm(nn.LayerNorm):
    """Over the channels of N, C, H, W."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Grow(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.dense = nn.Sequential(nn.Linear(n_in, 32), nn.LeakyReLU(0.02), Dropout())

    def forward(self, x):
        return torch.cat([x, self.dense(x)], -1)


def generator():
    return nn.Sequential(
        nn.Linear(LATENT, 49 * 2 * WIDTH),
        nn.Unflatten(1, (2 * WIDTH, 7, 7)),
        ChannelNorm(2 * WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1),
        ChannelNorm(WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, 1, 4, 2, 1),
        nn.Tanh(),
    )


def image_reader(answers):
    layers = [Noise()]
    for n_in, n_out in ((1, WIDTH), (WIDTH, 2 * WIDTH)):
        layers += [nn.Conv2d(n_in, n_out, 4, 2, 1), ChannelNorm(n_out), nn.LeakyReLU(0.02), Dropout()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(49 * 2 * WIDTH, answers))


def torch_step(images: np.ndarray, fused: bool):
    G, E, D_x = generator(), image_reader(LATENT), image_reader(1)
    D_z = nn.Sequential(Noise(), *(Grow(LATENT + 32 * i) for i in range(4)), nn.Linear(LATENT + 128, 1))
    learners = list(chain(G.parameters(), E.parameters()))
    averages = [(copy.deepcopy(network), network) for network in (G, E)]

    def adam(parameters):
        return torch.optim.Adam(parameters, 1e-3, betas=(0.5, 0.999), fused=fused or None)

    optimizer, dx_optimizer, dz_optimizer = adam(learners), adam(D_x.parameters()), adam(D_z.parameters())
    x = torch.tensor(images.transpose(0, 3, 1, 2).copy())

    def bce(logits, target):
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    def update(optimizer, loss, parameters):
        optimizer.zero_grad()
        loss.backward(inputs=parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()

    def step():
        z = torch.randn(BATCH, LATENT)
        x_hat, z_hat = G(z), E(x)
        x_tilde, z_tilde = G(z_hat), E(x_hat)
        for D, optimizer_, real, fakes in (
            (D_x, dx_optimizer, x, (x_hat, x_tilde)),
            (D_z, dz_optimizer, z, (z_hat, z_tilde)),
        ):
            loss = bce(D(real), 0.95) + sum(bce(D(fake.detach()), 0.05) / 2 for fake in fakes)
            update(optimizer_, loss, list(D.parameters()))
        loss = bce(D_x(x_hat), 1.0) + bce(D_x(x_tilde), 1.0) + bce(D_z(z_hat), 1.0) + bce(D_z(z_tilde), 1.0)
        loss = loss + 10 * F.l1_loss(x_tilde, x) + 5 * F.mse_loss(z_tilde, z)
        update(optimizer, loss, learners)
        with torch.no_grad():
            for average, network in averages:
                for old, new in zip(average.parameters(), network.parameters(), strict=True):
                    old.lerp_(new, 1 - DECAY)

    return step


def main() -> None:
    print(machine(), end="\n\n")
    images = np.random.default_rng(0).uniform(-1, 1, (BATCH, 28, 28, 1)).astype(np.float32)
    model = PaperAEGAN()
    seconds = measure(
        {
            "minigan": lambda: model.train_step(images),
            "PyTorch, default Adam": torch_step(images, fused=False),
            "PyTorch, fused Adam": torch_step(images, fused=True),
        }
    )
    report("AEGAN step, batch 64", seconds)


if __name__ == "__main__":
    main()
