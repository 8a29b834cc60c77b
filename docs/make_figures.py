"""Draw the figures of the documentation:  python docs/make_figures.py

They are committed, so this runs only after a change.  The numbers in them are computed by minigan.
"""

from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from minigan import Tensor, as_matrix, grad, ops
from minigan.layers import squash

FOLDER = Path(__file__).parent / "figures"
#: Okabe and Ito (2008), for people with any of the usual kinds of colour blindness; red is their vermillion
BLUE, RED, GREY, GREEN, ORANGE = "#0072b2", "#d55e00", "#666666", "#007a59", "#e69f00"


def save(figure: Figure, name: str) -> None:
    figure.savefig(FOLDER / name, dpi=110, metadata={"Software": None})
    print(FOLDER / name)


def graph() -> None:
    """y = a + tanh a with a = x w: the order of creation, the forward pass, and the walk back."""
    x, w = Tensor(np.array(0.5)), Tensor(np.array(2.0))
    a = x * w
    b = ops.tanh(a)
    y = a + b
    tensors = {"x": x, "w": w, "a": a, "b": b, "y": y}
    gradients = dict(zip(tensors, grad(y, list(tensors.values())), strict=True))
    direct, through_b = 1.0, float(1 - b.data**2)
    formula = {"x": "variable", "w": "variable", "a": "x · w", "b": "tanh a", "y": "a + b"}
    turns = {"y": "1st", "b": "2nd", "a": "3rd", "x": "result", "w": "result"}
    place = {"x": (0, 1.6), "w": (0, 0), "a": (2.6, 0.8), "b": (5.2, 0.0), "y": (7.8, 0.8)}
    edges = [("x", "a"), ("w", "a"), ("a", "b"), ("a", "y"), ("b", "y")]

    figure = Figure(figsize=(8.6, 5.4), layout="constrained")
    panels = figure.subplots(2, 1)
    order = sorted(tensors, key=lambda name: tensors[name].order)
    for axes, backward in zip(panels, (False, True), strict=True):
        axes.set(xlim=(-0.8, 8.8), ylim=(-0.75, 2.35), aspect="equal")
        axes.axis("off")
        title = (
            "Backward: from the youngest to the oldest"
            if backward
            else "Forward: every result is created after what it is made of"
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


def three_ways() -> None:
    """One axis of a convolution, read in three directions: what meets what, and the three results."""
    n, size, stride, frame = 5, 3, 2, 1
    x, w, g = np.arange(1.0, 6), np.array([1.0, 10, 100]), np.array([1.0, 2, 3])
    image, kernel = Tensor(x.reshape(1, 1, n, 1)), Tensor(w.reshape(1, size, 1, 1))
    y = ops.conv2d(image, kernel, (1, stride), ((0, 0), (frame, frame)))
    dx, dw = grad(y, [image, kernel], g.reshape(y.shape))
    y, dx, dw = y.data.ravel(), dx.ravel(), dw.ravel()
    edges = [(stride * o + k - frame, o, k) for o in range(len(y)) for k in range(size)]
    tap_colours = (BLUE, ORANGE, GREEN)
    title = (
        "Forward: the sum for y[1]",
        "Gradient of the image: the sum for x[3]",
        "Gradient of the kernel: the sum for w[0]",
    )
    sums = (
        "y[1] = x[1] w[0] + x[2] w[1] + x[3] w[2]",
        "dL/dx[3] = g[1] w[2] + g[2] w[0]",
        "dL/dw[0] = g[1] x[1] + g[2] x[3]",
    )
    results = (
        f"= 2 · 1 + 3 · 10 + 4 · 100 = {y[1]:.0f}",
        f"= 2 · 100 + 3 · 1 = {dx[3]:.0f}",
        f"= 2 · 2 + 3 · 4 = {dw[0]:.0f}",
    )
    chosen = (lambda i, o, k: o == 1, lambda i, o, k: i == 3, lambda i, o, k: k == 0)

    figure = Figure(figsize=(11.2, 3.2), layout="constrained")
    for part, axes in enumerate(figure.subplots(1, 3)):
        axes.set(xlim=(-1.6, 5.6), ylim=(-1.45, 2.75), aspect="equal")
        axes.axis("off")
        axes.set_title(title[part], fontsize=11)
        for i, o, k in edges:
            strong = chosen[part](i, o, k)
            start, end = (i - 0.2 * (k - 1), 0.28), (stride * o + 0.2 * (k - 1), 1.68)
            if part == 1:
                start, end = end, start
            style = "-|>" if strong and part < 2 else "-"
            axes.annotate(
                "", end, start, zorder=3 if strong else 1,
                arrowprops={
                    "arrowstyle": style, "color": tap_colours[k], "lw": 2.6 if strong else 1.0, "shrinkA": 0,
                    "shrinkB": 0, "alpha": 1.0 if strong else 0.4, "mutation_scale": 13,
                },
            )  # fmt: skip
        for i in range(-frame, n + frame):
            inside = 0 <= i < n
            here = part == 1 and i == 3
            axes.plot(i, 0, "s", markersize=17, color="white", zorder=4, markeredgewidth=2 if here else 1,
                      markeredgecolor=RED if here else BLUE if inside else GREY)  # fmt: skip
            axes.text(i, -0.02, f"{x[i]:.0f}" if inside else "0", ha="center", va="center", zorder=5,
                      color="black" if inside else GREY, fontsize=10)  # fmt: skip
            if inside:
                axes.text(i, -0.45, f"x[{i}]", ha="center", va="center", fontsize=8, color=GREY)
        for o in range(len(y)):
            here = part == 0 and o == 1
            axes.plot(stride * o, 2, "s", markersize=23 if part == 0 else 17, color="white", zorder=4,
                      markeredgewidth=2 if here else 1, markeredgecolor=RED if here else BLUE)  # fmt: skip
            axes.text(stride * o, 1.98, f"{y[o] if part == 0 else g[o]:.0f}", ha="center", va="center",
                      zorder=5, fontsize=10)  # fmt: skip
            name = "y" if part == 0 else "g"
            axes.text(stride * o, 2.55, f"{name}[{o}]", ha="center", va="center", fontsize=8, color=GREY)
        axes.text(2, -0.8, sums[part], ha="center", va="center", fontsize=9)
        axes.text(2, -1.2, results[part], ha="center", va="center", fontsize=9)
    handles = [
        figure.axes[0].plot([], [], color=c, lw=2, label=f"w[{k}] = {w[k]:.0f}")[0]
        for k, c in enumerate(tap_colours)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    save(figure, "convolution_three_ways.png")


def matrices() -> None:
    """A convolution and its transpose as matrices, one colour for each tap of the kernel."""
    w = np.arange(1.0, 10).reshape(3, 3, 1, 1)
    there = as_matrix(lambda x: ops.conv2d(x, w, 2, 1), (1, 5, 5, 1))
    back = as_matrix(lambda y: ops.conv2d_transpose(y, w, 2, 1), (1, 3, 3, 1))
    assert np.array_equal(there, back.T)
    tab = ["#56b4e9", "#a9d8f4", "#0072b2", "#e69f00", "#f7d58a", "#b34700", "#5cc9a7", "#b5e8d6", "#00644a"]
    colours = ListedColormap(["white", *tab])

    figure = Figure(figsize=(9.6, 4.9), layout="constrained")
    kernel, left, right = figure.subplots(1, 3, width_ratios=[3, 25, 9])
    for axes, matrix, title in (
        (kernel, w[..., 0, 0], "kernel\n(3, 3)"),
        (left, there, "conv2d, stride 2, padding 1:  (9, 25)\nrow: one pixel of y,  column: one pixel of x"),
        (right, back, "conv2d_transpose\n(25, 9)"),
    ):
        axes.imshow(matrix, cmap=colours, vmin=0, vmax=9, interpolation="nearest")
        axes.set_title(title, fontsize=10)
        rows, columns = matrix.shape
        every = {3: 1, 9: 3, 25: 5}
        axes.set_xticks(np.arange(0, columns + 1, every[columns]) - 0.5, [])
        axes.set_yticks(np.arange(0, rows + 1, every[rows]) - 0.5, [])
        axes.grid(color=GREY, linewidth=0.6)
        axes.tick_params(length=0)
        for (i, j), value in np.ndenumerate(matrix):
            if value:
                light = "black" if value % 3 else "white"
                axes.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=7, color=light)
    save(figure, "convolution_matrices.png")


def ten_capsules() -> np.ndarray:
    """W (J=3, D=1, I=10, E=2): the first six agree about capsule 0, the last four about capsule 1."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, (3, 10))
    angle[0, :6] = np.pi / 2 + rng.normal(0, 0.2, 6)
    angle[1, 6:] = rng.normal(0, 0.2, 4)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)[:, None]


def routing() -> None:
    """How ten capsules divide themselves among three, and where the sums s_j go."""
    w, b = ten_capsules(), np.zeros((3, 1, 10))
    u_hat = w  # (J, 1, I, E): with D = 1, u = 1 and one example the predictions are W
    shown = (1, 2, 3, 5, 10)
    figure = Figure(figsize=(10.4, 5.0), layout="constrained")
    panels = figure.subplots(2, len(shown), height_ratios=[1, 2.2])
    figure.suptitle(
        "Above: the share c_ij of capsule i that goes to capsule j.  Below: where each capsule i points for j, a thin line\n"
        "as dark as c_ij, and the squashed sums v_j, arrows; the circle has radius 1, the longest that v_j can be.",
        fontsize=10, x=0.01, ha="left",
    )  # fmt: skip
    colours = (BLUE, RED, GREEN)
    for iteration in range(1, max(shown) + 1):
        c = ops.softmax(b, axis=0)
        v = squash(ops.einsum("jni,jnie->jne", c, u_hat))
        b = b + ops.einsum("jnie,jne->jni", u_hat, v)
        if iteration not in shown:
            continue
        top, below = panels[:, shown.index(iteration)]
        picture = top.imshow(c[:, 0], cmap="Blues", vmin=0, vmax=1, aspect="auto")
        top.set_title(f"iteration {iteration}", fontsize=10)
        top.set(xticks=[0, 9], yticks=range(3), xlabel="i")
        below.set(
            xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1],
            xlabel="first number",
        )  # fmt: skip
        turn = np.linspace(0, 2 * np.pi, 200)
        below.plot(np.cos(turn), np.sin(turn), color=GREY, lw=0.8, ls=":")
        for j, colour in enumerate(colours):
            for i in range(10):  # the prediction of i for j, as strong as c says
                below.plot(
                    [0, w[j, 0, i, 0]], [0, w[j, 0, i, 1]], color=colour, lw=1.2, alpha=float(c[j, 0, i])
                )
            end = {"arrowstyle": "-|>", "color": colour, "lw": 3, "shrinkA": 0, "shrinkB": 0}
            if np.linalg.norm(v[j, 0]) > 0.02:  # an arrow has a head, however short it is
                below.annotate("", v[j, 0], (0, 0), arrowprops=end)
    panels[0, 0].set_ylabel("j")
    panels[1, 0].set_ylabel("second number")
    handles = [
        panels[1, 0].plot([], [], color=k, lw=3, label=f"j = {j}: v_{j}")[0] for j, k in enumerate(colours)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    figure.colorbar(picture, ax=panels[0, -1], label="c_ij")
    save(figure, "routing.png")


def aegan() -> None:
    """Two chains of G and E, the two errors between their ends, and what D_x and D_z see, beside it."""
    figure = Figure(figsize=(8.4, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-1.0, 9.0), ylim=(-2.6, 4.6))
    axes.axis("off")
    chains = (
        (2.8, ("z", "x̂", "z̃"), "GE", "latent error (z - z̃)²"),
        (-0.8, ("x", "ẑ", "x̃"), "EG", "image error |x - x̃|"),
    )
    for y, letters, networks, error in chains:
        outside = 1 if y > 1 else -1  # the error is drawn on the side that is away from the other chain
        for x, letter in zip((0, 4, 8), letters, strict=True):
            image = letter[0] == "x"
            colour, discriminator = (BLUE, "D_x") if image else (RED, "D_z")
            box = {"boxstyle": "circle,pad=0.35", "color": colour}
            axes.text(x, y, letter, ha="center", va="center", fontsize=15, color="white", bbox=box)
            real = letter in ("z", "x")
            seen = f"{discriminator} sees it\nas {'real' if real else 'generated'}"
            axes.text(
                x, y - 0.95 * outside, seen, ha="center", va="center", fontsize=10, color=colour,
                bbox={"boxstyle": "round,pad=0.3", "fc": "white", "ec": colour, "ls": "-" if real else "--"},
            )  # fmt: skip
        for x, network in zip((2, 6), networks, strict=True):
            for start, end in ((x - 1.5, x - 0.4), (x + 0.4, x + 1.5)):
                axes.annotate("", (end, y), (start, y), arrowprops={"arrowstyle": "-|>", "lw": 1.5})
            box = {"boxstyle": "square,pad=0.4", "fc": "white"}
            axes.text(x, y, network, ha="center", va="center", fontsize=14, bbox=box)
        end, bar = y + 0.5 * outside, y + 0.9 * outside
        axes.plot([0, 0, 8, 8], [end, bar, bar, end], color=GREEN, lw=1.5)
        axes.text(4, y + 1.25 * outside, error, ha="center", va="center", color=GREEN, fontsize=12)
    save(figure, "aegan.png")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    graph()
    step_sizes()
    three_ways()
    matrices()
    routing()
    aegan()
