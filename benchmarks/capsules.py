"""Routing between capsules, and whole training steps of CapsNet and CapsGAN, against PyTorch eager.

Batch 64.  Routing: squash of 1152 capsules of 8 dimensions, three iterations to 10 of 16, and the gradients of the
capsules and of the kernel.  PyTorch makes the predictions, as everybody writes it: by einsum, and in a further row by
a broadcast matmul.  CapsNet: as it is by default, without shifting the images, and the paper's.  CapsGAN: as it is by
default, without the penalty on D's slope, which comes every eighth step only; minigan moves the average of G and
computes its signals besides, PyTorch does not.  In a further row PyTorch runs channels last, with its fused Adam.
Needs the `bench` extra.  Run on an idle machine:

    python benchmarks/capsules.py            times
    python benchmarks/capsules.py --paper    times of the paper's CapsNet, seconds a step
    python benchmarks/capsules.py --memory   peak memory of the routing, each contestant in a process of its own
"""

import argparse

import numpy as np
import torch
from timing import in_own_process, machine, measure, memory_of_steps, report
from torch import nn
from torch.nn import functional as F

import minigan as mg
from minigan.layers import Capsules, squash
from minigan.models import CapsGAN, CapsNet

BATCH = 64
PAPER = {"filters": 256, "kernel_size": 9, "strides": 1, "capsules": 32}


# --- Routing ------------------------------------------------------------------------------------------


def torch_squash(s):
    squared = (s * s).sum(-1, keepdim=True)
    return s * (torch.sqrt(squared + 1e-7) / (1 + squared))


class TorchCapsules(nn.Module):
    """u (N, I, D) -> v (N, J, E)."""

    def __init__(self, i, d, j, e, routings, form="einsum"):
        super().__init__()
        self.kernel, self.routings, self.form = nn.Parameter(0.1 * torch.randn(j, i, d, e)), routings, form

    def forward(self, u):
        if self.form == "einsum":
            predictions = torch.einsum("nid,jide->njie", u, self.kernel)
        else:
            predictions = (u[:, None, :, None, :] @ self.kernel).squeeze(3)
        b = torch.zeros(predictions.shape[:3])
        for iteration in range(1, self.routings + 1):
            c = torch.softmax(b, dim=1)
            v = torch_squash((c[..., None] * predictions).sum(2))
            if iteration < self.routings:
                b = b + (predictions * v[:, :, None]).sum(-1)
        return v


def minigan_routing():
    layer, rng = Capsules(1152, 8, 10, 16), np.random.default_rng(0)
    x, g = (rng.standard_normal(shape, dtype=np.float32) for shape in ((BATCH, 1152, 8), (BATCH, 10, 16)))

    def call():
        capsules = mg.Tensor(x)
        mg.grad(layer(squash(capsules)), [capsules, layer.kernel], g)

    return call


def torch_routing(form):
    layer = TorchCapsules(1152, 8, 10, 16, 3, form)
    x, g = torch.randn(BATCH, 1152, 8, requires_grad=True), torch.randn(BATCH, 10, 16)
    return lambda: torch.autograd.grad(layer(torch_squash(x)), [x, layer.kernel], g)


ROUTING = {
    "minigan": minigan_routing,
    "PyTorch, einsum": lambda: torch_routing("einsum"),
    "PyTorch, matmul": lambda: torch_routing("matmul"),
}


# --- CapsNet ------------------------------------------------------------------------------------------


def primary(x, dimensions):
    """The channels of x (N, C, H, W) as squashed capsules (N, I, dimensions)."""
    return torch_squash(x.reshape(len(x), -1, dimensions, *x.shape[2:]).movedim(2, -1).flatten(1, 3))


