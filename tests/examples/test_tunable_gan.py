"""TunableGAN: each knob does what its line says."""

import numpy as np
import pytest

import minigan as mg
from minigan.layers import Dense

tunable_gan = pytest.importorskip("tunable_gan", reason="the examples are not installed beside the package")
TunableGAN = tunable_gan.TunableGAN
from minigan.ops import sum


def make(packing=1, **settings):
    mg.seed(0)
    return TunableGAN(Dense(3, 2), Dense(2 * packing, 1), 3, packing=packing, **settings)


def real(n):
    return np.random.default_rng(0).standard_normal((n, 2)).astype(np.float32)


def test_so_many_steps_of_each_are_taken():
    model = make(d_steps=3, g_steps=2)
    for _ in range(4):
        model.train_step(real(12))
    assert (model.d_optimizer.steps, model.g_optimizer.steps) == (12, 8)


def test_each_step_of_d_sees_its_own_part_of_the_batch(monkeypatch):
    seen, model = [], make(d_steps=2)
    monkeypatch.setattr(model, "packs", lambda x: seen.append(np.array(getattr(x, "data", x))) or x)
    x = real(8)
    model.train_step(x)
    assert np.array_equal(seen[0], x[:4]) and np.array_equal(seen[2], x[4:])


def test_a_pack_is_m_neighbours_side_by_side():
    x = real(6)
    packs = make(packing=3).packs(x)
    assert packs.shape == (2, 6)
    np.testing.assert_array_equal(packs[1], np.concatenate([x[3], x[4], x[5]]))


@pytest.mark.parametrize("settings", [{"packing": 4}, {"d_steps": 4}, {"packing": 2, "d_steps": 2}])
def test_a_batch_that_cannot_be_divided_is_refused(settings):
    with pytest.raises(ValueError, match="TunableGAN: a batch of 6 cannot be divided"):
        make(**settings).train_step(real(6))


@pytest.mark.parametrize("name", ["packing", "d_steps", "g_steps"])
def test_a_number_less_than_one_is_refused(name):
    with pytest.raises(ValueError, match=f"TunableGAN: {name} is 0, expected an integer of at least 1"):
        TunableGAN(Dense(3, 2), Dense(2, 1), 3, **{name: 0})


def test_the_penalty_on_the_slope_is_weighted_into_the_loss_of_d(monkeypatch):
    def penalty(D, x, fake):
        return 7.0 * sum(D.kernel)  # its gradient is 7 for each weight

    objectives = []
    monkeypatch.setattr(tunable_gan, "gradient_penalty", penalty)
    for weight in (0.0, 10.0):
        model = make(kind="wasserstein", slope_weight=weight)
        monkeypatch.setattr(model.d_optimizer, "step", objectives.append)
        model.train_step(real(4))
    np.testing.assert_allclose(objectives[1][0] - objectives[0][0], 70.0, rtol=1e-5)
    np.testing.assert_allclose(objectives[1][1], objectives[0][1])
