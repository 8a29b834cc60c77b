"""GAN: its step against algorithm 1 by hand, its penalty, its schedule, its average; and a ring that it learns."""

import numpy as np
import pytest

import minigan as mg
from minigan.autograd import grad
from minigan.data import ring
from minigan.data.synthetic import ring_centres
from minigan.layers import Dense, LeakyReLU, ReLU, Sequential
from minigan.losses import discriminator_loss, generator_loss, r1_penalty
from minigan.models import DCGAN, GAN, MLPGAN, WGANGP
from minigan.models.gan import diagnostics
from minigan.optimizers import Adam


def mlp(n_in, n_out, activation=LeakyReLU, width=16):
    return Sequential(
        Dense(n_in, width), activation(), Dense(width, width), activation(), Dense(width, n_out)
    )


def make(**settings):
    mg.seed(1)
    return GAN(mlp(2, 2, ReLU), mlp(2, 1), 2, **settings)


X = np.random.default_rng(0).standard_normal((6, 2)).astype(np.float32)


# --- The step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("r1_weight", [0.0, 0.5])
def test_a_step_is_algorithm_1(r1_weight):
    model = make(r1_weight=r1_weight, r1_every=4)
    twin = make(r1_weight=r1_weight, r1_every=4)
    G, D = twin.generator, twin.discriminator
    g_adam, d_adam = (Adam(net.parameters(), rate, 0.0, 0.99) for net, rate in ((G, 2e-3), (D, 1e-3)))
    for step in range(5):
        mg.seed(step)
        metrics = model.train_step(X)
        mg.seed(step)
        z = mg.backend.normal((6, 2))
        d_loss = discriminator_loss(D(X), D(G(z).data))
        objective = d_loss + 4 * r1_weight / 2 * r1_penalty(D, X) if step % 4 == 0 and r1_weight else d_loss
        d_adam.step(grad(objective, D.parameters()))
        g_loss = generator_loss(D(G(z)))
        g_adam.step(grad(g_loss, G.parameters()))
        assert float(metrics["d_loss"]) == float(d_loss) and float(metrics["g_loss"]) == float(g_loss)
    for ours, theirs in ((model.G, G), (model.D, D)):
        for key, array in ours.state().items():
            np.testing.assert_array_equal(array, theirs.state()[key])


def test_the_penalty_comes_every_few_steps_with_as_many_times_the_weight():
    model, weighed = make(r1_weight=3.0, r1_every=3), []
    for step in range(7):
        model.d_optimizer.steps = step
        penalty = model.penalty(X)
        weighed.append(float(penalty) / float(r1_penalty(model.D, X)))
    assert weighed == pytest.approx([4.5, 0, 0, 4.5, 0, 0, 4.5])
    assert make(r1_weight=0.0).penalty(X) == 0.0


def test_the_diagnostics_of_a_step_are_of_the_d_before_it():
    model = make()
    d_real = model.D(X).data
    mg.seed(3)
    fake = model.G(mg.backend.normal((6, 2)))
    d_fake = model.D(fake).data
    mg.seed(3)
    metrics = model.train_step(X)
    expected = diagnostics(X, fake, d_real, d_fake, np.ones_like(X))
    assert set(metrics) == {"d_loss", "g_loss", *expected}
    for name in ("D(x)", "D(G(z))", "d_accuracy", "diversity"):
        assert float(metrics[name]) == pytest.approx(float(expected[name]), rel=1e-5)


def test_the_probability_of_a_logit_is_its_sigmoid():
    ones = np.ones((4, 1), np.float32)
    numbers = diagnostics(X[:4], X[:4], ones, -ones, X[:4])
    assert float(numbers["D(x)"]) == pytest.approx(1 / (1 + np.exp(-1)))
    assert float(numbers["D(G(z))"]) == pytest.approx(1 / (1 + np.exp(1)))


# --- Learning rates and average ------------------------------------------------------------------------


def test_the_learning_rates_fall_to_a_twentieth_or_stay():
    model = make(learning_rates=(0.01, 0.02), decay_steps=4)
    seen = []
    for _ in range(6):
        model.train_step(X)
        seen.append([model.g_optimizer.rate, model.d_optimizer.rate])
    np.testing.assert_allclose(seen, np.array([1, 0.75, 0.5, 0.25, 0.05, 0.05])[:, None] * [0.01, 0.02])
    model = make(learning_rates=(0.01, 0.02))
    for _ in range(6):
        model.train_step(X)
    assert (model.g_optimizer.rate, model.d_optimizer.rate) == (0.01, 0.02)


