"""Does AEGAN stabilise the GAN within it?  The same networks and recipe, kind by kind, also where the GAN fails.

    python examples/aegan_claim.py                       everything, one to two hours on one core
    python examples/aegan_claim.py --part plane          a part of it; --kinds GAN AEGAN: two of the kinds
    python examples/aegan_claim.py --quick               a few seconds, too short to see anything

AEGAN is said to stabilise the training of GANs and to overcome mode collapse and lack of convergence (Lazarou 2020).
So: G and D_x as an AEGAN and as a GAN, for the same number of steps, first with the usual settings, then with one
thing changed that a GAN may not survive.

    plane     the ring and the grid of `failure_modes.py`, with its networks, where modes can be counted
    digits    the networks of `minigan/models/aegan.py` with half the channels; also the kinds between GAN and AEGAN,
              the paper's form, and a GAN that is trained for as long as the AEGAN

Means and standard errors over seeds go into plane.csv and digits.csv, figures beside them; docs/aegan.md says what
came out.  Finished runs are kept in the folder, and a command that was interrupted goes on after the last of them.
"""

import argparse
import csv
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import failure_modes
import numpy as np
from failure_modes import MIXTURES, STYLES, finished, look_at_plane, spread, train
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
from minigan.models.dcgan import discriminator
from minigan.optimizers import linear_decay
from minigan.runs import parse_with_device, positive

Table = dict[tuple[str, str], list[dict[str, Any]]]  # setting and kind -> what was measured with each seed

# --- Digits --------------------------------------------------------------------------------------------

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
        G, E, _, D_z = super().build()
        image = (self.image_size, self.image_size, self.channels)
        return G, E, discriminator(image, self.width, sees_batch=False), D_z


def make(setting: str, kind: str, steps: int) -> AEGAN:
    """The untrained model of a setting."""
    if kind == "paper":
        return PaperAEGAN(width=WIDTH, decay_steps=steps)
    maker = WithoutStdDev if setting == "no MinibatchStdDev" else AEGAN
    model = maker(width=WIDTH, kind=kind.removesuffix(", as long"), decay_steps=steps)
    if setting == "rates x 4":
        rates = [4 * rate for rate in model.learning_rates]
        model = AEGAN(width=WIDTH, kind=kind, decay_steps=steps, learning_rates=tuple(rates))  # type: ignore[arg-type]
    optimizer: Any
    for optimizer in model.optimizers.values() if setting == "beta 0.9" else ():
        optimizer.beta_1 = 0.9
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


# --- The plane -----------------------------------------------------------------------------------------

#: setting -> what is changed in the optimizers of all networks
PLANE = {"ring, beta 0.9": {"beta_1": 0.9}, "ring, rates x 10": {"factor": 10.0}, "ring": {}, "grid": {}}


def run_plane(setting: str, kind: str, steps: int, seed: int) -> dict[str, Any]:
    """Modes, quality and reverse KL of one model, trained with one seed, as in `failure_modes.compare`."""
    mixture = MIXTURES[setting.partition(",")[0]]
    mg.seed(seed)
    model = failure_modes.aegan(steps) if kind == "AEGAN" else failure_modes.gan(decay_steps=steps)
    optimizer: Any
    for optimizer in model.optimizers.values():
        rate = PLANE[setting].get("factor", 1.0) * failure_modes.RATE
        optimizer.learning_rate = linear_decay(rate, steps, final=0.05)
        optimizer.beta_1 = PLANE[setting].get("beta_1", optimizer.beta_1)
    started = time.process_time()
    with np.errstate(all="ignore"):  # some of them diverge
        train(model, mixture.draw(100_000, seed=seed), steps, seed, lambda model: {})
    seconds = time.process_time() - started
    found = look_at_plane(mixture, model, failure_modes.SAMPLES)
    return {name: found[name] for name in failure_modes.MEASURES} | {"seconds": seconds}


# --- Both ----------------------------------------------------------------------------------------------


