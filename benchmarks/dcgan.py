"""Convolutions, and whole training steps of a DCGAN, against PyTorch eager with the same sizes.

Batch 64 on 28x28.  G: Dense 100 -> 7x7x128, batch normalization, ReLU, and then two Conv2DTranspose 4x4
stride 2 (64, 1), or UpSampling2D + Conv2D 3x3 (128, 64) and a last Conv2D (1).  D: two Conv2D 4x4 stride
2 (64, 128), batch normalization, leaky ReLU, Dense 1.  The same with batches of 32 on 32x32x3, where all
kernels are 5x5.  PyTorch runs in its default layout with its default Adam, and in a further row channels
last with its fused one.  Needs the `bench` extra.  Run on an idle machine, eight minutes:

    python benchmarks/dcgan.py            times
    python benchmarks/dcgan.py --memory   peak memory, each contestant in a process of its own
"""

import argparse
from typing import NamedTuple

import numpy as np
from timing import in_own_process, machine, measure, memory_of_steps, report


class Sizes(NamedTuple):
    batch: int
    start: int  # pixels of a side of G's first image; a quarter of those of the last one
    channels: int
    kernel: int  # of the layers with stride 2
    resize: int  # the kernel behind an UpSampling2D


BATCH = 64
SMALL, COLOURS = Sizes(BATCH, 7, 1, kernel=4, resize=3), Sizes(32, 8, 3, kernel=5, resize=5)
SIZES = {"28x28": SMALL, "32x32x3": COLOURS}
FORMS = ("transpose", "nearest")


def minigan_step(form: str, sizes: Sizes = SMALL):
    import minigan as mg
    from minigan import layers as L
    from minigan.backend import to_device
    from minigan.losses import discriminator_loss, generator_loss
    from minigan.optimizers import Adam

    batch, start, channels, k, r = sizes
    first = start * start * 128
    if form == "transpose":
        up = [
            L.Conv2DTranspose(128, 64, k, 2, "same"), L.BatchNormalization(64), L.ReLU(),
            L.Conv2DTranspose(64, channels, k, 2, "same"),
        ]  # fmt: skip
    else:
        up = [
            L.UpSampling2D(2), L.Conv2D(128, 128, r, 1, "same"), L.BatchNormalization(128), L.ReLU(),
            L.UpSampling2D(2), L.Conv2D(128, 64, r, 1, "same"), L.BatchNormalization(64), L.ReLU(),
            L.Conv2D(64, channels, r, 1, "same"),
        ]  # fmt: skip
    G = L.Sequential(
        L.Dense(100, first),
        L.Reshape((start, start, 128)),
        L.BatchNormalization(128),
        L.ReLU(),
        *up,
        L.Tanh(),
    )
    D = L.Sequential(
        L.Conv2D(channels, 64, k, 2, "same"), L.LeakyReLU(0.2),
        L.Conv2D(64, 128, k, 2, "same"), L.BatchNormalization(128), L.LeakyReLU(0.2),
        L.Flatten(), L.Dense(first, 1),
    )  # fmt: skip
    g_adam, d_adam = Adam(G.parameters(), 2e-4, beta_1=0.5), Adam(D.parameters(), 2e-4, beta_1=0.5)
    rng = np.random.default_rng(0)
    real = to_device(rng.standard_normal((batch, 4 * start, 4 * start, channels), dtype=np.float32))

    def step():
        fake = G(to_device(rng.standard_normal((batch, 100), dtype=np.float32)), training=True)
        d_loss = discriminator_loss(D(real, training=True), D(fake.data, training=True))
        d_adam.step(mg.grad(d_loss, D.parameters()))
        g_loss = generator_loss(D(fake, training=True))
        g_adam.step(mg.grad(g_loss, G.parameters()))

    return step


