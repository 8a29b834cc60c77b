"""How GANs fail, each failure provoked on purpose, and what a few of their relatives do about it, measured.

    python examples/failure_modes.py                          everything, about 13 minutes on one core
    python examples/failure_modes.py --only imbalance         one failure, or `digits`, or `comparison`
    python examples/failure_modes.py --quick                  a few seconds, too short to see anything

Five failures in the plane, where one can see everything: a generator learns a ring of eight narrow Gaussians, and
of two runs one has a single setting changed.  For each there is a figure of the samples and of the number by which
one notices (`diagnostics`, and `modes_covered`), an animation of the samples on D's surface, and the warnings of
the monitor.  The same for digits.  Then four GANs on the ring and on a grid of 25 Gaussians, several seeds
each, in one table.  docs/failure-modes.md says what came out.

The mixtures and the three measures are PacGAN's (Lin, Khetan, Fanti and Oh 2018); networks and training are much
smaller, so its numbers must not be put beside these.  Finished runs are kept in the folder, and a command that was
interrupted goes on after the last of them.
"""

import argparse
import csv
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from tunable_gan import TunableGAN

import minigan as mg
from minigan.autograd import no_grad
from minigan.backend import to_device, to_numpy
from minigan.data import grid, load_mnist, ring
from minigan.data.synthetic import grid_centres, ring_centres
from minigan.evaluation import digit_classifier
from minigan.evaluation.metrics import confident_share, digit_shares, modes_covered
from minigan.layers import Dense, Layer, LeakyReLU, ReLU, Sequential
from minigan.models import AEGAN, mlp_gan
from minigan.ops import sigmoid
from minigan.runs import parse_with_device, positive
from minigan.training import Monitor

BATCH = 100  # real examples that D sees in one of its steps
SAMPLES = 2500  # that the measures look at, as in PacGAN's experiments
EVERY = 50  # steps whose mean is one point of a curve
PIXELS = 50  # of D's surface, in each direction
MEASURES = ("modes", "quality", "reverse KL")
WIDTH = 64  # units of each of the two hidden layers, of every network in the plane
RATE = 3e-3  # learning rate; it falls to a twentieth in the comparison, and stays elsewhere
BETAS = 0.0, 0.99  # of Adam: without momentum
FAILURE_STEPS, DIGIT_STEPS, COMPARISON_STEPS = 1500, 1500, 2500
SHADES = 48  # of an animation
SHOWN = 1  # the seed whose samples are drawn; the curves are those of all
#: how the run that is fine and the changed one are drawn: hue, line and mark differ, for people who see no hues
STYLES = (
    {"color": "#0072b2", "linestyle": "-", "marker": "o"}, {"color": "#d55e00", "linestyle": "--", "marker": "^"}
)  # fmt: skip
SIGNALS = {  # column of the history -> what it is, above the curves
    "g_gradient": "How strongly D pushes a sample of G",
    "diversity": "Spread of the samples, divided by that of the data",
    "d_accuracy": "Share of real and generated examples that D gets right",
    "modes": "Modes that have samples, of 8",
}


class Mixture(NamedTuple):
    """Where examples come from: draw(n, seed=0) -> (n, 2), around centres (K, 2), std wide each."""

    draw: Callable[..., np.ndarray]
    centres: np.ndarray
    std: float


UNIT = 8**-0.5  # the grid's coordinates, times this, have variance 1: fractions of std stay the same
MIXTURES = {
    "ring": Mixture(ring, ring_centres(), 0.01),
    "grid": Mixture(lambda n, seed: UNIT * grid(n, seed=seed), UNIT * grid_centres(), UNIT * 0.05),
}


# --- The four, all with the same layers --------------------------------------------------------------


def network(n_in: int, n_out: int, activation: type[Layer]) -> Layer:
    return Sequential(
        Dense(n_in, WIDTH), activation(), Dense(WIDTH, WIDTH), activation(), Dense(WIDTH, n_out)
    )


def gan(packing: int = 1, **settings: Any) -> TunableGAN:
    G, D = network(2, 2, ReLU), network(2 * packing, 1, LeakyReLU)
    return TunableGAN(G, D, 2, packing=packing, **{"learning_rates": (RATE, RATE), "betas": BETAS} | settings)


