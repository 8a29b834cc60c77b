"""Does AEGAN stabilise the GAN within it?  The same networks and recipe, kind by kind, also where the GAN fails.

    python examples/aegan_claim.py                       everything, one to two hours on one core
    python examples/aegan_claim.py --setting "beta 0.9"  one of the settings; --kinds GAN AEGAN: two of the kinds
    python examples/aegan_claim.py --quick               a few seconds, too short to see anything

AEGAN is said to stabilise the training of GANs and to overcome mode collapse and lack of convergence (Lazarou 2020).
So: digits, G and D_x of `minigan/models/aegan.py` with half the channels, trained as a GAN, as an AEGAN and as what
is between them, for the same number of steps and, the GAN, for the same time.  First with the settings of that file;
then with one thing changed that a GAN may not survive.  Means and standard errors over seeds go into results.csv,
and one figure into results.png; docs/aegan.md says what came out.  Finished runs are kept in the folder, and a
command that was interrupted goes on after the last of them.
"""

import argparse
import csv
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from failure_modes import finished, spread
from matplotlib.figure import Figure
from paper_aegan import PaperAEGAN

import minigan as mg
from minigan import layers as L
from minigan.data import Batches, load_mnist
from minigan.evaluation import (
    confident_share,
    digit_classifier,
    digit_shares,
    frechet_distance,
    precision_recall,
)
from minigan.models import AEGAN
from minigan.runs import parse_with_device, positive

STEPS, BATCH, WIDTH, SAMPLES = 300, 32, 16, 1000
AS_LONG = 2.4  # steps of the GAN in the time of one step of AEGAN
MEASURES = ("confident %", "rarest digit %", "digits", "distance", "recall", "seconds")

#: setting -> the kinds that are trained in it; "GAN, as long" takes AS_LONG times as many steps
SETTINGS = {
    "as it is": ("GAN", "GAN, as long", "AEGAN", "EGAN", "AAE", "AE", "paper"),
    "no MinibatchStdDev": ("GAN", "AEGAN"),
    "beta 0.9": ("GAN", "AEGAN"),
    "rates x 4": ("GAN", "AEGAN"),
    "1,000 images": ("GAN", "AEGAN"),
}


class WithoutStdDev(AEGAN):
    """An AEGAN whose D_x does not see how much a batch varies."""

    def build(self) -> tuple[L.Layer, L.Layer, L.Layer, L.Layer]:
        G, E, D_x, D_z = super().build()
        *convolutions, _, flatten, last = D_x.layers  # type: ignore[attr-defined]
        quarter = self.image_size // 4
        fewer = L.Dense(last.kernel.shape[0] - quarter * quarter, 1)
        return G, E, L.Sequential(*convolutions, flatten, fewer), D_z


def make(setting: str, kind: str, steps: int) -> AEGAN:
    """The untrained model of a setting."""
    if kind == "paper":
        return PaperAEGAN(width=WIDTH, decay_steps=steps)
    maker = WithoutStdDev if setting == "no MinibatchStdDev" else AEGAN
    model = maker(width=WIDTH, kind=kind.removesuffix(", as long"), decay_steps=steps)
    if setting == "rates x 4":
        rates = [4 * rate for rate in model.learning_rates]
        model = AEGAN(width=WIDTH, kind=kind, decay_steps=steps, learning_rates=tuple(rates))  # type: ignore[arg-type]
    if setting == "beta 0.9":
        for optimizer in model.optimizers.values():
            optimizer.beta_1 = 0.9  # type: ignore[attr-defined]
    return model


def run(setting: str, kind: str, steps: int, seed: int) -> dict[str, Any]:
    """The measures of one model, trained with one seed."""
    mg.seed(seed)
    images, _ = load_mnist("train")
    batches = Batches(images[:1000] if setting == "1,000 images" else images, BATCH, seed=seed)
    steps = round(AS_LONG * steps) if kind == "GAN, as long" else steps
    model, taken, started = make(setting, kind, steps), 0, time.process_time()
    with np.errstate(all="ignore"):  # some of them diverge
        for epoch in range(steps):
            for batch in batches.epoch(epoch):
                if taken < steps:
                    model.train_step(batch)
                    taken += 1
            if taken == steps:
                break
    seconds = time.process_time() - started
    noise = np.random.default_rng(0).standard_normal((SAMPLES, model.latent_size))
    samples = np.nan_to_num(model.sample(SAMPLES, noise))
    return measured(samples) | {"seconds": seconds}


