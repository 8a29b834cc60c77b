"""A deep-learning framework in one file, and a GAN that learns a ring of eight modes with it.

    python examples/tiny.py --seed 0    a few seconds; --help shows the flags

Read it from top to bottom: the chain rule, operations, layers, Adam, the training step of a GAN, a picture.
It needs NumPy only, and nothing of minigan, which is the same made complete, checked and fast.
"""

import argparse
import sys
from itertools import count, pairwise, zip_longest

import numpy as np

next_order = count().__next__


class Tensor:
    """An array that remembers how it was made: pairs (parent, vjp); a parent receives vjp(g) of the gradient g.

    A vjp is made of the same operations as all else: a gradient is a Tensor, and can be differentiated again.
    A result comes after its parents in the order of creation, so sorting by it sorts the graph.
    """

    def __init__(self, data, parents=()):
        self.data, self.parents, self.order = np.asarray(data, float), parents, next_order()

    def __add__(a, b):
        b = tensor(b)
        return Tensor(a.data + b.data, [(a, lambda g: sum_to(g, a)), (b, lambda g: sum_to(g, b))])

    def __mul__(a, b):
        b = tensor(b)
        return Tensor(a.data * b.data, [(a, lambda g: sum_to(g * b, a)), (b, lambda g: sum_to(g * a, b))])

    def __matmul__(a, b):
        return Tensor(a.data @ b.data, [(a, lambda g: g @ b.T), (b, lambda g: a.T @ g)])

    __neg__ = lambda a: a * -1.0
    T = property(lambda a: Tensor(a.data.T, [(a, lambda g: g.T)]))


def tensor(x):
    """x as a Tensor; what was a number or an array is a constant, whose gradient nobody asks for."""
    return x if isinstance(x, Tensor) else Tensor(x)


def grad(y, xs):
    """The gradients [dy/dx for x in xs] of a scalar y, doing only the work that lies between the xs and y."""
    made, stack = {y.order: y}, [y]  # y and everything that it was made from
    while stack:
        for parent, _ in stack.pop().parents:
            if parent.order not in made:
                made[parent.order] = parent
                stack.append(parent)
    on_path = {x.order for x in xs}
    for order in sorted(made):  # from old to young
        if any(parent.order in on_path for parent, _ in made[order].parents):
            on_path.add(order)
    grads = {y.order: tensor(1.0)}
    for order in sorted(on_path & set(made), reverse=True):  # from young to old: everything has arrived here
        for parent, vjp in made[order].parents:
            if parent.order in on_path:
                g = vjp(grads[order])
                grads[parent.order] = grads[parent.order] + g if parent.order in grads else g
    return [grads.get(x.order, tensor(np.zeros_like(x.data))) for x in xs]


def sum_to(g, x):
    """g summed to the shape of x, which was repeated to that of g; the gradient is repeated again."""
    if g.data.shape == x.data.shape:
        return g
    new = g.data.ndim - x.data.ndim
    axes = (*range(new), *(new + i for i, size in enumerate(x.data.shape) if size == 1))
    return Tensor(g.data.sum(axes).reshape(x.data.shape), [(g, lambda h: h * np.ones_like(g.data))])


def total(x):
    """The sum of all elements."""
    return sum_to(x, tensor(0.0))


def leaky_relu(x):
    """y = x for x > 0, else 0.2 x.  The slope is a constant."""
    return x * np.where(x.data > 0, 1.0, 0.2)


def sigmoid(x):
    """y = 1/(1 + e⁻ˣ),  dy/dx = y (1 - y)."""
    return Tensor(0.5 + 0.5 * np.tanh(x.data / 2), [(x, lambda g: g * sigmoid(x) * sigmoid(-x))])


def softplus(x):
    """y = log(1 + eˣ),  dy/dx = sigmoid(x)."""
    return Tensor(np.logaddexp(x.data, 0), [(x, lambda g: g * sigmoid(x))])


class Dense:
    """y = x W + b,  from x (N, n_in) to y (N, n_out)."""

    def __init__(self, n_in, n_out, rng):
        limit = np.sqrt(6 / (n_in + n_out))  # Glorot and Bengio 2010: numbers keep their size
        self.parameters = [Tensor(rng.uniform(-limit, limit, (n_in, n_out))), Tensor(np.zeros(n_out))]

    def __call__(self, x):
        kernel, bias = self.parameters
        return tensor(x) @ kernel + bias


class Network:
    """Dense layers one after the other, with leaky ReLU between them."""

    def __init__(self, sizes, rng):
        self.layers = [Dense(n_in, n_out, rng) for n_in, n_out in pairwise(sizes)]
        self.parameters = [p for layer in self.layers for p in layer.parameters]

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = leaky_relu(layer(x))
        return self.layers[-1](x)