def aegan(steps: int) -> AEGAN:
    """With the betas of the others, and like them without a moving average of G."""
    networks = (
        network(2, 2, ReLU),
        network(2, 2, LeakyReLU),
        network(2, 1, LeakyReLU),
        network(2, 1, LeakyReLU),
    )
    model = AEGAN(
        four=networks,
        latent_size=2,
        categories=0,
        learning_rates=(RATE, RATE, RATE, RATE),
        r1_weights=(0.0, 0.0),
        decay_steps=steps,
        average_decay=0.0,
    )
    for optimizer in model.optimizers.values():
        optimizer.beta_1, optimizer.beta_2 = BETAS
    return model


RIVALS: dict[str, Callable[[int], Any]] = {  # name -> steps -> model
    "GAN": lambda steps: gan(decay_steps=steps),
    "AEGAN": aegan,
    "WGAN-GP": lambda steps: gan(decay_steps=steps, kind="wasserstein", slope_weight=1.0, d_steps=5),
    "PacGAN, m = 2": lambda steps: gan(decay_steps=steps, packing=2),
}

# --- The five failures: a run that is fine, and what is changed in the other one ----------------------


class Failure(NamedTuple):
    settings: dict[str, Any]  # of `gan`, of both runs
    change: dict[str, Any]  # of one of them
    labels: tuple[str, str]
    signal: str  # the column of the history by which one sees it
    scale: str = "linear"


FAILURES = {
    "diminished-gradients": Failure(
        {"d_steps": 5},
        {"kind": "minimax"},
        ("G minimises -log D", "G minimises log(1 - D)"),
        "g_gradient",
        "log",
    ),
    "mode-collapse": Failure({}, {"g_steps": 10}, ("1 step of G", "10 steps of G"), "diversity"),
    "imbalance": Failure(
        {}, {"learning_rates": (RATE, RATE / 100)}, ("equal rates", "D's rate a hundredth"), "d_accuracy"
    ),
    "non-convergence": Failure({}, {"betas": (0.9, 0.999)}, ("no momentum", "momentum 0.9"), "modes"),
    "sensitivity": Failure(
        {},
        {"learning_rates": (10 * RATE, 10 * RATE)},
        (f"learning rate {RATE}", f"learning rate {10 * RATE}"),
        "modes",
    ),
}


# --- One run -----------------------------------------------------------------------------------------


def train(
    model: Any, data: np.ndarray, steps: int, seed: int, look: Callable[[Any], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Returns, from a training loop in the open, a row for every EVERY steps, and one for the untrained model: the
    means of the metrics, what `look` sees in the model then, and the warnings that were given."""
    rng, monitor, sums = np.random.default_rng(seed), Monitor(), {}
    rows = [{"step": 0, "warnings": []} | look(model)]
    for step in range(1, steps + 1):
        batch = data[rng.integers(len(data), size=BATCH * getattr(model, "d_steps", 1))]
        for name, number in model.train_step(batch).items():
            sums[name] = sums.get(name, 0.0) + float(number)
        if step % EVERY == 0:
            row = {"step": step} | {name: total / EVERY for name, total in sums.items()}
            rows.append(row | look(model) | {"warnings": monitor(row)})
            sums = {}
    return rows


def look_at_plane(mixture: Mixture, model: Any, count: int) -> dict[str, Any]:
    """Samples (count, 2) of the model, and the three measures of them."""
    x = model.sample(count)
    x = np.where(np.isfinite(x), x, 1e6)  # a run that has diverged has samples of no quality
    return {"samples": x} | dict(zip(MEASURES, modes_covered(x, mixture.centres, mixture.std), strict=True))


def surface(D: Layer, limit: float) -> np.ndarray:
    """D's probability of "real" on a square of points (PIXELS, PIXELS), from the lower left."""
    ticks = np.linspace(-limit, limit, PIXELS, dtype=np.float32)
    with no_grad():
        logits = D(to_device(np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)))
    return to_numpy(sigmoid(logits)).reshape(PIXELS, PIXELS)


def finished(folder: Path, name: str, compute: Callable[[], Any]) -> Any:
    """What `compute` answers, or answered when a command before this one had got as far as here."""
    path = folder / "finished" / f"{name}.json"
    if not path.exists():
        started = time.time()
        found = compute()
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(found, default=lambda array: np.asarray(array).tolist()))
        unfinished.replace(path)
        print(f"{name}: {time.time() - started:.1f} s", flush=True)
    return json.loads(path.read_text())


# --- Failures ----------------------------------------------------------------------------------------


