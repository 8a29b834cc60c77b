"""The activations against numbers worked by hand, and where they are easily got wrong: far out."""

import numpy as np
import pytest

from minigan.autograd import Tensor, grad
from minigan.layers import ELU, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh


@pytest.mark.parametrize(
    ("layer", "x", "y", "slope"),
    [
        (ReLU(), [-2.0, 0.0, 3.0], [0, 0, 3], [0, 0, 1]),
        (LeakyReLU(), [-2.0, 3.0], [-0.4, 3], [0.2, 1]),  # 0.2 by default
        (LeakyReLU(0.5), [-2.0, 3.0], [-1, 3], [0.5, 1]),
        (ELU(), [-np.log(2), 3.0], [-0.5, 3], [0.5, 1]),
        (ELU(2.0), [-np.log(2), 3.0], [-1, 3], [1, 1]),
        (Tanh(), [0.0, np.log(3) / 2], [0, 0.5], [1, 0.75]),
        (Sigmoid(), [0.0, np.log(3)], [0.5, 0.75], [0.25, 0.1875]),
    ],
    ids=repr,
)
def test_values_and_slopes_worked_by_hand(layer, x, y, slope):
    x = Tensor(np.array(x))
    result = layer(x)
    np.testing.assert_allclose(result.data, y, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(grad(result.sum(), x), slope, rtol=1e-14)


def test_softmax_worked_by_hand_with_its_whole_jacobian():
    x = Tensor(np.log([[1.0, 2.0, 5.0]]))
    y = Softmax()(x)
    p = np.array([1, 2, 5]) / 8
    np.testing.assert_allclose(y.data, [p], rtol=1e-14)
    jacobian = np.concatenate([grad(y[0, i], x) for i in range(3)])
    np.testing.assert_allclose(jacobian, np.diag(p) - np.outer(p, p), rtol=1e-13)


@pytest.mark.parametrize("layer", [ReLU(), LeakyReLU(), ELU(), Tanh(), Sigmoid(), Softmax()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_everything_is_finite(layer, dtype):
    x = Tensor(np.array([[-1e4, 0, 1e4]], dtype))
    y = layer(x)
    assert np.isfinite(y.data).all()
    assert np.isfinite(grad(y.sum(), x)).all()


def test_leaky_relu_with_an_impossible_slope_is_refused():
    with pytest.raises(ValueError, match="slope"):
        LeakyReLU(2.0)(np.ones(3))
