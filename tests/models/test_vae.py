"""The VAE: its closed forms against integrals, its bound against the exact likelihood, its gradient."""

import math

import numpy as np
import pytest
from layer_tools import check_weights, in_float64

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.gradcheck import check_grad
from minigan.layers import Dense, Sequential, Tanh
from minigan.models import VAE
from minigan.models.vae import kl_divergence, log_likelihood, reparameterise
from minigan.ops import mean

rng = np.random.default_rng(0)
GRID = np.linspace(-12, 12, 4001)  # of one z


def log_normal(z, mu=0.0, log_variance=0.0):
    return -0.5 * (z - mu) ** 2 / np.exp(log_variance) - 0.5 * (log_variance + math.log(2 * math.pi))


# --- KL divergence ------------------------------------------------------------------------------------


def test_the_kl_divergence_is_the_sum_of_its_integrals_over_each_dimension():
    mu, log_variance = rng.normal(0, 1.5, (4, 3)), rng.uniform(-2, 0.5, (4, 3))
    log_q = log_normal(GRID, mu[..., None], log_variance[..., None])  # (4, 3, grid)
    integrals = np.trapezoid(np.exp(log_q) * (log_q - log_normal(GRID)), GRID)  # (4, 3)
    np.testing.assert_allclose(kl_divergence(mu, log_variance), integrals.sum(axis=1), rtol=1e-9)


def test_the_kl_divergence_by_hand():
    mu = np.array([[0.0, 0.0], [1.0, -2.0], [0.0, 0.0]])
    log_variance = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    assert kl_divergence(mu, log_variance).tolist() == pytest.approx([0.0, 2.5, (math.e - 2) / 2])


# --- Reparameterisation -------------------------------------------------------------------------------


def test_the_gradient_flows_through_the_draw():
    mu, log_variance, epsilon = Tensor([[1.0]]), Tensor([[2 * math.log(3.0)]]), np.array([[2.0]])
    z = reparameterise(mu, log_variance, epsilon)  # 1 + 3 · 2
    assert z.data.item() == pytest.approx(7.0)
    assert [g.item() for g in grad(z.reshape(()), [mu, log_variance])] == pytest.approx([1.0, 3.0])  # ½ σ ε
    check_grad(lambda m, v: reparameterise(m, v, epsilon), [[0.3]], [[-0.7]])


def test_gradients_of_draws_average_to_the_gradient_of_the_expectation():
    """E z² = μ² + σ², whose derivatives are 2 μ and, with respect to log σ², σ²."""
    mu, log_variance = Tensor([0.8]), Tensor([-0.5])
    z = reparameterise(mu, log_variance, rng.standard_normal(200_000))
    gradients = [g.item() for g in grad(mean(z * z), [mu, log_variance])]
    assert gradients == pytest.approx([1.6, math.exp(-0.5)], rel=0.02)


# --- Likelihood ---------------------------------------------------------------------------------------


def test_the_bernoulli_likelihood_by_hand():
    """A logit of log 3 is a probability of ¾; a grey pixel is half of each answer."""
    x = np.array([1.0, -1.0, 0.0]).reshape(3, 1, 1, 1)
    logits = np.full((3, 1, 1, 1), math.log(3.0))
    white, black = math.log(3 / 4), math.log(1 / 4)
    answers = log_likelihood(x, logits, "bernoulli", 1.0)
    assert answers.tolist() == pytest.approx([white, black, (white + black) / 2])
    together = log_likelihood(x.reshape(1, 3, 1, 1), logits.reshape(1, 3, 1, 1), "bernoulli", 1.0)
    assert together.tolist() == pytest.approx([1.5 * (white + black)])


def test_a_sure_decoder_is_not_punished_with_infinity():
    x, logits = np.array([1.0, -1.0]).reshape(2, 1, 1, 1), np.full((2, 1, 1, 1), 1000.0)
    assert log_likelihood(x, logits, "bernoulli", 1.0).tolist() == [0.0, -1000.0]


def test_the_gaussian_likelihood_is_a_density_with_this_mean_and_std():
    x = GRID.reshape(-1, 1, 1, 1)
    logits = np.full_like(x, math.atanh(0.6))
    density = np.exp(log_likelihood(x, logits, "gaussian", 0.25))
    assert np.trapezoid(density, GRID) == pytest.approx(1)
    assert np.trapezoid(density * GRID, GRID) == pytest.approx(0.6)
    assert np.trapezoid(density * (GRID - 0.6) ** 2, GRID) == pytest.approx(0.25**2)


# --- The bound ----------------------------------------------------------------------------------------


