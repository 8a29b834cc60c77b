"""The third chapter of exercises: convolutions, Adam, the losses and the training of GANs, capsules."""

import numpy as np

import minigan as mg
from minigan import layers, ops
from minigan.autograd import Tensor, grad
from minigan.data.synthetic import ring, ring_centres
from minigan.exercises.exercise import Exercise, Own, equal
from minigan.gradcheck import check_grad
from minigan.layers.capsule import squash
from minigan.losses import discriminator_loss, generator_loss
from minigan.losses import gradient_penalty as own_penalty
from minigan.optimizers import SGD, Adam, linear_decay

rng = np.random.default_rng(2)
GEOMETRIES = ((7, 3, 1), (7, 3, 2), (8, 3, 2), (5, 1, 1), (4, 4, 3), (9, 2, 3))  # L, K, S


def matrix(w: np.ndarray, length: int, S: int) -> np.ndarray:
    """The convolution with w as a matrix, (O, L)."""
    rows = [
        np.concatenate([np.zeros(o), w, np.zeros(length - o - len(w))])
        for o in range(0, length - len(w) + 1, S)
    ]
    return np.stack(rows)


def each_geometry():
    for L, K, S in GEOMETRIES:
        x, w = rng.integers(-3, 4, L).astype(float), rng.integers(-3, 4, K).astype(float)
        A = matrix(w, L, S)
        yield (
            x,
            w,
            S,
            A,
            rng.integers(-3, 4, len(A)).astype(float),
            f"for x {L} pixels, w {K} taps, stride {S}",
        )


def convolution(own: Own) -> None:
    for x, w, S, A, _, where in each_geometry():
        equal(f"y {where}: x = {x}, w = {w}; y", own.convolution(x, w, S), A @ x)


def kernel_gradient(own: Own) -> None:
    for x, w, S, _, g, where in each_geometry():
        taps = [g @ (matrix(e, len(x), S) @ x) for e in np.eye(len(w))]  # y is linear in w
        equal(f"dL/dw {where}: x = {x}, g = {g}; dL/dw", own.kernel_gradient(x, g, len(w), S), taps)


def input_gradient(own: Own) -> None:
    for x, w, S, A, g, where in each_geometry():
        equal(f"dL/dx {where}: w = {w}, g = {g}; dL/dx", own.input_gradient(g, w, len(x), S), A.T @ g)


def conv_transpose(own: Own) -> None:
    for strides in ((1, 1), (2, 2), (1, 3), (3, 2)):
        y, w = rng.standard_normal((2, 3)), rng.standard_normal((3, 2))
        expected = ops.conv2d_transpose(y[None, :, :, None], w[:, :, None, None], strides, 0)[0, :, :, 0]
        equal(f"x for strides {strides}", own.conv_transpose(y, w, strides), expected)


def adam(own: Own) -> None:
    p = np.array([1.0, -2.0, 0.5])
    twin = Tensor(p.copy())
    optimizer, m, v = Adam([twin], 1e-3), np.zeros(3), np.zeros(3)
    for t in range(1, 5):
        g = rng.standard_normal(3)
        p, m, v = own.adam_step(p, g, m, v, t)
        optimizer.step([g])
        slots = {name: arrays[0] for name, arrays in optimizer.slots.items()}
        for name, found, expected in (("m", m, slots["m"]), ("v", v, slots["v"]), ("p", p, twin.data)):
            equal(f"{name} after step {t}", found, expected, 1e-9)


def gan_losses(own: Own) -> None:
    a, b = np.array([[2.0], [-1.0]]), np.array([[0.5], [-3.0]])
    cases = {
        "moderate logits": (a, b),
        "a D that is wrong and sure of it (a = -1000, b = 1000)": (a - 1000, b + 1000),
    }
    for what, (real, fake) in cases.items():
        with np.errstate(all="ignore"):
            equal(f"d_loss for {what}", own.d_loss(real, fake), discriminator_loss(real, fake))
            equal(f"g_loss for {what}", own.g_loss(-fake), generator_loss(-fake))


def critic():
    D = layers.Sequential(layers.Dense(3, 5), layers.Tanh(), layers.Dense(5, 1))
    D.astype(np.float64)
    return D