def torch_step(form: str, best: bool, sizes: Sizes = SMALL):
    import torch
    from torch import nn

    batch, start, channels, k, r = sizes
    first, strided = start * start * 128, {"stride": 2, "padding": (k - 1) // 2}
    twice = strided | {"output_padding": k % 2}
    if form == "transpose":
        up = [
            nn.ConvTranspose2d(128, 64, k, **twice), nn.BatchNorm2d(64), nn.ReLU(),
            nn.ConvTranspose2d(64, channels, k, **twice),
        ]  # fmt: skip
    else:
        up = [
            nn.Upsample(scale_factor=2), nn.Conv2d(128, 128, r, 1, r // 2), nn.BatchNorm2d(128), nn.ReLU(),
            nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, r, 1, r // 2), nn.BatchNorm2d(64), nn.ReLU(),
            nn.Conv2d(64, channels, r, 1, r // 2),
        ]  # fmt: skip
    G = nn.Sequential(
        nn.Linear(100, first),
        nn.Unflatten(1, (128, start, start)),
        nn.BatchNorm2d(128),
        nn.ReLU(),
        *up,
        nn.Tanh(),
    )
    D = nn.Sequential(
        nn.Conv2d(channels, 64, k, **strided), nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, k, **strided), nn.BatchNorm2d(128), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(first, 1),
    )  # fmt: skip
    real = torch.randn(batch, channels, 4 * start, 4 * start)
    if best:
        G, D = G.to(memory_format=torch.channels_last), D.to(memory_format=torch.channels_last)
        real = real.to(memory_format=torch.channels_last)
    g_adam = torch.optim.Adam(G.parameters(), 2e-4, betas=(0.5, 0.999), fused=best or None)
    d_adam = torch.optim.Adam(D.parameters(), 2e-4, betas=(0.5, 0.999), fused=best or None)
    loss = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)

    def step():
        fake = G(torch.randn(batch, 100))
        d_adam.zero_grad()
        (loss(D(real), ones) + loss(D(fake.detach()), zeros)).backward()
        d_adam.step()
        g_adam.zero_grad()
        loss(D(fake), ones).backward()
        g_adam.step()

    return step


def convolutions():
    """(title, minigan's call, PyTorch's call) of each member of the family, for layers of the networks above."""
    rng = np.random.default_rng(0)
    for layer in [(28, 1, 64, 4, 2), (14, 64, 128, 4, 2), (14, 128, 128, 3, 1)]:
        yield from one_convolution(rng, *layer)


def one_convolution(rng, size, channels, filters, kernel, stride):
    import torch
    from torch.nn import grad as torch_grad

    from minigan import ops
    from minigan.ops.convolution import convolution_kernel_gradient
    from minigan.ops.window import window

    x = rng.standard_normal((BATCH, size, size, channels), dtype=np.float32)
    w = rng.standard_normal((kernel, kernel, channels, filters), dtype=np.float32)
    y = ops.conv2d(x, w, stride, padding="same")
    at = window("", (size, size), (kernel, kernel), stride, "same", 1)
    tx, ty = (torch.tensor(a.transpose(0, 3, 1, 2).copy()) for a in (x, y))
    tw = torch.tensor(w.transpose(3, 2, 0, 1).copy())
    how = {"stride": stride, "padding": 1}
    title = f"{channels} -> {filters}, {kernel}x{kernel}, stride {stride}, {size}x{size}"
    yield (
        f"{title}: forward",
        lambda: ops.conv2d(x, w, stride, "same"),
        lambda: torch.conv2d(tx, tw, **how),
    )
    yield (
        f"{title}: input gradient",
        lambda: ops.conv2d_transpose(y, w, stride, "same", (size, size)),
        lambda: torch_grad.conv2d_input(tx.shape, tw, ty, **how),
    )
    yield (
        f"{title}: kernel gradient",
        lambda: convolution_kernel_gradient(x, y, at),
        lambda: torch_grad.conv2d_weight(tx, tw.shape, ty, **how),
    )


CONTESTANTS = {
    "minigan": minigan_step,
    "PyTorch, default": lambda form, sizes: torch_step(form, False, sizes),
    "PyTorch, channels last and fused": lambda form, sizes: torch_step(form, True, sizes),
}


def print_memory(form: str) -> None:
    print(f"peak memory of a {form} DCGAN step: whole process, and above what it had before the first step")
    for name in CONTESTANTS:
        before, after = in_own_process(__file__, "--only", name, form)
        print(f"    {name:<34} {after:6.0f} MiB   {after - before:6.0f} MiB")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--memory", action="store_true", help="peak memory instead of times")
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)  # a contestant in its own process
    args = parser.parse_args()
    if args.only:
        name, form = args.only
        print(*memory_of_steps(CONTESTANTS[name](form, SMALL)))
        return
    print(machine(), end="\n\n")
    if args.memory:
        for form in FORMS:
            print_memory(form)
        return
    for title, sizes in SIZES.items():
        for form in FORMS:
            seconds = measure({name: make(form, sizes) for name, make in CONTESTANTS.items()})
            report(f"DCGAN step, {form}, {title}", seconds)
    for title, ours, theirs in convolutions():
        report(title, measure({"minigan": ours, "PyTorch, default": theirs}, blocks=3))


if __name__ == "__main__":
    main()
