"""pix2pix's own part: what each term of the loss is and trains, the patches of D, the connections of G.

The rest: test_every_model.
"""

import numpy as np
import pytest
from gan_tools import Plus

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.gradcheck import GradientError, check_grad
from minigan.layers import Layer
from minigan.losses import discriminator_loss, generator_loss, mean_absolute_error
from minigan.models import ImageToImage
from minigan.models.image_to_image import KINDS, UNet, joined, patch_discriminator
from minigan.ops import sum


def make(**settings):
    mg.seed(1)
    return ImageToImage(**{"image_size": 8, "in_channels": 1, "channels": 3, "width": 2} | settings)


def batch(n=5, size=8):
    rng = np.random.default_rng(0)
    return tuple(rng.uniform(-1, 1, (n, size, size, c)).astype(np.float32) for c in (1, 3))


def in_float64(network, seed=0):
    rng = np.random.default_rng(seed)
    for p in network.parameters():
        p.data = rng.standard_normal(p.shape)
    return network


# --- The loss -----------------------------------------------------------------------------------------


class Times(Layer):
    """A logit k y for each pixel of a pair (x, y), for a D."""

    def __init__(self, k):
        self.k = Tensor(np.float32(k))

    def __call__(self, x, training=False):
        return self.k * x[..., 1:]


class Recorder:
    """In the place of an optimizer: it keeps the gradients."""

    steps = 0

    def step(self, gradients):
        self.gradients = [float(gradient) for gradient in gradients]


