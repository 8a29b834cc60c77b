"""How time and memory of a GAN's training step grow with batch, width, image size and depth, beside PyTorch's.

Around one DCGAN one setting at a time is changed: the images in a batch, the channels of the layers next to
the image (those further inside have twice as many), the height and width of the images, and the number of
convolutions in each of G and D (two with stride 2, the others 3x3 between them and the dense layer).  Both
libraries train from the same weights, with Adam and the moving average of G; PyTorch has its fused Adam.
Needs the `bench` extra.  Run on an idle machine, about six minutes:

    python benchmarks/scaling.py            writes scaling.csv and scaling.png into runs/scaling
    python benchmarks/scaling.py --quick    a few small points, to see that it runs

What is in scaling.csv already is not measured again, so a run that was interrupted goes on.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from timing import in_own_process, machine, measure, memory_of_steps

import minigan as mg
from minigan import layers as L
from minigan.models.gan import GAN

VALUES = {
    "batch": (2, 8, 32, 128, 512),
    "width": (8, 16, 32, 64, 128),
    "size": (16, 32, 64, 128),
    "depth": (2, 4, 8, 16),
}
BASE = {"batch": 32, "width": 32, "size": 32, "depth": 2}
QUICK_VALUES = {"batch": (2, 4), "width": (4, 8), "size": (8, 16), "depth": (2, 3)}
QUICK_BASE = {"batch": 4, "width": 4, "size": 8, "depth": 2}
LIBRARIES = ("minigan", "PyTorch")
MEASURED = ("minimum ms", "median ms", "memory MiB")
LABELS = {
    "batch": "images in a batch",
    "width": "channels",
    "size": "pixels of a side",
    "depth": "convolutions each",
}
LATENT, BLOCKS, SECONDS_OF_BLOCK = 64, 3, 1.0
QUICK_BLOCKS, QUICK_SECONDS_OF_BLOCK = 1, 0.0
MEMORY_STEPS = 4  # before the high-water mark of the memory is read


def gan(width: int, size: int, depth: int) -> GAN:
    quarter, deep = size // 4, 2 * width
    g_middle, d_middle = [], []
    for _ in range(depth - 2):
        convolution = [L.Conv2D(deep, deep, 3, padding="same", use_bias=False), L.BatchNormalization(deep)]
        g_middle += [*convolution, L.ReLU()]
        d_middle += [L.Conv2D(deep, deep, 3, padding="same"), L.LeakyReLU(0.2)]
    G = L.Sequential(
        L.Dense(LATENT, quarter * quarter * deep, use_bias=False), L.Reshape((quarter, quarter, deep)),
        L.BatchNormalization(deep), L.ReLU(), *g_middle,
        L.Conv2DTranspose(deep, width, 4, 2, "same", use_bias=False), L.BatchNormalization(width), L.ReLU(),
        L.Conv2DTranspose(width, 1, 4, 2, "same"), L.Tanh(),
    )  # fmt: skip
    D = L.Sequential(
        L.Conv2D(1, width, 4, 2, "same"), L.LeakyReLU(0.2),
        L.Conv2D(width, deep, 4, 2, "same"), L.LeakyReLU(0.2), *d_middle,
        L.MinibatchStdDev(), L.Flatten(), L.Dense(quarter * quarter * (deep + 1), 1),
    )  # fmt: skip
    return GAN(G, D, LATENT, r1_weight=0.0)  # without the penalty: every step takes as long


def step(library: str, batch: int, width: int, size: int, depth: int):
    """A function without arguments that makes one training step."""
    mg.seed(0)
    model = gan(width, size, depth)
    images = np.random.default_rng(0).uniform(-1, 1, (batch, size, size, 1)).astype(np.float32)
    if library == "PyTorch":
        from torch_models import TorchGAN

        model = TorchGAN(model)
    return lambda: model.train_step(images)


def points(base: dict, values: dict) -> list[tuple[int, ...]]:
    """The settings (batch, width, size, depth) to be measured, each once."""
    found = [tuple((base | {name: value}).values()) for name, row in values.items() for value in row]
    return list(dict.fromkeys(found))


def measured(point: tuple[int, ...], blocks: int, seconds_of_block: float) -> list[tuple]:
    """A row for each library: its name, minimum and median in ms, and the MiB that steps add to a process."""
    steps = {library: step(library, *point) for library in LIBRARIES}
    slowest = 0.0
    for call in steps.values():
        call()
        start = time.perf_counter()
        call()
        slowest = max(slowest, time.perf_counter() - start)
    calls = int(np.clip(seconds_of_block / slowest, 2, 20))
    rows = []
    for library, seconds in measure(steps, blocks, calls).items():
        before, after = in_own_process(__file__, "--only", library, *point)
        rows.append((library, 1e3 * seconds[0], 1e3 * float(np.median(seconds)), after - before))
    return rows


def read(path: Path) -> dict[tuple, tuple[float, ...]]:
    """(batch, width, size, depth, library) -> the numbers of MEASURED, of every whole row of the file."""
    if not path.exists():
        return {}
    rows = [
        row for row in csv.reader(path.read_text().splitlines()) if len(row) == len(BASE) + 1 + len(MEASURED)
    ]
    return {(*map(int, row[:4]), row[4]): tuple(map(float, row[5:])) for row in rows[1:]}


def slope(x, y) -> float:
    """b of the line log y = a + b log x through the points, by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def draw(path: Path, found: dict, base: dict, values: dict) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.6), layout="constrained")
    panels = figure.subplots(2, len(values), sharey="row")
    for column, (name, row) in zip(panels.T, values.items(), strict=True):
        for axes, which in zip(column, (0, 2), strict=True):  # of MEASURED
            curves = [
                [found[(*(base | {name: value}).values(), library)][which] for value in row]
                for library in LIBRARIES
            ]
            for library, y, color, mark in zip(LIBRARIES, curves, ("#0072b2", "#d55e00"), "os", strict=True):
                axes.loglog(row, y, marker=mark, color=color, label=library)
                above = y[-1] == max(curve[-1] for curve in curves)
                axes.annotate(
                    f"{slope(row, y):.2f}", (row[-1], y[-1]), (7, 2 if above else -9), color=color,
                    textcoords="offset points",
                )  # fmt: skip
            axes.set_xticks(row, map(str, row))
            axes.minorticks_off()
            axes.margins(x=0.3, y=0.1)
            axes.grid(alpha=0.3)
        column[1].set_xlabel(LABELS[name])
    panels[0, 0].set_ylabel("a step, minimum, ms")
    panels[1, 0].set_ylabel("memory of steps, MiB")
    panels[0, 0].legend(loc="upper left")
    figure.savefig(path, dpi=90, metadata={"Software": None})