@cache
def real_features() -> np.ndarray:
    """The classifier's features of the shipped training images (10,000, 64)."""
    return digit_classifier().features(load_mnist("train")[0])


def measured(samples: np.ndarray) -> dict[str, float]:
    """How good samples (N, 28, 28, 1) are, compared with real images."""
    features, real = digit_classifier().features(samples), real_features()
    probabilities = digit_classifier().head_proba(features)
    shares = digit_shares(probabilities)
    return {
        "confident %": 100 * confident_share(probabilities),
        "rarest digit %": 100 * float(shares.min()),
        "digits": int((shares >= 0.01).sum()),
        "distance": float(frechet_distance(real, features)),
        "recall": float(precision_recall(real[: len(features)], features)[1]),
    }


def draw(table: dict[tuple[str, str], list[dict[str, float]]], path: Path) -> None:
    """GAN and AEGAN side by side in every setting: each dot is one seed, each bar their mean."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    settings = list(dict.fromkeys(setting for setting, _ in table))
    panels = zip(figure.subplots(1, 3), ("confident %", "distance", "recall"), strict=True)
    for axes, measure in panels:
        for offset, kind, colour in ((-0.2, "GAN", "tab:orange"), (0.2, "AEGAN", "tab:blue")):
            for place, setting in enumerate(settings):
                numbers = [one[measure] for one in table.get((setting, kind), [])]
                if numbers:
                    label = kind if place == 0 else None
                    axes.barh(place + offset, np.mean(numbers), 0.36, color=colour, alpha=0.5, label=label)
                    axes.plot(numbers, [place + offset] * len(numbers), "o", color=colour, ms=4)
        axes.set(
            title=measure, yticks=range(len(settings)), yticklabels=settings, ylim=(len(settings) - 0.5, -0.5)
        )
        if measure != "confident %":
            axes.set_yticklabels([])
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--setting", choices=SETTINGS, help="one setting (default: all)%(default).0s")
    every = list(dict.fromkeys(kind for kinds in SETTINGS.values() for kind in kinds))
    several = "some of the kinds (default: all)%(default).0s"
    parser.add_argument("--kinds", nargs="+", choices=every, default=every, help=several)
    parser.add_argument("--seeds", type=positive, default=5, help="runs of each kind in each setting")
    parser.add_argument("--steps", type=positive, default=STEPS, help="of G, on batches of 32")
    parser.add_argument("--quick", action="store_true", help="one seed of 2 steps")
    parser.add_argument("--out", type=Path, default=Path("runs/aegan_claim"), help="folder; goes on in it")
    args = parse_with_device(parser)
    if args.quick:
        args.seeds, args.steps = 1, 2
    args.out.mkdir(parents=True, exist_ok=True)

    table: dict[tuple[str, str], list[dict[str, float]]] = {}
    for seed in range(args.seeds):
        for setting in [args.setting] if args.setting else SETTINGS:
            for kind in (kind for kind in SETTINGS[setting] if kind in args.kinds):
                name = f"{setting}-{kind}-{args.steps}-{seed}".replace(" ", "_").replace(",", "")
                compute = partial(run, setting, kind, args.steps, seed)
                found = finished(args.out, name, compute)
                table.setdefault((setting, kind), []).append(found)
    rows = [
        [*key, len(runs), *(spread([one[m] for one in runs]) for m in MEASURES)]
        for key, runs in table.items()
    ]
    with open(args.out / "results.csv", "w", newline="") as file:
        csv.writer(file).writerows([("setting", "kind", "seeds", *MEASURES), *rows])
    for row in [("setting", "kind", "seeds", *MEASURES), *rows]:
        print("{:19} {:13} {:>5} {:>16} {:>16} {:>15} {:>17} {:>15} {:>17}".format(*row))
    draw(table, args.out / "results.png")
    print(args.out)


if __name__ == "__main__":
    main()