def show_failure(name: str, args: argparse.Namespace) -> None:
    """Trains both runs with each seed; figure and animation are of the samples with one, curves of all."""
    failure, ring_, shown = FAILURES[name], MIXTURES["ring"], min(SHOWN, args.seeds - 1)
    steps = args.steps or FAILURE_STEPS

    def run(change: dict[str, Any], seed: int) -> list[dict[str, Any]]:
        mg.seed(seed)
        model = gan(**failure.settings | change)

        def look(model: Any) -> dict[str, Any]:
            seen = look_at_plane(ring_, model, 500)
            return seen | ({"surface": surface(model.D, 2).round(3)} if seed == shown else {})

        with np.errstate(all="ignore"):  # one of them may diverge
            return train(model, ring_.draw(100_000, seed=seed), steps, seed, look)

    runs = [
        [
            finished(args.out, f"{name}-{which}-{steps}-{seed}", lambda c=change, s=seed: run(c, s))
            for seed in range(args.seeds)
        ]
        for which, change in (("fine", {}), ("changed", failure.change))
    ]
    for label, rows in zip(failure.labels, (runs[0][shown], runs[1][shown]), strict=True):
        given = [f"step {row['step']}: {warning}" for row in rows for warning in row["warnings"]]
        print(f"{name}, {label}: " + ("; ".join(given) or "no warning"))

    draw_failure(args.out / f"{name}.png", failure, runs, shown, steps)
    animate_failure(args.out / f"{name}.gif", failure, runs, shown)


def draw_failure(path: Path, failure: Failure, runs: list[Any], shown: int, steps: int) -> None:
    """Both runs in the plane after the last step, and below them the number that shows the failure."""
    figure = Figure(figsize=(9, 8.2), layout="constrained")
    parts = figure.subplot_mosaic([["fine", "changed"], ["curves", "curves"]], height_ratios=[4.6, 3])
    curves = parts["curves"]
    for key, label, seeds, style in zip(("fine", "changed"), failure.labels, runs, STYLES, strict=True):
        draw_plane(parts[key], seeds[shown][-1], f"{label}, step {steps:,}", style)
        for number, rows in enumerate(seeds):
            column = [(row["step"], row[failure.signal]) for row in rows if failure.signal in row]
            name = f"{label} ({len(seeds)} seeds)"
            line = {"color": style["color"], "linestyle": style["linestyle"], "lw": 1.4}
            curves.plot(*zip(*column, strict=True), label=None if number else name, **line)
    curves.set(title=SIGNALS[failure.signal], yscale=failure.scale)
    curves.set_xlabel("step", fontsize=12)
    curves.set_ylabel(failure.signal, fontsize=12)
    curves.legend(fontsize=11)
    curves.grid(alpha=0.3)
    figure.savefig(path, dpi=90)


def animate_failure(path: Path, failure: Failure, runs: list[Any], shown: int) -> None:
    """The samples of both runs on D's surface, every EVERY steps, as a GIF of few shades, which is small."""
    figure = Figure(figsize=(7.4, 4.2), layout="constrained")
    canvas, panels, frames = FigureCanvasAgg(figure), figure.subplots(1, 2), []
    figure.set_dpi(64)
    for frame in range(len(runs[0][shown])):
        for plane, label, seeds, style in zip(panels, failure.labels, runs, STYLES, strict=True):
            plane.clear()
            draw_plane(plane, seeds[shown][frame], f"{label}\nstep {seeds[shown][frame]['step']:,}", style)
        canvas.draw()
        frames.append(Image.fromarray(np.array(canvas.buffer_rgba())[..., :3]))
    palette = frames[-1].quantize(SHADES)
    first, *others = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    first.save(path, save_all=True, append_images=others, duration=170, loop=0)


def draw_plane(axes: Any, row: dict[str, Any], title: str, style: dict[str, str]) -> None:
    """D's surface (dark: generated, light: real), the modes as crosses, and the samples."""
    centres = MIXTURES["ring"].centres
    axes.imshow(row["surface"], extent=(-2, 2, -2, 2), origin="lower", cmap="gray", vmin=0, vmax=1, alpha=0.6)
    axes.scatter(*centres.T, marker="+", s=90, c="black", lw=1.2, label="modes of the data")
    samples = {"s": 8, "c": style["color"], "marker": style["marker"]}
    axes.scatter(*np.array(row["samples"]).T, label="samples of G", **samples)
    axes.set(xlim=(-2, 2), ylim=(-2, 2), xticks=[-2, 0, 2], yticks=[-2, 0, 2], xlabel="x_1", ylabel="x_2")
    axes.set_title(title, fontsize=12)
    axes.legend(loc="upper right", fontsize=8)