def test_the_losses_and_their_gradients_are_those_worked_out_by_hand():
    """G(x) = x + h is ½ everywhere and y is 0, so the L1 error is ½.  D's logit k y is 0 for y, and log 3 for G(x):
    probabilities ½ and ¾, so its loss is -log ½ - log ¼ = log 8, and the term of G is -log ¾.  The derivatives are
    ¾ · ½ in k, and -¼ k + 10 in h.
    """
    model, k = make(l1_weight=10.0, channels=1), 2 * np.log(3)
    model.generator, model.average, model.discriminator = Plus(0.5), Plus(0.0), Times(k)
    model.g_optimizer, model.d_optimizer = Recorder(), Recorder()
    numbers = model.train_step(tuple(np.zeros((2, 2, 8, 8, 1), np.float32)))
    expected = {"L1": 0.5, "d_loss": np.log(8), "g_loss": np.log(4 / 3), "D(x, y)": 0.5, "D(x, G(x))": 0.75}
    assert {name: float(number) for name, number in numbers.items()} == pytest.approx(expected, rel=1e-6)
    assert model.d_optimizer.gradients == pytest.approx([0.375], rel=1e-6)
    assert model.g_optimizer.gradients == pytest.approx([10 - k / 4], rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_the_formula(kind):
    model, twin = make(kind=kind, l1_weight=7.0), make(kind=kind, l1_weight=7.0)
    x, y = batch()
    for _ in range(3):
        metrics = model.train_step((x, y))
        fake, loss = twin.G(x, training=True), 0.0
        if kind != "L1":
            d_loss = discriminator_loss(twin.D(joined(x, y)), twin.D(joined(x, fake.data)))
            twin.d_optimizer.step(grad(d_loss, twin.D.parameters()))
            loss = generator_loss(twin.D(joined(x, fake)))
            assert float(metrics["d_loss"]) == float(d_loss) and float(metrics["g_loss"]) == float(loss)
        error = mean_absolute_error(fake, y)
        loss = loss if kind == "cGAN" else loss + 7 * error
        twin.g_optimizer.step(grad(loss, twin.G.parameters()))
        assert float(metrics["L1"]) == float(error)
    for key, array in model.G.state().items():
        np.testing.assert_array_equal(array, twin.G.state()[key])


def test_the_gradient_of_each_term_reaches_the_networks_that_it_goes_through():
    model = make()
    x, y = batch()
    fake = model.G(x, training=True)

    def reached(loss):
        networks = {"G": model.G, "D": model.D}
        weights = {name: network.parameters() for name, network in networks.items()}
        found = grad(loss, weights["G"] + weights["D"], allow_unconnected=True)
        parts = {"G": found[: len(weights["G"])], "D": found[len(weights["G"]) :]}
        return {name for name, gradients in parts.items() if any(np.any(g) for g in gradients)}

    assert reached(mean_absolute_error(fake, y)) == {"G"}
    assert reached(generator_loss(model.D(joined(x, fake)))) == {"G", "D"}  # a step asks for that of G only
    assert reached(discriminator_loss(model.D(joined(x, y)), model.D(joined(x, fake.data)))) == {"D"}


def test_without_the_adversarial_term_there_is_no_d():
    model = make(kind="L1")
    assert model.D is None and set(model.networks) == {"generator", "average"}
    assert set(model.optimizers) == {"g_optimizer"} and set(model.train_step(batch())) == {"L1"}


# --- The networks -------------------------------------------------------------------------------------


def test_a_logit_depends_on_a_patch_of_twelve_by_twelve_pixels():
    D = in_float64(patch_discriminator(2, 3))
    x = Tensor(np.random.default_rng(1).standard_normal((1, 32, 32, 2)))
    logits = D(x)
    assert logits.shape == (1, 16, 16, 1)
    seen = np.abs(grad(sum(logits[:, 8, 7]), x)).max(axis=(0, 3)) > 0
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (11, 22, 9, 20)


def test_every_connection_of_g_carries_something():
    """Without what goes across at one size, the output is another one."""
    G = in_float64(UNet(1, 2, 3))
    x = np.random.default_rng(1).standard_normal((2, 8, 8, 1))
    y = G(x).data
    assert y.shape == (2, 8, 8, 2) and np.abs(y).max() <= 1
    for kernel, across in (
        (G.up_whole.layers[0].kernel, np.s_[:, :, :, 3:]),
        (G.last.layers[0].kernel, np.s_[:, :, 3:]),
    ):
        before = kernel.data.copy()
        kernel.data[across] = 0
        assert not np.allclose(G(x).data, y)
        kernel.data = before
    np.testing.assert_array_equal(G(x).data, y)


def test_both_networks_are_right_in_images():
    G, D = in_float64(UNet(1, 1, 1)), in_float64(patch_discriminator(2, 1))
    x, y = np.random.default_rng(2).standard_normal((2, 2, 4, 4, 1))
    assert check_grad(lambda x: G(x, training=True), x, order=1) < 1e-5
    assert check_grad(lambda x, y: D(joined(x, y)), x, y, order=1) < 1e-5
    with pytest.raises(GradientError):
        check_grad(lambda x: D(joined(x, x.data)), x, order=1)


# --- Around it ----------------------------------------------------------------------------------------


def test_translate_is_the_averaged_g_at_inference(tmp_path):
    model = make()
    for _ in range(3):
        model.train_step(batch())
    x, _ = batch()
    found = model.translate(x)
    assert found.shape == (5, 8, 8, 3)
    np.testing.assert_array_equal(found, model.average(x).data)
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(ImageToImage.load(tmp_path / "model.npz").translate(x), found)


def test_pairs_that_do_not_fit_are_refused():
    x, y = batch()
    for wrong in (x, (x,), (x, y, y)):
        with pytest.raises(ValueError, match="expected a batch that is a pair"):
            make().train_step(wrong)
    with pytest.raises(ValueError, match=r"images have shape \(5, 8, 8, 3\), expected \(N, 8, 8, 1\)"):
        make().train_step((y, y))
    with pytest.raises(ValueError, match="expected pairs, got 4 inputs and 5 outputs"):
        make().train_step((x[:4], y))


@pytest.mark.slow
def test_l1_alone_draws_the_median_and_the_adversarial_term_an_image_that_exists():
    """Each half of y is white or black by chance, and x does not say which.  With L1 alone G draws grey or takes sides
    by the faintest majority; told apart by D, its pixels are black or white."""
    rng = np.random.default_rng(0)
    greys = {}
    for kind in ("L1", "L1+cGAN"):
        mg.seed(0)
        model = ImageToImage(image_size=8, width=8, kind=kind, l1_weight=0.3, decay_steps=300)
        for _ in range(300):
            y = np.repeat(np.sign(rng.standard_normal((32, 8, 2, 1))), 4, axis=2).astype(np.float32)
            model.train_step((rng.uniform(-1, 1, y.shape).astype(np.float32), y))
        drawn = model.translate(rng.uniform(-1, 1, (50, 8, 8, 1)).astype(np.float32))
        greys[kind] = float((np.abs(drawn) < 0.5).mean())
    assert greys["L1+cGAN"] < 0.5 * greys["L1"]
