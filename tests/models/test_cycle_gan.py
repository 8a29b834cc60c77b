"""CycleGAN's own part: what each of its six terms is, and which networks it reaches.  The rest: test_every_model."""

import numpy as np
import pytest
from gan_tools import Plus

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.layers import Layer
from minigan.losses import discriminator_loss
from minigan.models import CycleGAN
from minigan.models.cycle_gan import TERMS, six_terms


def make(**settings):
    mg.seed(1)
    return CycleGAN(**{"image_size": 8, "width": 2} | settings)


def batch(n=5, m=4):
    rng = np.random.default_rng(0)
    return tuple(rng.uniform(-1, 1, (k, 8, 8, 1)).astype(np.float32) for k in (n, m))


class Times(Layer):
    """A logit k x for each pixel, for a D."""

    def __init__(self, k):
        self.k = Tensor(np.float32(k))

    def __call__(self, x, training=False):
        return self.k * x


class Recorder:
    """In the place of an optimizer: it keeps the gradients."""

    steps = 0

    def __init__(self, parameters):
        self.parameters = parameters

    def step(self, gradients):
        self.gradients = [float(gradient) for gradient in gradients]


def test_the_losses_and_their_gradients_are_those_worked_out_by_hand():
    """G(a) = a + ¼, F(b) = b - ½, D_A(x) = 2x and D_B(x) = 4x with a = 0 and b = ½.

    G(a) = ¼ has the logit 1, so its term is 0; F(b) = 0 has the logit 0, so its term is ½.  F(G(a)) = -¼ is ¼ from a,
    G(F(b)) = ¼ is ¼ from b; G(b) = ¾ is ¼ from b, F(a) = -½ is ½ from a.  D_A(a) = 0, D_A(F(b)) = 0: ½ + 0.
    D_B(b) = 2, D_B(G(a)) = 1: ½ + ½.

    In G's h the derivatives are (1 - 1) 4 = 0, 10 · (-1) of each cycle, whose differences are negative, and 5 · 1;
    in F's h (0 - 1) 2 = -2, -10 of each cycle and 5 · (-1).
    """
    model = make()
    model.G, model.F, model.D_A, model.D_B = Plus(0.25), Plus(-0.5), Times(2.0), Times(4.0)
    model.average_G, model.average_F = Plus(0.0), Plus(0.0)
    model.optimizer = Recorder([model.G.h, model.F.h])
    model.d_optimizer = Recorder([model.D_A.k, model.D_B.k])
    a = np.zeros((3, 8, 8, 1), np.float32)
    numbers = {name: float(number) for name, number in model.train_step((a, a + np.float32(0.5))).items()}
    expected = dict(zip(TERMS, (0.0, 0.5, 0.25, 0.25, 0.25, 0.5), strict=True))
    assert numbers == pytest.approx({"d_loss": 1.5} | expected, rel=1e-6)
    assert model.optimizer.gradients == pytest.approx([0 - 20 + 5, -2 - 20 - 5], rel=1e-6)
    # of ½ (k a - 1)² + ½ (k F(b))² in k: 0; of ½ (k b - 1)² + ½ (k G(a))²: (2 - 1) ½ + 1 · ¼
    assert model.d_optimizer.gradients == pytest.approx([0.0, 0.75], abs=1e-6)


def test_the_gradient_of_each_term_reaches_the_networks_that_it_goes_through():
    model = make()
    a, b = batch()
    networks = {"G": model.G, "F": model.F, "D_A": model.D_A, "D_B": model.D_B}
    to_b, to_a = model.G(a, training=True), model.F(b, training=True)

    def reached(loss):
        found = {}
        for name, network in networks.items():
            gradients = grad(loss, network.parameters(), allow_unconnected=True)
            found[name] = any(np.any(g) for g in gradients)
        return {name for name, is_reached in found.items() if is_reached}

    terms = six_terms(*networks.values(), a, b, to_b, to_a)
    expected = [{"G", "D_B"}, {"F", "D_A"}, {"G", "F"}, {"G", "F"}, {"G"}, {"F"}]
    assert [reached(terms[name]) for name in TERMS] == expected
    assert reached(model.d_loss(model.D_A, a, to_a.data)) == {"D_A"}
    assert reached(model.d_loss(model.D_B, b, to_b.data)) == {"D_B"}


def test_a_step_is_the_formula():
    model, twin = make(cycle_weight=3.0, identity_weight=0.7), make()
    a, b = batch()
    for _ in range(2):
        metrics = model.train_step((a, b))
        to_b, to_a = twin.G(a, training=True), twin.F(b, training=True)
        d_loss = sum(
            discriminator_loss(D(real), D(fake.data), "least_squares")
            for D, real, fake in ((twin.D_A, a, to_a), (twin.D_B, b, to_b))
        )
        twin.d_optimizer.step(grad(d_loss, twin.d_optimizer.parameters))
        terms = six_terms(twin.G, twin.F, twin.D_A, twin.D_B, a, b, to_b, to_a)
        loss = sum(w * term for w, term in zip((1, 1, 3, 3, 0.7, 0.7), terms.values(), strict=True))
        twin.optimizer.step(grad(loss, twin.optimizer.parameters))
        assert float(metrics["d_loss"]) == pytest.approx(float(d_loss), rel=1e-6)
        for name in TERMS:
            assert float(metrics[name]) == pytest.approx(float(terms[name]), rel=1e-5)
    for name in ("G", "F", "D_A", "D_B"):
        for key, array in model.networks[name].state().items():
            np.testing.assert_allclose(array, twin.networks[name].state()[key], rtol=1e-4, atol=1e-6)


def test_it_translates_both_ways_with_the_averages(tmp_path):
    model = make()
    for _ in range(2):
        model.train_step(batch())
    a, _ = batch()
    np.testing.assert_array_equal(model.translate(a), model.average_G(a).data)
    np.testing.assert_array_equal(model.translate_back(a), model.average_F(a).data)
    assert not np.array_equal(model.translate(a), model.translate_back(a))
    model.save(tmp_path / "model.npz")
    again = CycleGAN.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.translate_back(a), model.translate_back(a))


def test_a_batch_that_is_no_pair_of_sets_is_refused():
    a, _ = batch()
    with pytest.raises(ValueError, match="CycleGAN: expected a batch that is a pair"):
        make().train_step(a)
    with pytest.raises(ValueError, match=r"images have shape \(5, 4, 4, 1\), expected \(N, 8, 8, 1\)"):
        make().train_step((a, a[:, :4, :4]))
