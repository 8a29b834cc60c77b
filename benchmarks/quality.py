"""Time to a stated quality: the share of confidently classified digits over seconds of training, beside PyTorch.

The MLP GAN and the DCGAN are trained by the recipes of examples/mlp_gan_mnist.py and examples/dcgan_mnist.py, in
minigan and in PyTorch (`torch_models`), from the same weights, on the same batches, with noise of their
own.  Every EVERY steps the clock stops, and the moving average of G draws 2,000 digits, always from the
same noise, of which `evaluation.confident_share` is taken.  Each run is a process of its own.  Needs the
`bench` extra.  Run on an idle machine, three to nine minutes for each of the four runs:

    python benchmarks/quality.py               writes a CSV file for each run, and quality.png, into runs/quality
    python benchmarks/quality.py --seeds 3     with seeds 0, 1, 2
    python benchmarks/quality.py --quick       a few steps, to see that it runs

Runs whose file is there are not made again, so the command goes on where it was interrupted.
"""

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
from timing import PAUSE, in_own_process, machine

import minigan as mg
from minigan.data import Batches, load_mnist
from minigan.evaluation import confident_share, digit_classifier
from minigan.gpucheck.digits import GANS, SETTINGS
from minigan.runs.folder import MODELS

ASKED = {"mlp_gan": 0.7, "dcgan": 0.8}  # the confident share
TITLES = {"mlp_gan": "MLP GAN", "dcgan": "DCGAN"}
LIBRARIES = {"minigan": "#0072b2", "pytorch": "#d55e00"}
EVERY, SAMPLES = 200, 2000
COLUMNS = ("step", "seconds", "confident")


def train(name: str, library: str, seed: int, quick: bool):
    """Yield (steps, seconds of training, confident share) of a run, every EVERY steps and at its end."""
    epochs, batch_size = GANS[name]
    images, every, samples = load_mnist()[0], EVERY, SAMPLES
    if quick:
        images, epochs, every, samples = images[:256], 1, 2, 100
    batches = Batches(images, batch_size, seed=seed)
    mg.seed(seed)
    model: Any = MODELS[name](decay_steps=epochs * len(batches), **SETTINGS.get(name, {}))
    noise = np.random.default_rng(seed).standard_normal((samples, model.latent_size))
    if library == "pytorch":
        import torch
        from torch_models import TorchGAN

        torch.manual_seed(seed)
        model = TorchGAN(model)

    def share() -> float:
        found = confident_share(digit_classifier().predict_proba(model.sample(samples, noise)))
        time.sleep(PAUSE)  # until the threads of the evaluation sleep
        return found

    steps, seconds = 0, 0.0
    yield steps, seconds, share()
    for epoch in range(epochs):
        start = time.perf_counter()
        for batch in batches.epoch(epoch):
            model.train_step(batch)
            steps += 1
            if steps % every == 0 or steps == epochs * len(batches):
                seconds += time.perf_counter() - start
                yield steps, seconds, share()
                start = time.perf_counter()
        seconds += time.perf_counter() - start


def write_run(path: Path, *run) -> None:
    """Train, and write the rows into a file that is there only once the run is finished."""
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for steps, seconds, confident in train(*run):
            writer.writerow((steps, f"{seconds:.3f}", f"{confident:.4f}"))
            file.flush()
    unfinished.rename(path)
    print(seconds)


def read_run(path: Path) -> np.ndarray:
    """The rows (evaluations, 3) of a finished run."""
    return np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)


def seconds_to(rows: np.ndarray, share: float) -> float:
    """The seconds of training after which an evaluation found this share first; infinity if none did."""
    reached = rows[:, 2] >= share
    return float(rows[reached.argmax(), 1]) if reached.any() else np.inf


def draw(path: Path, runs: dict[tuple[str, str, int], np.ndarray]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, (name, share) in zip(figure.subplots(1, 2, sharey=True), ASKED.items(), strict=True):
        axes.axhline(share, color="#666666", linestyle=":", label=f"{share:.0%}")
        for (run, library, seed), rows in runs.items():
            if run == name:
                style = "-" if library == "minigan" else "--"
                label = {"minigan": "minigan", "pytorch": "PyTorch"}[library] if seed == 0 else None
                axes.plot(rows[:, 1], rows[:, 2], style, color=LIBRARIES[library], label=label)
        axes.set(title=TITLES[name], xlabel="seconds of training")
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
    figure.axes[0].set_ylabel("confident share")
    figure.savefig(path, dpi=90, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=1, help="how many runs of each kind")
    parser.add_argument("--quick", action="store_true", help="a few steps only")
    parser.add_argument("--out", type=Path, default=Path("runs/quality"), help="the folder")
    parser.add_argument("--only", nargs=3, help=argparse.SUPPRESS)  # a run, in its own process
    args = parser.parse_args()
    if args.only:
        name, library, seed = args.only
        write_run(args.out / f"{name}_{library}_{seed}.csv", name, library, int(seed), args.quick)
        return
    args.out.mkdir(parents=True, exist_ok=True)
    print(machine(), end="\n\n")
    print(
        f"{'':10}{'':10}{'seed':>5}{'steps':>7}{'ms a step':>11}{'share at the end':>18}{'seconds to share':>19}"
    )
    runs = {}
    for seed in range(args.seeds):
        for name, share in ASKED.items():
            for library in LIBRARIES:
                path = args.out / f"{name}_{library}_{seed}.csv"
                if not path.exists():
                    quick = ["--quick"] * args.quick
                    in_own_process(__file__, *quick, "--out", args.out, "--only", name, library, seed)
                rows = runs[name, library, seed] = read_run(path)
                steps, seconds, last = rows[-1]
                text = (
                    f"{name:10}{library:10}{seed:>5}{steps:>7.0f}{1e3 * seconds / steps:>11.2f}{last:>18.3f}"
                )
                print(f"{text}{seconds_to(rows, share):>13.1f} ({share})", flush=True)
    draw(args.out / "quality.png", runs)
    print(args.out)


if __name__ == "__main__":
    main()