def test_the_average_forgets_faster_at_first():
    model = make(average_decay=0.5)
    average = [a.copy() for a in model.average.arrays()]
    for step in range(1, 13):
        model.train_step(X)
        decay = min(0.5, step / (9 + step))
        average = [decay * a + (1 - decay) * b for a, b in zip(average, model.G.arrays(), strict=True)]
        for a, b in zip(average, model.average.arrays(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_two_halves_of_a_training_are_the_whole(tmp_path):
    whole, first = make(decay_steps=6), make(decay_steps=6)
    for model, steps in ((whole, range(8)), (first, range(4))):
        for step in steps:
            mg.seed(step)
            model.train_step(X)
    second = make(decay_steps=6)
    second.load_state(first.state())
    for step in range(4, 8):
        mg.seed(step)
        second.train_step(X)
    assert {k: a.tobytes() for k, a in second.state().items()} == {
        k: a.tobytes() for k, a in whole.state().items()
    }


# --- Its networks -------------------------------------------------------------------------------------


def test_networks_can_be_given_or_built_and_nothing_in_between():
    G, D = mlp(2, 2), mlp(2, 1)
    model = GAN(G, D, 2)
    assert (model.generator, model.discriminator) == (model.G, model.D) == (G, D)
    assert list(model.networks) == ["generator", "discriminator", "average"]
    with pytest.raises(TypeError, match="GAN: give it a generator and a discriminator, or define build"):
        GAN(latent_size=2)
    with pytest.raises(TypeError, match="GAN: discriminator is None, expected a Layer"):
        GAN(G, latent_size=2)
    with pytest.raises(ValueError, match="GAN: latent_size is 0, expected an integer of at least 1"):
        GAN(G, D)
    with pytest.raises(TypeError, match=r"MLPGAN: generator is \(28, 28, 1\), expected a Layer"):
        MLPGAN((28, 28, 1))


def test_the_average_is_a_copy_and_draws():
    model = make()
    for a, b in zip(model.average.parameters(), model.G.parameters(), strict=True):
        assert a is not b and np.array_equal(a.data, b.data)
    for _ in range(3):
        model.train_step(X)
    z = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    assert np.array_equal(model.sample(5, z), model.average(z).data)
    assert not np.array_equal(model.sample(5, z), model.G(z).data)


def test_with_its_defaults_it_learns_a_ring():
    mg.seed(0)
    model = GAN(mlp(2, 2, ReLU, 64), mlp(2, 1, LeakyReLU, 64), 2)
    data, rng = ring(5000, seed=0), np.random.default_rng(0)

    def distance():
        x = model.sample(500, np.random.default_rng(1).standard_normal((500, 2)))
        nearest = ((x[:, None] - ring_centres()) ** 2).sum(axis=-1)
        return np.sqrt(nearest.min(axis=1)).mean(), len(np.unique(nearest.argmin(axis=1)))

    before = distance()[0]
    for _ in range(600):
        model.train_step(data[rng.integers(len(data), size=100)])
    after, modes = distance()
    assert after < before / 3 and modes >= 6


# --- WGAN-GP ------------------------------------------------------------------------------------------


def test_the_critic_of_a_wgan_learns_more_often_than_its_generator():
    model = WGANGP(image_size=4, width=2, latent_size=3, categories=0, critic_steps=3)
    x = np.random.default_rng(0).uniform(-1, 1, (4, 4, 4, 1)).astype(np.float32)
    before = {name: a.tobytes() for name, a in model.G.state().items()}
    for step in range(1, 8):
        metrics = model.train_step(x)
        assert (model.d_optimizer.steps, model.g_optimizer.steps) == (step, step // 3)
        assert set(metrics) == {"distance", "penalty"}
    assert {name: a.tobytes() for name, a in model.G.state().items()} != before


def test_the_critic_of_a_wgan_treats_images_one_by_one_and_the_d_of_a_dcgan_sees_the_batch():
    x = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype(np.float32)
    small = {"image_size": 8, "width": 2, "latent_size": 3, "categories": 0}
    for model, alone in ((WGANGP(**small), True), (DCGAN(**small), False)):
        together, one = model.D(x).data[:1], model.D(x[:1]).data
        assert np.allclose(together, one, atol=1e-6) is alone