def table(found: dict, base: dict, values: dict) -> str:
    """A row for every point, with the ratios of minigan to PyTorch, and the slopes below each variable."""
    lines = [f"{'':12}{'minimum (median), ms':^42}{'':10}{'memory, MiB':^28}"]
    lines += [f"{'':12}{'minigan':>20}{'PyTorch':>20}{'ratio':>10}{'minigan':>12}{'PyTorch':>10}{'ratio':>8}"]
    for name, row in values.items():
        rows = [[found[(*(base | {name: v}).values(), library)] for library in LIBRARIES] for v in row]
        for value, (ours, theirs) in zip(row, rows, strict=True):
            times = "".join(f"{low:>10.2f}{f'({middle:.2f})':>10}" for low, middle, _ in (ours, theirs))
            memory = f"{ours[2]:>12.1f}{theirs[2]:>10.1f}{ours[2] / theirs[2]:>8.2f}"
            lines.append(f"{name:>7}{value:>5}{times}{ours[0] / theirs[0]:>10.2f}{memory}")
        time_slopes, memory_slopes = (
            [slope(row, [pair[i][which] for pair in rows]) for i in (0, 1)] for which in (0, 2)
        )
        lines.append(
            f"{'slope':>12}{time_slopes[0]:>10.2f}{time_slopes[1]:>20.2f}{'':20}"
            f"{memory_slopes[0]:>12.2f}{memory_slopes[1]:>10.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few small points")
    parser.add_argument("--out", type=Path, default=Path("runs/scaling"), help="the folder")
    # a library and a point, in a process of its own:
    parser.add_argument("--only", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        library, *point = args.only
        print(*memory_of_steps(step(library, *map(int, point)), MEMORY_STEPS))
        return
    base, values = (QUICK_BASE, QUICK_VALUES) if args.quick else (BASE, VALUES)
    how = (QUICK_BLOCKS, QUICK_SECONDS_OF_BLOCK) if args.quick else (BLOCKS, SECONDS_OF_BLOCK)
    print(machine(), end="\n\n", flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "scaling.csv"
    if not path.exists():
        path.write_text(",".join([*BASE, "library", *MEASURED]) + "\n")
    for point in points(base, values):
        if not all((*point, library) in read(path) for library in LIBRARIES):
            lines = [",".join(map(str, (*point, *row))) for row in measured(point, *how)]
            with path.open("a") as file:
                file.write("\n".join(lines) + "\n")
    found = read(path)
    print(table(found, base, values))
    draw(args.out / "scaling.png", found, base, values)
    print(args.out)


if __name__ == "__main__":
    main()