class Adam:
    """m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  p ← p - η √(1 - β₂ᵗ)/(1 - β₁ᵗ) m/(√v + ε)."""

    def __init__(self, parameters, beta_1=0.0, beta_2=0.99):
        self.parameters, self.beta_1, self.beta_2, self.t = parameters, beta_1, beta_2, 0
        self.slots = [(np.zeros_like(p.data), np.zeros_like(p.data)) for p in parameters]

    def step(self, gradients, rate):
        self.t += 1
        rate = rate * np.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        for p, (m, v), g in zip(self.parameters, self.slots, gradients, strict=True):
            m += (1 - self.beta_1) * (g.data - m)
            v += (1 - self.beta_2) * (g.data**2 - v)
            p.data = p.data - rate * m / (np.sqrt(v) + 1e-7)


def train_step(G, D, g_adam, d_adam, x, z, rate, gamma=0.1):
    """One step of D and one of G, on real points x (N, 2) and noise z (N, 2); returns both losses."""
    real, fake = Tensor(x), G(z)
    d_real, d_fake = D(real), D(fake.data)  # `fake.data` is an array, a constant: D's step stops there
    d_loss = total(softplus(-d_real) + softplus(d_fake)) * (1 / len(x))  # -log D(x) - log(1 - D(G(z)))
    (slopes,) = grad(total(d_real), [real])  # ∇D(x): a loss may contain a gradient
    penalty = total(slopes * slopes) * (gamma / 2 / len(x))  # γ/2 ‖∇D(x)‖² keeps D and G from circling
    d_adam.step(grad(d_loss + penalty, D.parameters), rate)

    g_loss = total(softplus(-D(fake))) * (1 / len(x))  # -log D(G(z)), with the D that has just learned
    g_adam.step(grad(g_loss, G.parameters), rate)
    return d_loss.data, g_loss.data


MODES, STD = 8, 0.05
CENTRES = np.array([[np.cos(a), np.sin(a)] for a in 2 * np.pi * np.arange(MODES) / MODES])  # (8, 2)


def modes(samples):
    """The share of the samples (N, 2) within 3 std of each centre, (8,); how many are at least 1/32."""
    distances = np.sqrt(((samples[:, None] - CENTRES) ** 2).sum(axis=2))  # (N, 8)
    share = (distances < 3 * STD).mean(axis=0)
    return share, (share >= 0.25 / MODES).sum()


def picture(samples, heading, rows=21, columns=46):
    """Lines that show the samples (N, 2), and beside them how many there are at each mode."""
    cells, (share, found) = np.full((rows, columns), " "), modes(samples)
    place = lambda points: ((points[:, ::-1] * [-1, 1] / 1.5 + 1) / 2 * [rows, columns]).astype(int)
    cells[tuple(place(CENTRES).T)] = "+"  # a centre without samples
    cell, number = np.unique(place(samples[(abs(samples) < 1.5).all(axis=1)]), axis=0, return_counts=True)
    cells[tuple(cell.T)] = np.array(list(".:o#@"))[np.minimum(np.log2(number) / 1.5, 4).astype(int)]
    bars = [f"{45 * k:>4} deg  {'#' * round(80 * share[k])}" for k in range(MODES)]
    beside = [heading, "", *bars, "", f"{found} of {MODES} modes, {share.sum():.0%} of samples"]
    return ["".join(row) + text for row, text in zip_longest(cells, beside, fillvalue="")]


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers")
    parser.add_argument("--steps", type=int, default=1000, help="of training; the learning rate falls")
    args, in_place, back = parser.parse_args(), sys.stdout.isatty(), ""  # a terminal: drawn over
    rng = np.random.default_rng(args.seed)
    G, D = Network([2, 32, 32, 2], rng), Network([2, 32, 32, 1], rng)
    g_adam, d_adam, shown = Adam(G.parameters), Adam(D.parameters), rng.standard_normal((1000, 2))
    for step in range(1, args.steps + 1):
        x = CENTRES[rng.integers(MODES, size=128)] + STD * rng.standard_normal((128, 2))
        z, rate = rng.standard_normal((128, 2)), 5e-3 * max(1 - step / args.steps, 0.05)
        d_loss, g_loss = train_step(G, D, g_adam, d_adam, x, z, rate)
        if step % max(1, args.steps // (50 if in_place else 4)) == 0 or step == args.steps:
            lines = picture(G(shown).data, f"step {step}: loss of D {d_loss:.2f}, G {g_loss:.2f}")
            print(back + "\n".join(f"{line:<79}" for line in lines), flush=True)
            back = f"\x1b[{len(lines)}A" * in_place
    share, found = modes(G(rng.standard_normal((10_000, 2))).data)
    print(f"{found} of {MODES} modes; {share.sum():.1%} of 10,000 samples within 3 std of one", flush=True)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # whoever read the output, such as head, has seen enough
        sys.stderr.close()