class TorchCapsNet(nn.Module):
    def __init__(self, filters=64, kernel_size=5, strides=2, capsules=8):
        super().__init__()
        pixels = ((28 - kernel_size) // strides + 1 - kernel_size) // 2 + 1
        self.features = nn.Conv2d(1, filters, kernel_size, strides)
        self.primary = nn.Conv2d(filters, 8 * capsules, kernel_size, 2)
        self.classes = TorchCapsules(pixels * pixels * capsules, 8, 10, 16, 3)
        self.decoder = nn.Sequential(
            nn.Linear(160, 512),
            nn.ReLU(),
            nn.Linear(512, 1024),
            nn.ReLU(),
            nn.Linear(1024, 784),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.classes(primary(self.primary(torch.relu(self.features(x))), 8))


def torch_margin(lengths, present):
    short, long = torch.relu(0.9 - lengths), torch.relu(lengths - 0.1)
    return (present * short * short + 0.5 * (1 - present) * long * long).sum(-1).mean()


def minigan_capsnet(settings):
    model, rng = CapsNet(**settings, max_shift=0), np.random.default_rng(0)
    batch = rng.uniform(-1, 1, (BATCH, 28, 28, 1)).astype(np.float32), rng.integers(10, size=BATCH)
    return lambda: model.train_step(batch)


def torch_capsnet(settings, best):
    model, x = TorchCapsNet(**settings), torch.rand(BATCH, 1, 28, 28)
    if best:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(model.parameters(), 1e-3, fused=best or None)
    present = F.one_hot(torch.randint(10, (BATCH,)), 10).float()

    def step():
        v = model(x)
        drawn = model.decoder((v * present[..., None]).flatten(1))
        error = drawn - x.flatten(1)
        loss = torch_margin(v.norm(dim=-1), present) + 0.0005 * (error * error).sum(-1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()

    return step


def contestants(ours, theirs):
    return {
        "minigan": ours(),
        "PyTorch, default": theirs(False),
        "PyTorch, channels last and fused": theirs(True),
    }


# --- CapsGAN ------------------------------------------------------------------------------------------


class TorchGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.grow = nn.Sequential(
            nn.Linear(32, 7 * 7 * 64, bias=False), nn.Unflatten(1, (64, 7, 7)), nn.BatchNorm2d(64), nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z):
        choice = 3 * F.one_hot(z[:, :20].argmax(1), 20).float()
        return self.grow(torch.cat([choice, z[:, 20:]], 1))


class TorchDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.features, self.lower = nn.Conv2d(1, 32, 4, 2, 1), nn.Conv2d(33, 128, 4, 2)
        self.upper = TorchCapsules(6 * 6 * 16, 8, 1, 16, 1)

    def forward(self, x):
        h = F.leaky_relu(self.features(x), 0.2)
        spread = torch.sqrt(h.var(0, correction=0) + 1e-8).mean().expand(len(h), 1, *h.shape[2:])
        return self.upper(primary(self.lower(torch.cat([h, spread], 1)), 8)).norm(dim=-1)


def minigan_capsgan():
    model = CapsGAN(r1_weight=0.0)
    rng = np.random.default_rng(0)
    real = rng.uniform(-1, 1, (BATCH, 28, 28, 1)).astype(np.float32)
    return lambda: model.train_step(real)


def torch_capsgan(best):
    G, D, real = TorchGenerator(), TorchDiscriminator(), torch.rand(BATCH, 1, 28, 28)
    if best:
        G, D = G.to(memory_format=torch.channels_last), D.to(memory_format=torch.channels_last)
    g_adam, d_adam = (
        torch.optim.Adam(net.parameters(), rate, betas=(0.0, 0.99), fused=best or None)
        for net, rate in ((G, 5e-3), (D, 2.5e-3))
    )
    one, zero = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

    def step():
        fake = G(torch.randn(BATCH, 32))
        d_adam.zero_grad()
        (torch_margin(D(real), one) + torch_margin(D(fake.detach()), zero)).backward()
        d_adam.step()
        g_adam.zero_grad()
        torch_margin(D(fake), one).backward()
        g_adam.step()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--memory", action="store_true", help="peak memory of the routing instead of times")
    parser.add_argument("--paper", action="store_true", help="times of the paper's CapsNet instead")
    parser.add_argument("--only", help=argparse.SUPPRESS)  # a contestant in its own process
    args = parser.parse_args()
    if args.only:
        print(*memory_of_steps(ROUTING[args.only]()))
        return
    print(machine(), end="\n\n")
    if args.memory:
        print("peak memory of the routing: whole process, and above what it had before the first call")
        for name in ROUTING:
            before, after = in_own_process(__file__, "--only", name)
            print(f"    {name:<34} {after:6.0f} MiB   {after - before:6.0f} MiB")
    elif args.paper:
        seconds = measure(
            contestants(lambda: minigan_capsnet(PAPER), lambda best: torch_capsnet(PAPER, best)), 2, 3
        )
        report("CapsNet step, the paper's", seconds)
    else:
        report("squash and routing", measure({name: make() for name, make in ROUTING.items()}, 3, 10))
        small = contestants(lambda: minigan_capsnet({}), lambda best: torch_capsnet({}, best))
        report("CapsNet step, default", measure(small))
        report("CapsGAN step", measure(contestants(minigan_capsgan, torch_capsgan)))


if __name__ == "__main__":
    main()