# --- Digits: a saturating loss against a strong D -----------------------------------------------------


def show_digits(args: argparse.Namespace) -> None:
    """Prints, for both losses of G, how many samples the classifier is sure of, and the digits among them."""
    images, _ = load_mnist("train")
    for label, kind in (("-log D", "non_saturating"), ("log(1 - D)", "minimax")):

        def run(kind: str, seed: int) -> dict[str, Any]:
            mg.seed(seed)
            G = mlp_gan.generator(32, (128, 128), (28, 28, 1))
            D = Sequential(Dense(784, 128), LeakyReLU(), Dense(128, 1))
            model = TunableGAN(G, D, 32, kind=kind, d_steps=5)
            rows = train(model, images, args.steps or DIGIT_STEPS, seed, lambda model: {})
            p = digit_classifier().predict_proba(model.sample(1000))
            digits = int((digit_shares(p) > 0.01).sum())
            return {"rows": rows, "confident": 100 * confident_share(p), "digits": digits}

        found = [
            finished(
                args.out,
                f"digits-{kind}-{args.steps or DIGIT_STEPS}-{seed}",
                lambda k=kind, s=seed: run(k, s),
            )
            for seed in range(args.seeds)
        ]
        confident, digits = ([one[name] for one in found] for name in ("confident", "digits"))
        print(f"digits, G minimises {label}: confident {spread(confident)} %, digits {spread(digits)}")
        for row in found[0]["rows"]:
            for warning in row["warnings"]:
                print(f"digits, G minimises {label}, step {row['step']}: {warning}")


# --- Comparison --------------------------------------------------------------------------------------


def compare(args: argparse.Namespace) -> None:
    """comparison.csv: every mixture and rival, with means and standard errors over the seeds."""
    steps, table = args.steps or COMPARISON_STEPS, []

    def run(mixture: Mixture, rival: str, seed: int) -> dict[str, Any]:
        mg.seed(seed)
        model = RIVALS[rival](steps)
        train(model, mixture.draw(100_000, seed=seed), steps, seed, lambda model: {})
        return {k: v for k, v in look_at_plane(mixture, model, SAMPLES).items() if k != "samples"}

    for name, mixture in MIXTURES.items():
        for rival in RIVALS:
            found = [
                finished(
                    args.out,
                    f"{name}-{rival}-{steps}-{seed}",
                    lambda m=mixture, r=rival, s=seed: run(m, r, s),
                )
                for seed in range(args.seeds)
            ]
            table.append([name, rival, *(spread([one[m] for one in found]) for m in MEASURES)])
        perfect = [
            modes_covered(mixture.draw(SAMPLES, seed=1000 + seed), mixture.centres, mixture.std)
            for seed in range(args.seeds)
        ]
        table.append([name, "the mixture itself", *map(spread, zip(*perfect, strict=True))])
    with open(args.out / "comparison.csv", "w", newline="") as file:
        csv.writer(file).writerows([("mixture", "model", *MEASURES), *table])
    for row in [("mixture", "model", *MEASURES), *table]:
        print("{:8} {:20} {:>14} {:>16} {:>16}".format(*row))


def spread(numbers: Any) -> str:
    """Mean ± standard error."""
    error = np.std(numbers, ddof=1) / math.sqrt(len(numbers)) if len(numbers) > 1 else math.nan
    return f"{np.mean(numbers):.3f} ± {error:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parts = {name: lambda args, name=name: show_failure(name, args) for name in FAILURES}
    parts |= {"digits": show_digits, "comparison": compare}
    parser.add_argument("--only", choices=parts, help="one part (default: all)%(default).0s")
    parser.add_argument("--seeds", type=positive, default=5, help="runs of everything")
    parser.add_argument(
        "--steps",
        type=positive,
        help=f"of G (default: {FAILURE_STEPS} for a failure, {DIGIT_STEPS} for digits, {COMPARISON_STEPS} for "
        "the comparison)%(default).0s",
    )
    parser.add_argument("--quick", action="store_true", help="two seeds of 50 steps")
    parser.add_argument("--out", type=Path, default=Path("runs/failure_modes"), help="folder; goes on in it")
    args = parse_with_device(parser)
    if args.quick:
        args.seeds, args.steps = 2, EVERY
    args.out.mkdir(parents=True, exist_ok=True)
    for name in [args.only] if args.only else parts:
        parts[name](args)
    print(args.out)


if __name__ == "__main__":
    main()
