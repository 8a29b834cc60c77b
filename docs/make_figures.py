"""Draw the figures of the documentation:  python docs/make_figures.py

They are committed, so this runs only after a change.  The numbers in them are computed by minigan.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from minigan import Tensor, grad, ops

FOLDER = Path(__file__).parent / "figures"
BLUE, RED, GREY, GREEN, ORANGE = "#1f5fa8", "#b3261e", "#777777", "#2e7d32", "#c77700"


def save(figure: Figure, name: str) -> None:
    figure.savefig(FOLDER / name, dpi=110, metadata={"Software": None})
    print(FOLDER / name)


def graph() -> None:
    """y = a + tanh a with a = x w: numbers of birth, the forward pass, and the walk back."""
    x, w = Tensor(np.array(0.5)), Tensor(np.array(2.0))
    a = x * w
    b = ops.tanh(a)
    y = a + b
    tensors = {"x": x, "w": w, "a": a, "b": b, "y": y}
    gradients = dict(zip(tensors, grad(y, list(tensors.values())), strict=True))
    direct, through_b = 1.0, float(1 - b.data**2)
    formula = {"x": "variable", "w": "variable", "a": "x · w", "b": "tanh a", "y": "a + b"}
    turns = {"y": "1st", "b": "2nd", "a": "3rd", "x": "answer", "w": "answer"}
    place = {"x": (0, 1.6), "w": (0, 0), "a": (2.6, 0.8), "b": (5.2, 0.0), "y": (7.8, 0.8)}
    edges = [("x", "a"), ("w", "a"), ("a", "b"), ("a", "y"), ("b", "y")]

    figure = Figure(figsize=(8.6, 5.4), layout="constrained")
    panels = figure.subplots(2, 1)
    order = sorted(tensors, key=lambda name: tensors[name].age)
    for axes, backward in zip(panels, (False, True), strict=True):
        axes.set(xlim=(-0.8, 8.8), ylim=(-0.75, 2.35), aspect="equal")
        axes.axis("off")
        title = (
            "Backward: from young to old"
            if backward
            else "Forward: every result is born after what it is made of"
        )
        axes.set_title(title, loc="left", fontsize=11)
        for start, end in edges:
            if backward:
                start, end = end, start
            bend = 0.18 if {start, end} == {"a", "y"} else 0.0
            axes.annotate(
                "", place[end], place[start],
                arrowprops={
                    "arrowstyle": "-|>", "color": RED if backward else GREY, "shrinkA": 23, "shrinkB": 23,
                    "lw": 1.6, "connectionstyle": f"arc3,rad={bend if backward else -bend}",
                },
            )  # fmt: skip
        for number, name in enumerate(order):
            (px, py), t = place[name], tensors[name]
            axes.plot(
                px, py, "o", markersize=36, color="white", markeredgecolor=RED if backward else BLUE, zorder=3
            )
            axes.text(px, py + 0.04, name, ha="center", va="center", fontsize=14, zorder=4)
            if backward:
                below, corner = f"g = {float(gradients[name]):.3f}", turns[name]
            else:
                below, corner = f"{formula[name]}\n{float(t.data):.3f}", f"#{number}"
            axes.text(px, py - 0.45, below, ha="center", va="top", fontsize=9)
            axes.text(
                px, py + 0.44, corner, ha="center", va="bottom", fontsize=9, color=RED if backward else BLUE
            )
        if backward:
            axes.text(5.2, 1.42, f"g · 1 = {direct:.3f}", ha="center", fontsize=9, color=RED)
            axes.text(3.15, -0.02, f"g (1 - b²) = {through_b:.3f}", ha="left", fontsize=9, color=RED)
            axes.text(
                2.6, 1.62, "the two arrivals are added", ha="center", fontsize=9, style="italic", color=RED
            )
    save(figure, "graph.png")


def step_sizes() -> None:
    """The error of four difference quotients against h, for f(x) = e^sin(x) at x = 1."""

    def f(x):
        return np.exp(np.sin(x))

    x = np.float64(1.0)
    exact = f(x) * np.cos(x)
    h = 10.0 ** np.arange(-16, 0.01, 0.1)

    def central(h):
        return (f(x + h) - f(x - h)) / (2 * h)

    low = np.float32(1.0)
    h32 = 2.0 ** np.arange(-22, 0.01, 0.25, dtype=np.float32)
    single = (f(low + h32) - f(low - h32)) / ((low + h32) - (low - h32)).astype(np.float64)
    curves = {
        "one-sided": (h, (f(x + h) - f(x)) / h, GREY),
        "central": (h, central(h), BLUE),
        "central, float32": (h32, single, ORANGE),
        "Richardson": (h, (4 * central(h / 2) - central(h)) / 3, RED),
        "complex step": (h, f(x + 1j * h).imag / h, GREEN),
    }
    figure = Figure(figsize=(7.4, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, (steps, estimate, colour) in curves.items():
        style = "--" if name == "complex step" else "-"  # for large h it coincides with "central"
        error = np.maximum(np.abs(estimate - exact) / abs(exact), 1e-16)
        axes.loglog(steps, error, color=colour, label=name, linewidth=1.5, linestyle=style)
    for slope, scale, text, at in (
        (1, 0.25, "h", 3e-6), (2, 0.008, "h²", 3e-4), (4, 0.003, "h⁴", 4e-2), (-1, 8e-18, "ε / h", 1e-13),
    ):  # fmt: skip
        span = np.array([at / 6, at * 6]) if slope < 3 else np.array([at / 2, at * 4])
        axes.loglog(span, scale * span**slope, "k--", linewidth=0.8)
        axes.text(
            at, 0.4 * scale * at**slope, text, fontsize=10, ha="left" if slope > 0 else "right", va="top"
        )
    axes.set(
        xlabel="step h", ylabel="relative error of the derivative", ylim=(4e-17, 3), xlim=(1e-16, 1),
        title="f(x) = exp(sin x) at x = 1, float64 unless said otherwise",
    )  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.43, 1.0), fontsize=9)
    save(figure, "step_sizes.png")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    graph()
    step_sizes()