def gradient_penalty(own: Own) -> None:
    mg.seed(0)
    D, (real, fake) = critic(), rng.standard_normal((2, 4, 3))
    epsilon = rng.uniform(size=(4, 1))
    found = own.gradient_penalty(D, real, fake, epsilon)
    middle = epsilon * real + (1 - epsilon) * fake
    expected = own_penalty(D, middle, middle)  # all points between two equal ones are the same
    equal("the penalty", found, expected)
    weights = D.layers[0].kernel
    if not hasattr(found, "recipe"):
        raise AssertionError("the penalty is an array: it does not remember D, so D cannot learn from it")
    equal("the gradient of the penalty in the first weights", grad(found, weights), grad(expected, weights))


def train_step(own: Own) -> None:
    def make():
        mg.seed(0)
        G, D = layers.Dense(2, 3), critic()
        G.astype(np.float64)
        return G, D, SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1)

    x, z = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    found, expected = make(), make()
    G, D, g_optimizer, d_optimizer = expected
    fake = G(z)
    d_optimizer.step(grad(discriminator_loss(D(x), D(fake.data)), D.parameters()))
    g_optimizer.step(grad(generator_loss(D(fake)), G.parameters()))
    own.train_step(*found, x, z)
    for name, ours, theirs in (("D", found[1], expected[1]), ("G", found[0], expected[0])):
        for number, (p, q) in enumerate(zip(ours.parameters(), theirs.parameters(), strict=True)):
            equal(f"weight {number} of {name} after one step", p.data, q.data)


def running_average(own: Own) -> None:
    layer, x = own.BatchNormalization(3), rng.standard_normal((5, 3)) * 2 + 1
    before = np.zeros(3), np.ones(3)
    equal("the result at inference, before any training,", layer(x), x / np.sqrt(1 + 1e-3))
    equal("the average of the mean after inference", layer.mean, before[0])
    expected = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3)
    equal("the result in training", layer(x, training=True), expected)
    mean, variance = 0.1 * x.mean(axis=0), 0.9 + 0.1 * x.var(axis=0)
    equal("the average of the mean after one step", layer.mean, mean)
    equal("the average of the variance after one step", layer.variance, variance)
    equal("the result at inference, after it,", layer(x[:1]), (x[:1] - mean) / np.sqrt(variance + 1e-3))
    layer(x, training=True)
    equal("the average of the mean after two steps", layer.mean, 0.9 * mean + 0.1 * x.mean(axis=0))
    equal("the average of the variance after two steps", layer.variance, 0.9 * variance + 0.1 * x.var(axis=0))


def routing(own: Own) -> None:
    u_hat = rng.standard_normal((4, 3, 2))
    for routings in (1, 2, 3):
        b = np.zeros((4, 3))
        for _ in range(routings):
            c = np.exp(b) / np.exp(b).sum(axis=1, keepdims=True)
            v = squash((c[:, :, None] * u_hat).sum(axis=0))
            b = b + (u_hat * v).sum(axis=2)
        equal(f"v after {routings} iterations", own.route(u_hat, routings), v)
    check_grad(own.route, u_hat, order=1)


STEPS = 600


def trained(settings: dict) -> np.ndarray:
    """2,000 samples (2000, 2) of a GAN that was trained on the ring with these settings."""
    mg.seed(0)
    draw = np.random.default_rng(0)
    G, D = (
        layers.Sequential(
            layers.Dense(2, 32),
            layers.LeakyReLU(),
            layers.Dense(32, 32),
            layers.LeakyReLU(),
            layers.Dense(32, n),
        )
        for n in (2, 1)
    )
    g_rate, d_rate = settings["learning_rates"]
    g_optimizer = Adam(G.parameters(), linear_decay(g_rate, STEPS * settings["g_steps"], 0.05), 0.0, 0.99)
    d_optimizer = Adam(D.parameters(), linear_decay(d_rate, STEPS, 0.05), 0.0, 0.99)
    for _ in range(STEPS):
        x = ring(128, std=0.05, seed=draw)  # (128, 2)
        fake = G(draw.standard_normal((128, 2), dtype=np.float32)).data
        loss, real = discriminator_loss(D(x), D(fake)), Tensor(x)
        if settings["gamma"]:
            slopes = grad(ops.sum(D(real)), real, create_graph=True)
            loss = loss + settings["gamma"] / 2 * ops.sum(slopes * slopes) / len(x)
        d_optimizer.step(grad(loss, D.parameters()))
        for _ in range(settings["g_steps"]):
            loss = generator_loss(D(G(draw.standard_normal((128, 2), dtype=np.float32))))
            g_optimizer.step(grad(loss, G.parameters()))
    with mg.no_grad():
        return G(draw.standard_normal((2000, 2), dtype=np.float32))


