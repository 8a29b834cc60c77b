"""Initial weights: their moments within statistical bounds, and the variance that they are meant to keep."""

import numpy as np
import pytest

import minigan as mg
from minigan.layers import Conv2D, Dense
from minigan.layers.initializers import glorot_uniform, he_normal, normal_002, zero

FAN_IN, FAN_OUT = 300, 200
N = FAN_IN * FAN_OUT

VARIANCE = {
    glorot_uniform: 2 / (FAN_IN + FAN_OUT),
    he_normal: 2 / FAN_IN,
    normal_002: 0.02**2,
    zero: 0.0,
}
#: E (x/σ)⁴, from which the spread of an estimated variance follows
KURTOSIS = {glorot_uniform: 1.8, he_normal: 3.0, normal_002: 3.0, zero: 0.0}

every_initializer = pytest.mark.parametrize("initializer", VARIANCE, ids=lambda f: f.__name__)


@every_initializer
@pytest.mark.parametrize("seed", range(3))
def test_mean_and_variance(initializer, seed):
    mg.seed(seed)
    w = initializer((FAN_IN, FAN_OUT), FAN_IN, FAN_OUT).astype(np.float64)
    variance, kurtosis = VARIANCE[initializer], KURTOSIS[initializer]
    assert abs(w.mean()) <= 4.5 * np.sqrt(variance / N)
    assert abs((w**2).mean() - variance) <= 4.5 * variance * np.sqrt(max(kurtosis - 1, 0) / N)


def test_glorot_uniform_stays_inside_its_limit_and_fills_it():
    limit = np.sqrt(6 / (FAN_IN + FAN_OUT))
    w = glorot_uniform((FAN_IN, FAN_OUT), FAN_IN, FAN_OUT)
    assert -limit <= w.min() < -0.99 * limit and 0.99 * limit < w.max() <= limit


@every_initializer
@pytest.mark.parametrize("shape", [(4, 3), (3, 3, 2, 5), (0, 3), ()])
def test_shape_and_precision(initializer, shape):
    w = initializer(shape, 4, 3)
    assert w.shape == shape and w.dtype == np.float32


@every_initializer
def test_the_seed_decides(initializer):
    def draw(seed):
        mg.seed(seed)
        return [initializer((3, 3), 3, 3).tolist() for _ in range(2)]

    assert draw(1) == draw(1)
    if initializer is not zero:
        assert draw(1) != draw(2)
        assert draw(1)[0] != draw(1)[1]


def test_he_normal_keeps_the_second_moment_through_relu():
    x = np.random.default_rng(0).standard_normal((500, FAN_IN))
    for _ in range(5):
        x = np.maximum(x @ he_normal((FAN_IN, FAN_IN), FAN_IN, FAN_IN), 0)
    assert (x**2).mean() == pytest.approx(1, rel=0.4)  # a factor of two per layer would make it 32


def test_glorot_uniform_keeps_the_second_moment_of_a_linear_layer():
    x = np.random.default_rng(0).standard_normal((500, FAN_IN))
    for _ in range(5):
        x = x @ glorot_uniform((FAN_IN, FAN_IN), FAN_IN, FAN_IN)
    assert (x**2).mean() == pytest.approx(1, rel=0.4)


@every_initializer
def test_an_initializer_goes_by_its_name_too(initializer):
    mg.seed(0)
    by_function = Dense(3, 2, kernel_initializer=initializer).kernel.data
    mg.seed(0)
    by_name = Dense(3, 2, kernel_initializer=initializer.__name__).kernel.data
    np.testing.assert_array_equal(by_name, by_function)


@pytest.mark.parametrize("kind", [lambda **how: Dense(3, 2, **how), lambda **how: Conv2D(3, 2, 3, **how)])
def test_an_initializer_that_returns_float64_leaves_the_network_in_float32(kind):
    layer = kind(kernel_initializer=lambda shape, fan_in, fan_out: np.ones(shape))
    assert layer.kernel.dtype == layer.bias.dtype == np.float32


@pytest.mark.parametrize(
    ("initializer", "message"),
    [
        ("glorrot", "kernel_initializer is 'glorrot', expected one of 'glorot_uniform'"),
        (5, "kernel_initializer is 5, expected a Callable"),
        (lambda *_: np.ones((2, 3)), r"returned float64 numbers of shape \(2, 3\), expected .* \(3, 2\)"),
        (lambda shape, *_: np.ones(shape, int), "returned int64 numbers"),
        (lambda *_: 1.0, "returned float numbers"),
    ],
)
def test_what_is_no_initializer_is_refused(initializer, message):
    with pytest.raises((TypeError, ValueError), match=f"Dense: .*{message}"):
        Dense(3, 2, kernel_initializer=initializer)