class Part(NamedTuple):
    run: Callable[[str, str, int, int], dict[str, Any]]
    settings: dict[str, Any]  # setting -> its kinds
    steps: int
    measures: tuple[str, ...]
    shown: tuple[str, ...]  # in the figure


PARTS = {
    "plane": Part(
        run_plane,
        dict.fromkeys(PLANE, ("GAN", "AEGAN")),
        failure_modes.COMPARISON_STEPS,
        (*failure_modes.MEASURES, "seconds"),
        failure_modes.MEASURES,
    ),
    "digits": Part(run, SETTINGS, STEPS, MEASURES, ("confident %", "distance", "recall")),
}


def draw(table: Table, shown: tuple[str, ...], path: Path) -> None:
    """GAN and AEGAN side by side in every setting: each mark is one seed, each bar their mean."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    settings = list(dict.fromkeys(setting for setting, _ in table))
    for number, (axes, measure) in enumerate(zip(figure.subplots(1, len(shown)), shown, strict=True)):
        for offset, kind, style in ((-0.2, "GAN", STYLES[1]), (0.2, "AEGAN", STYLES[0])):
            for place, setting in enumerate(settings):
                if numbers := [one[measure] for one in table.get((setting, kind), [])]:
                    height, hue = place + offset, style["color"]
                    axes.barh(height, np.mean(numbers), 0.36, color=hue, alpha=0.4)
                    marks = {"color": hue, "marker": style["marker"], "linestyle": "", "ms": 5}
                    axes.plot(numbers, [height] * len(numbers), label=None if place else kind, **marks)
        axes.set(title=measure, yticks=range(len(settings)), ylim=(len(settings) - 0.5, -0.5))
        axes.set_yticklabels([] if number else settings)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=90)


def compare(name: str, args: argparse.Namespace) -> None:
    """The table of a part, as name.csv and printed, and its figure."""
    part, steps = PARTS[name], args.steps or PARTS[name].steps
    table: Table = {}
    for seed in range(args.seeds):
        for setting in [args.setting] if args.setting else part.settings:
            for kind in (kind for kind in part.settings[setting] if kind in args.kinds):
                key = f"{name}-{setting}-{kind}-{steps}-{seed}".replace(" ", "_").replace(",", "")
                found = finished(args.out, key, partial(part.run, setting, kind, steps, seed))
                table.setdefault((setting, kind), []).append(found)
    header = ("setting", "kind", "seeds", *part.measures)
    rows = [
        [*key, len(runs), *(spread([one[m] for one in runs]) for m in part.measures)]
        for key, runs in table.items()
    ]
    with open(args.out / f"{name}.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    for row in [header, *rows]:
        print("{:19} {:13} {:>5} ".format(*row) + "".join(f"{cell:>18}" for cell in row[3:]))
    draw(table, part.shown, args.out / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    every = dict.fromkeys(kind for kinds in SETTINGS.values() for kind in kinds)
    parser.add_argument("--part", choices=PARTS, help="one part (default: both)%(default).0s")
    parser.add_argument("--setting", choices=[*PLANE, *SETTINGS], help="one setting of the part%(default).0s")
    several = "some of the kinds (default: all)%(default).0s"
    parser.add_argument("--kinds", nargs="+", choices=every, default=every, help=several)
    parser.add_argument("--seeds", type=positive, default=5, help="runs of each kind in each setting")
    ours = f"of G (default: {PARTS['plane'].steps} in the plane, {STEPS} for digits)%(default).0s"
    parser.add_argument("--steps", type=positive, help=ours)
    parser.add_argument("--quick", action="store_true", help="one seed of 2 steps")
    parser.add_argument("--out", type=Path, default=Path("runs/aegan_claim"), help="folder; goes on in it")
    args = parse_with_device(parser)
    if args.setting and not (args.part and args.setting in PARTS[args.part].settings):
        parser.error("--setting needs --part, and is one of its settings")
    if args.quick:
        args.seeds, args.steps = 1, 2
    args.out.mkdir(parents=True, exist_ok=True)
    for name in [args.part] if args.part else PARTS:
        compare(name, args)
    print(args.out)


if __name__ == "__main__":
    main()