def collapse(own: Own) -> None:
    settings = own.SETTINGS
    if set(settings) != {"g_steps", "learning_rates", "gamma"}:
        raise AssertionError(f"SETTINGS has {sorted(settings)}, expected g_steps, learning_rates and gamma")
    if not isinstance(settings["g_steps"], int) or not 1 <= settings["g_steps"] <= 10:
        raise AssertionError(f"g_steps is {settings['g_steps']!r}, expected an integer from 1 to 10")
    samples = trained(settings)
    distances = np.sqrt(((samples[:, None] - ring_centres()) ** 2).sum(axis=2))  # (2000, 8)
    counts = (distances < 0.15).sum(axis=0)  # within 3 std
    found = int((counts >= 0.25 * 2000 / 8).sum())
    if found < 8:
        mean, std = samples.mean(axis=0), samples.std(axis=0)
        raise AssertionError(
            f"{found} of 8 modes are found; samples at each of them: {counts.tolist()}.\n"
            f"The mean of all samples is ({mean[0]:.2f}, {mean[1]:.2f}); of the ring, (0, 0).\n"
            f"Their standard deviation is ({std[0]:.2f}, {std[1]:.2f}); of the ring, (0.71, 0.71)."
        )


EXERCISES = (
    Exercise(
        "convolution",
        convolution,
        (
            "The last window begins at L - K. In Python, // rounds down.",
            "pixels = (L - K) // S + 1",
            "y[o] = sum(x[S * o + k] * w[k] for k in range(K)), or x[S * o : S * o + K] @ w",
        ),
    ),
    Exercise(
        "kernel_gradient",
        kernel_gradient,
        ("The formula has one product in the sum over o.", "g[o] * x[S * o + k]"),
    ),
    Exercise(
        "input_gradient",
        input_gradient,
        ("Output pixel o has read pixel S·o + k with tap k.", "x[S * o + k] += g[o] * w[k]"),
    ),
    Exercise(
        "conv_transpose",
        conv_transpose,
        ("Which of the two strides belongs to the columns? Compare with the formula.", "SW * (OW - 1) + KW"),
    ),
    Exercise(
        "adam",
        adam,
        (
            "m and v are running averages: beta_1 * m + (1 - beta_1) * g, and v with g * g.",
            "`corrected` is η̂; in Python βᵗ is beta_1**t.",
            "corrected = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)",
        ),
    ),
    Exercise(
        "gan_losses",
        gan_losses,
        (
            "-log D(x) is softplus(-a) of the real logits; -log(1 - D(G(z))) is softplus(a) of the others.",
            "The loss of G is -log D at generated images: softplus of minus the logits.",
            "D: ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))",
            "G: ops.mean(ops.softplus(-fake_logits))",
        ),
    ),
    Exercise(
        "gradient_penalty",
        gradient_penalty,
        (
            "grad(..., create_graph=True) returns a Tensor that was recorded.",
            "The length of each slope is ops.norm(slopes, axis=1); then minus 1, squared, and the mean.",
            "return ops.mean((ops.norm(slopes, axis=1) - 1) ** 2)",
        ),
    ),
    Exercise(
        "train_step",
        train_step,
        (
            "softplus(-a) is small where D says real. D wants that for x, and not for generated examples.",
            "Move the line of g_loss below the step of D.",
            "An optimizer minimises: give it the gradient as it is, grad(g_loss, G.parameters()).",
        ),
    ),
    Exercise(
        "running_average",
        running_average,
        (
            "Begin with: if not training, use self.mean and self.variance, and return at once.",
            "self.momentum * self.mean + (1 - self.momentum) * mean, and the variance in the same way.",
            "The result in training uses mean and variance of the batch, not the averages.",
        ),
    ),
    Exercise(
        "routing",
        routing,
        (
            "c[i] must sum to one over the capsules j, which are axis 1.",
            "⟨û_ij, v_j⟩ is a sum over the numbers of a capsule, axis 2: u_hat * v has the shape (I, J, E).",
            "b = b + ops.sum(u_hat * v, axis=2)",
        ),
    ),
    Exercise(
        "collapse",
        collapse,
        (
            "D has to see where G has gone before G goes on. How many steps should each take?",
            "The same number of steps, and the same learning rate, for both.",
            "g_steps 1, learning_rates (5e-3, 5e-3), and a penalty: gamma 0.1.",
        ),
        180.0,
    ),
)