def small(**settings):
    mg.seed(1)
    model = VAE(**{"image_size": 4, "width": 2, "latent_size": 3, **settings})
    for network in model.networks.values():
        in_float64(network)
        for p in network.parameters():  # the first biases are zeros, where ReLU has its kink
            p.data += rng.uniform(-0.3, 0.3, p.shape)
    return model


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_elbo_is_below_the_exact_likelihood_by_the_divergence_from_the_true_posterior(likelihood):
    """With one latent dimension, log p(x) and the posterior p(z|x) are integrals over a line."""
    model = small(latent_size=1, likelihood=likelihood)
    for p in model.G.parameters():
        p.data *= 1.5  # so that z matters
    for x in rng.uniform(-1, 1, (3, 1, 4, 4, 1)):
        mu, log_variance = (a.data.item() for a in model.posterior(x))
        log_q = log_normal(GRID, mu, log_variance)
        epsilon = (GRID - mu) * math.exp(-0.5 * log_variance)
        log_p_x_z, kl = model.elbo_parts(np.repeat(x, len(GRID), axis=0), epsilon[:, None])  # at z = GRID
        elbo = np.trapezoid(np.exp(log_q) * log_p_x_z.data, GRID) - kl.data[0]
        log_joint = log_p_x_z.data + log_normal(GRID)
        log_p_x = math.log(np.trapezoid(np.exp(log_joint), GRID))
        gap = np.trapezoid(np.exp(log_q) * (log_q - (log_joint - log_p_x)), GRID)
        assert gap > 1e-3
        assert elbo == pytest.approx(log_p_x - gap, abs=1e-8)


@pytest.mark.usefixtures("few_directions")
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_gradient_of_the_loss_agrees_with_finite_differences_through_both_networks(likelihood):
    model = small(latent_size=2, likelihood=likelihood)
    model.encoder = in_float64(Sequential(*model.E.layers[:5], Dense(4, 3), Tanh(), Dense(3, 4)))  # 3 for 256
    model.decoder = in_float64(Sequential(Dense(2, 3), Tanh(), Dense(3, 4), *model.G.layers[3:]))
    x, epsilon = rng.uniform(-1, 1, (2, 4, 4, 1)), rng.standard_normal((2, 2))

    def loss():
        likelihoods, kl = model.elbo_parts(x, epsilon)
        return mean(kl - likelihoods)

    check_weights(loss, model.E, model.G)


def test_the_elbo_of_images_is_a_mean_in_parts_with_noise_of_its_own(monkeypatch):
    model, x = small(), rng.uniform(-1, 1, (7, 4, 4, 1))
    state = mg.backend.generator.bit_generator.state
    epsilon = np.random.default_rng(0).standard_normal((7, 3), np.float32)
    likelihoods, kl = model.elbo_parts(x, epsilon)
    assert model.elbo(x) == pytest.approx((likelihoods - kl).data.mean())
    whole = model.elbo(x)
    monkeypatch.setattr("minigan.models.model.CHUNK", 3)
    assert model.elbo(x) == pytest.approx(whole)
    assert model.elbo(x, seed=1) != pytest.approx(whole)
    assert mg.backend.generator.bit_generator.state == state


# --- Use ----------------------------------------------------------------------------------------------


def test_training_finds_out_what_there_is_to_say():
    """One of four quadrants is white: knowing which is worth almost all of the ELBO."""
    quadrants = np.kron(2 * np.eye(4).reshape(4, 2, 2) - 1, np.ones((4, 4)))[..., None].astype(np.float32)
    x = quadrants[np.arange(32) % 4]
    model = VAE(image_size=8, width=4, latent_size=3, learning_rate=4e-3)
    before = model.elbo(x)
    for _ in range(60):
        model.train_step(x)
    blind = 64 * (math.log(1 / 4) / 4 + math.log(3 / 4) * 3 / 4)  # of a decoder that ignores z: -36.0
    exact = math.log(1 / 4)  # log p(x) of a perfect decoder, which no ELBO can exceed
    assert before < blind < -30 < model.elbo(x) < exact
    likeness = (model.reconstruct(quadrants) * quadrants).mean(axis=(1, 2, 3))
    assert likeness.min() > 0.6


def test_a_sample_is_the_mean_of_its_likelihood():
    noise = rng.standard_normal((3, 3))
    for likelihood, squash in (("bernoulli", lambda a: 2 / (1 + np.exp(-a)) - 1), ("gaussian", np.tanh)):
        model = small(likelihood=likelihood)
        logits = model.G(noise.astype(np.float32)).data
        np.testing.assert_allclose(model.sample(3, noise), squash(logits), rtol=1e-6)


def test_an_unknown_likelihood_is_refused():
    with pytest.raises(ValueError, match="likelihood is 'poisson', expected one of 'bernoulli', 'gaussian'"):
        VAE(likelihood="poisson")


@pytest.mark.parametrize("wrong", [{"latent_size": 0}, {"std": 0.0}, {"std": -1.0}])
def test_settings_without_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="VAE: (latent_size|std) is .*, expected .* (at least 1|above 0)"):
        VAE(**wrong)


@pytest.mark.parametrize("shape", [(0, 4, 4, 1), (3, 4, 5, 1), (3, 4, 4)])
def test_the_elbo_of_no_images_or_others_is_refused(shape):
    with pytest.raises(
        ValueError, match=r"VAE: images have shape .*, expected \(N, 4, 4, 1\) with N at least 1"
    ):
        VAE(image_size=4, width=2).elbo(np.zeros(shape, np.float32))
