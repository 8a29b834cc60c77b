"""Draw what moves on these pages, as animated SVG:  python docs/make_animations.py [FOLDER]

The pictures are committed, so this runs only after a change.  The numbers in them are computed by minigan.  Each is a list
of frames, of which one after the other is visible; the last one stays where nothing can move.
"""

import sys
from html import escape
from pathlib import Path

import numpy as np

from minigan import Tensor, grad, ops
from minigan.layers import squash

FOLDER = Path(__file__).parent / "figures"
CELL = 34  # pixels
#: Okabe and Ito (2008), in a light and a dark form
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1b1f23; } .small { font-size: 12px; } .middle { text-anchor: middle; }
.page { fill: #fff; } .cell { fill: #fff; stroke: #8a949e; } .none { fill: #eceff2; stroke: #b9c1c9; }
.from { fill: #cfe8f7; stroke: #0072b2; stroke-width: 2; } .to { fill: #fbdcc4; stroke: #d55e00; stroke-width: 2; }
.done { fill: #fdf3e3; stroke: #8a949e; } .quiet { fill: #555e68; } .blue { fill: #0072b2; } .red { fill: #b34700; }
.line { stroke: #8a949e; fill: none; stroke-width: 1.5; } .hot { stroke: #d55e00; fill: none; stroke-width: 3; }
.c0 { stroke: #0072b2; fill: #0072b2; } .c1 { stroke: #d55e00; fill: #d55e00; } .c2 { stroke: #007a59; fill: #007a59; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ec; } .page { fill: #14181d; } .cell { fill: #1f262e; stroke: #6b7680; }
  .none { fill: #14181d; stroke: #39424b; } .from { fill: #12405c; stroke: #56b4e9; } .to { fill: #5c2f10; stroke: #ff9b5e; }
  .done { fill: #322a1c; stroke: #6b7680; } .quiet { fill: #a4adb7; } .blue { fill: #56b4e9; } .red { fill: #ff9b5e; }
  .line { stroke: #6b7680; } .hot { stroke: #ff9b5e; } .c0 { stroke: #56b4e9; fill: #56b4e9; }
  .c1 { stroke: #ff9b5e; fill: #ff9b5e; } .c2 { stroke: #2fc79b; fill: #2fc79b; }
}
"""


def animated(frames: list[str], width: float, height: float, title: str, seconds: float = 1.2) -> str:
    """An SVG that shows the frames one after the other, again and again, and rests on the last for two turns."""
    turns = len(frames) + 2
    parts = []
    for i, frame in enumerate(frames):
        last = i == len(frames) - 1
        values, times = ["hidden", "visible", "hidden"], [0, i / turns, 1 if last else (i + 1) / turns]
        if i == 0:
            values, times = values[1:], [0, times[2]]
        if last:
            values, times = values[:-1], times[:-1]
        timing = f'keyTimes="{";".join(f"{t:.4f}" for t in times)}" dur="{turns * seconds:.1f}s"'
        parts.append(
            f'<g visibility="{"visible" if last else "hidden"}"><animate attributeName="visibility" calcMode="discrete" '
            f'values="{";".join(values)}" {timing} repeatCount="indefinite"/>{frame}</g>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(title)}"><style>{STYLE}</style>'
        f'<rect class="page" width="{width:.0f}" height="{height:.0f}" rx="6"/>'
        f'<text x="16" y="26" font-weight="600">{escape(title)}</text>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}">{escape(words)}</text>'


def cells(x: float, y: float, numbers: np.ndarray, kinds: np.ndarray, size: float = CELL) -> str:
    """A table of numbers (rows, columns) as squares, each of a kind; a nan is an empty square."""
    parts = []
    for (i, j), number in np.ndenumerate(numbers):
        left, top = x + j * size, y + i * size
        parts.append(
            f'<rect x="{left:.0f}" y="{top:.0f}" width="{size:.0f}" height="{size:.0f}" class="{kinds[i, j]}"/>'
        )
        if not np.isnan(number):
            parts.append(text(left + size / 2, top + size / 2 + 5, f"{number:g}", "middle small"))
    return "".join(parts)


X = np.arange(1.0, 26).reshape(5, 5)
KERNEL = np.array([[0.0, 1, 0], [1, 2, 1], [0, 1, 0]])


def convolution() -> str:
    """A kernel of 3x3 walks over an image, two pixels at a time; each sum of products is a pixel of the output."""
    padded = np.pad(X, 1)
    y = ops.conv2d(X.reshape(1, 5, 5, 1), KERNEL.reshape(3, 3, 1, 1), 2, 1)[0, ..., 0]
    inside = np.pad(np.full((5, 5), "cell", object), 1, constant_values="none")
    frames = []
    for i, j in np.ndindex(3, 3):
        kinds, out = inside.copy(), np.full((3, 3), "cell", object)
        kinds[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] = "from"
        out.reshape(-1)[: 3 * i + j] = "done"
        out[i, j] = "to"
        shown = np.where(np.arange(9).reshape(3, 3) <= 3 * i + j, y, np.nan)
        window = padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        terms = [
            f"{w:g}·{v:g}" if w != 1 else f"{v:g}" for w, v in zip(KERNEL.flat, window.flat, strict=True) if w
        ]
        frames.append(
            cells(16, 70, padded, kinds) + cells(300, 120, KERNEL, np.full((3, 3), "from", object))
            + cells(460, 120, shown, out) + text(16, 60, "input x (5, 5), in a frame of zeros", "blue")
            + text(300, 110, "kernel w (3, 3)") + text(460, 110, "output y (3, 3)", "red")
            + text(16, 335, f"y[{i}, {j}] = {' + '.join(terms)} = {y[i, j]:g}")
        )  # fmt: skip
    return animated(frames, 600, 356, "conv2d, stride 2, padding 1: from the input to the output")


def transposed() -> str:
    """The same kernel the other way: every pixel of the input adds the kernel, times itself, to the output."""
    y = np.arange(1.0, 10).reshape(3, 3)
    inside = np.pad(np.full((5, 5), "cell", object), 1, constant_values="none")
    frames, sums = [], np.zeros((7, 7))
    for i, j in np.ndindex(3, 3):
        sums[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += y[i, j] * KERNEL
        kinds, seen = inside.copy(), np.full((3, 3), "cell", object)
        kinds[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] = "to"
        seen[i, j] = "from"
        frames.append(
            cells(16, 120, y, seen) + cells(160, 120, KERNEL, np.full((3, 3), "from", object))
            + cells(330, 70, sums, kinds) + text(16, 110, "input y (3, 3)", "blue") + text(160, 110, "kernel w (3, 3)")
            + text(330, 60, "output x (5, 5); the frame is cut off", "red")
            + text(16, 335, f"y[{i}, {j}] = {y[i, j]:g}: the kernel, {y[i, j]:g} times, is added at ({2 * i}, {2 * j})")
        )  # fmt: skip
    found = ops.conv2d_transpose(y.reshape(1, 3, 3, 1), KERNEL.reshape(3, 3, 1, 1), 2, 1)[0, ..., 0]
    assert np.array_equal(found, sums[1:-1, 1:-1])
    return animated(frames, 600, 356, "conv2d_transpose, stride 2, padding 1: from the input to the output")


def im2col() -> str:
    """Each window of the image becomes a row of a matrix; the convolution is then one matrix product."""
    x, w = np.arange(1.0, 17).reshape(4, 4), np.array([[1.0, 2], [3, 4]])
    windows = np.array([x[i : i + 2, j : j + 2].ravel() for i, j in np.ndindex(3, 3)])  # (9, 4)
    y = ops.conv2d(x.reshape(1, 4, 4, 1), w.reshape(2, 2, 1, 1))[0, ..., 0].ravel()
    assert np.array_equal(windows @ w.ravel(), y)
    frames, small = [], 28
    for n, (i, j) in enumerate(np.ndindex(3, 3)):
        kinds, rows = np.full((4, 4), "cell", object), np.full((9, 4), "cell", object)
        kinds[i : i + 2, j : j + 2] = "from"
        rows[n] = "from"
        out = np.full((9, 1), "cell", object)
        out[n] = "to"
        done = np.arange(9)[:, np.newaxis] <= n
        frames.append(
            cells(16, 100, x, kinds) + cells(220, 70, np.where(done, windows, np.nan), rows, small)
            + cells(390, 135, w.reshape(4, 1), np.full((4, 1), "from", object), small)
            + cells(480, 70, np.where(done, y[:, np.newaxis], np.nan), out, small)
            + text(16, 90, "input x (4, 4)", "blue") + text(220, 60, "im2col (9, 4)", "blue")
            + text(375, 125, "w (2, 2), flat") + text(480, 60, "output y (3, 3), flat", "red")
            + text(350, 200, "·") + text(446, 200, "=")
            + text(16, 345, f"window ({i}, {j}) is row {n}: {' + '.join(f'{a:g}·{b:g}' for a, b in zip(windows[n], w.flat, strict=True))} = {y[n]:g}")
        )  # fmt: skip
    return animated(frames, 640, 366, "im2col: a convolution of stride 1 as one matrix product")


def backward_walk() -> str:
    """y = a + tanh a with a = x w: the results are created in order, then the gradients arrive, youngest first."""
    x, w = Tensor(np.array(0.5)), Tensor(np.array(2.0))
    a = x * w
    b = ops.tanh(a)
    y = a + b
    tensors = {"x": x, "w": w, "a": a, "b": b, "y": y}
    gradients = dict(zip(tensors, map(float, grad(y, list(tensors.values()))), strict=True))
    place = {"x": (60, 90), "w": (60, 230), "a": (220, 160), "b": (380, 230), "y": (540, 160)}
    formula = {"x": "variable", "w": "variable", "a": "x · w", "b": "tanh a", "y": "a + b"}
    edges = [("x", "a"), ("w", "a"), ("a", "b"), ("a", "y"), ("b", "y")]
    steps = [  # who is created; or who hands its gradient on, to whom, and what is said
        *[(name, (), f"forward: {name} is created as number {i}") for i, name in enumerate(tensors)],
        ("y", (), "backward begins: dy/dy = 1"),
        ("y", ("a", "b"), "y = a + b hands g on to a and to b: 1 each"),
        ("b", ("a",), f"b = tanh a hands on g (1 - b²) = {1 - float(b.data) ** 2:.3f} to a, where it is added"),
        ("a", ("x", "w"), f"a = x w hands on g w = {gradients['x']:.3f} to x, and g x = {gradients['w']:.3f} to w"),
    ]  # fmt: skip
    arrived: dict[str, float] = {}
    frames = []
    for number, (who, receivers, said) in enumerate(steps):
        forward = number < len(tensors)
        here = list(tensors)[: number + 1] if forward else list(tensors)
        if not forward and not receivers:
            arrived["y"] = 1.0
        if who == "y" and receivers:
            arrived |= {"a": 1.0, "b": 1.0}
        elif who in ("b", "a") and receivers:
            arrived |= {name: gradients[name] for name in receivers}
        parts = []
        for start, end in edges:
            if start in here and end in here:
                (x0, y0), (x1, y1) = place[start], place[end]
                hot = (start in receivers and end == who) or (forward and end == who)
                parts.append(f'<path class="{"hot" if hot else "line"}" d="M{x0} {y0}L{x1} {y1}"/>')
        for name in here:
            px, py = place[name]
            kind = "to" if name in receivers else "from" if name == who else "cell"
            parts.append(f'<circle cx="{px}" cy="{py}" r="27" class="{kind}"/>')
            parts.append(text(px, py + 5, name, "middle"))
            parts.append(
                text(px, py + 44, f"{formula[name]}: {float(tensors[name].data):.3f}", "middle small")
            )
            if name in arrived:
                parts.append(text(px, py - 34, f"g = {arrived[name]:.3f}", "middle small red"))
        frames.append("".join(parts) + text(16, 316, said))
    return animated(frames, 620, 336, "The walk of grad: from the youngest to the oldest", seconds=1.8)


def routing() -> str:
    """Ten capsules divide themselves among three: c_ij as shades, and where the sums v_j point."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, (3, 10))
    angle[0, :6] = np.pi / 2 + rng.normal(0, 0.2, 6)
    angle[1, 6:] = rng.normal(0, 0.2, 4)
    u_hat = np.stack([np.cos(angle), np.sin(angle)], axis=-1)[:, None]  # (3, 1, 10, 2)
    b, frames, radius, (mx, my) = np.zeros((3, 1, 10)), [], 120, (470, 190)
    for iteration in range(1, 11):
        c = ops.softmax(b, axis=0)
        v = squash(ops.einsum("jni,jnie->jne", c, u_hat))
        b = b + ops.einsum("jnie,jne->jni", u_hat, v)
        parts = [
            text(16, 62, "c_ij: how much of capsule i goes to j"),
            text(340, 62, "predictions, and v_j (thick)"),
        ]
        for (j, i), share in np.ndenumerate(c[:, 0]):
            left, top = 50 + 26 * i, 80 + 60 * j
            parts.append(f'<rect x="{left}" y="{top}" width="24" height="50" class="none"/>')
            parts.append(
                f'<rect x="{left}" y="{top}" width="24" height="50" class="c{j}" fill-opacity="{share:.2f}" stroke-opacity="0"/>'
            )
            if j == 2:
                parts.append(text(left + 12, top + 68, f"{i}", "middle small quiet"))
        parts += [text(16, 110 + 60 * j, f"j={j}", "small") for j in range(3)]
        parts.append(f'<circle cx="{mx}" cy="{my}" r="{radius}" class="line" stroke-dasharray="2 3"/>')
        for (j, i), share in np.ndenumerate(c[:, 0]):
            x, y = u_hat[j, 0, i] * radius
            parts.append(
                f'<path class="c{j}" d="M{mx} {my}l{x:.1f} {-y:.1f}" stroke-width="1.5" stroke-opacity="{share:.2f}"/>'
            )
        for j in range(3):
            x, y = v[j, 0] * radius
            length = np.linalg.norm(v[j, 0])
            parts.append(f'<path class="c{j}" d="M{mx} {my}l{x:.1f} {-y:.1f}" stroke-width="6"/>')
            parts.append(text(50 + 110 * j, 316, f"|v_{j}| = {length:.2f}", "small"))
        frames.append("".join(parts) + text(520, 336, f"iteration {iteration} of 10", "small"))
    return animated(frames, 640, 350, "Routing by agreement: ten capsules, three to go to", seconds=0.9)


ANIMATIONS = {
    "convolution.svg": convolution, "convolution_transposed.svg": transposed, "im2col.svg": im2col,
    "backward_walk.svg": backward_walk, "routing.svg": routing,
}  # fmt: skip


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in ANIMATIONS.items():
        (folder / name).write_text(draw())
        print(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
