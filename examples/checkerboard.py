"""Where checkerboard patterns come from: transposed convolutions against upsampling, in numbers.

    python examples/checkerboard.py
    python examples/checkerboard.py --quick      half a minute, too short for good digits

A transposed convolution of stride 2 adds its kernel to the image at every second pixel.  If the kernel's
size is not a multiple of 2, some pixels receive more contributions than their neighbours: the *overlap
map*, a transposed convolution of ones with ones, shows it without any training (Odena, Dumoulin and Olah
2016).  What is left of the pattern in images is measured as energy at the frequency 1/stride, one cycle
every two pixels, in rows or columns: its share of the whole energy, minus that share in real images.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import minigan as mg
from minigan.data import Batches, load_mnist
from minigan.models import DCGAN
from minigan.runs import new_folder, parse_with_device, positive
from minigan.training import fit

VARIANTS = {  # name -> how the generator grows
    "transpose, kernel 3": {"upsampling": "transpose", "kernel_size": 3},
    "transpose, kernel 4": {"upsampling": "transpose", "kernel_size": 4},
    "transpose, kernel 5": {"upsampling": "transpose", "kernel_size": 5},
    "nearest + convolution": {"upsampling": "nearest"},
}
WIDTH = 16  # a small network is enough to see the effect
SAMPLES = 2000


def overlap_map(variant: dict) -> np.ndarray:
    """How many contributions each pixel receives, away from the border, when 8x8 pixels become 16x16."""
    if variant["upsampling"] == "nearest":
        ones = mg.ops.upsample2d(np.ones((1, 8, 8, 1)), 2)
        return mg.ops.conv2d(ones, np.ones((3, 3, 1, 1)), padding="same")[0, 4:-4, 4:-4, 0]
    kernel = np.ones((variant["kernel_size"], variant["kernel_size"], 1, 1))
    return mg.ops.conv2d_transpose(np.ones((1, 8, 8, 1)), kernel, 2, "same")[0, 4:-4, 4:-4, 0]


def energy_at_stride(images: np.ndarray) -> float:
    """The share of the energy of images (N, H, W, 1) that has one cycle every two pixels, in %."""
    spectrum = (
        np.abs(np.fft.fft2(images[..., 0] - images.mean(axis=(1, 2, 3), keepdims=True)[..., 0])) ** 2
    )  # (N, H, W)
    half = images.shape[1] // 2
    at_stride = spectrum[:, half, :].sum() + spectrum[:, :, half].sum() - spectrum[:, half, half].sum()
    return 100 * float(at_stride / spectrum.sum())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=positive, default=12, help="of training for each variant")
    parser.add_argument("--seed", type=int, default=0, help="of weights, noise and data order")
    parser.add_argument("--quick", action="store_true", help="one epoch on 1,000 images")
    parser.add_argument(
        "--out", type=Path, help="folder for the picture (default: a new one in runs/)%(default).0s"
    )
    args = parse_with_device(parser)
    images, _ = load_mnist("train")
    if args.quick:
        images, args.epochs = images[:1000], 1
    noise = np.random.default_rng(args.seed).standard_normal((SAMPLES, 32))
    real = energy_at_stride(images[:SAMPLES])
    steps = len(images) // 64 * args.epochs

    out = args.out or new_folder("checkerboard")
    rows = []
    for name, variant in VARIANTS.items():
        print(f"training: {name}")
        mg.seed(args.seed)
        model = DCGAN(width=WIDTH, decay_steps=steps, **variant)
        before = model.sample(SAMPLES, noise)
        try:
            done = fit(model, Batches(images, 64, seed=args.seed), args.epochs, out / name.replace(" ", "_"))
        except FileExistsError as error:
            parser.error(str(error))
        if not done:
            sys.exit(130)
        rows.append((name, overlap_map(variant), before, model.sample(SAMPLES, noise)))

    print(f"\n{'energy at frequency 1/2, minus that of real digits':<52} ({real:.2f} %)")
    print(f"{'':<24} {'overlap max/min':>16} {'untrained':>12} {'trained':>12}")
    for name, overlap, before, after in rows:
        ratio, gained = overlap.max() / overlap.min(), [energy_at_stride(x) - real for x in (before, after)]
        print(f"{name:<24} {ratio:>16.2f} {gained[0]:>+10.2f} % {gained[1]:>+10.2f} %")
    draw(out / "checkerboard.png", rows, images[:SAMPLES])
    print(out / "checkerboard.png")


def profile(images: np.ndarray) -> np.ndarray:
    """The share of the energy of images (N, H, W, 1) at 0, 1, ..., W/2 cycles over the width of an image, in %."""
    centred = images[..., 0] - images.mean(axis=(1, 2))[:, np.newaxis]
    energy = np.mean(np.abs(np.fft.rfft(centred, axis=2)) ** 2, axis=(0, 1))  # (W/2 + 1,)
    return 100 * energy / energy.sum()


def draw(path: Path, rows: list, real: np.ndarray) -> None:
    """One column for each variant: overlap map, an untrained sample, trained samples, energy by frequency."""
    figure = Figure(figsize=(3 * len(rows), 11.4), layout="constrained")
    cycles = np.arange(real.shape[2] // 2 + 1) / real.shape[2]
    panels = figure.subplots(4, len(rows), sharey="row")
    for column, (name, overlap, before, after) in zip(panels.T, rows, strict=True):
        digits = np.block([[after[i, ..., 0], after[i + 1, ..., 0]] for i in (0, 2)])
        pictures = {
            f"{name}\ncontributions to a pixel": overlap,
            "a sample before training": before[0, ..., 0],
            "samples after training": digits,
        }
        for axes, (title, picture) in zip(column, pictures.items(), strict=False):
            top = 1.3 * overlap.max()
            axes.imshow(picture, cmap="gray", **({"vmin": 0, "vmax": top} if picture is overlap else {}))
            axes.set_title(title, fontsize=12)
            axes.set_axis_off()
        for (i, j), count in np.ndenumerate(overlap[:4, :4]):
            color = "white" if count < 0.65 * overlap.max() else "black"
            column[0].text(j, i, f"{count:.0f}", ha="center", va="center", fontsize=12, color=color)
        curves = column[3]
        for label, images, color, style in (
            ("real digits", real, "black", "-"), ("untrained", before, "#d55e00", "--"), ("trained", after, "#0072b2", "-"),
        ):  # fmt: skip
            curves.semilogy(cycles, profile(images), style, color=color, label=label, lw=1.6)
        curves.axvline(0.5, color="0.6", lw=0.8, ls=":")
        curves.set(title="energy by frequency", xlabel="cycles per pixel; ½: checkerboard")
        curves.grid(alpha=0.3)
    panels[3, 0].set_ylabel("share of the energy, %")
    panels[3, 0].legend(fontsize=9)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
