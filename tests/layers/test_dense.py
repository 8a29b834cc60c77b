"""Dense and Embedding, with numbers worked by hand and beside PyTorch."""

import numpy as np
import pytest

from minigan.autograd import Tensor, grad
from minigan.layers import Dense, Embedding
from minigan.layers.initializers import he_normal, zero


def test_dense_worked_by_hand():
    layer = Dense(2, 3)
    layer.kernel.data = np.array([[1.0, 2, 3], [4, 5, 6]])
    layer.bias.data = np.array([0.5, 0, -0.5])
    x = Tensor(np.array([[1.0, 10], [2, 0]]))
    y = layer(x)
    np.testing.assert_array_equal(y.data, [[41.5, 52, 62.5], [2.5, 4, 5.5]])
    dx, dw, db = grad(y.sum(), [x, layer.kernel, layer.bias])
    np.testing.assert_array_equal(dx, [[6, 15], [6, 15]])
    np.testing.assert_array_equal(dw, [[3, 3, 3], [10, 10, 10]])
    np.testing.assert_array_equal(db, [2, 2, 2])


def test_dense_without_bias_is_linear_and_has_one_weight():
    layer = Dense(3, 2, use_bias=False)
    assert list(layer.state()) == ["kernel"]
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(layer(2 * x).data, 2 * layer(x).data)
    assert not layer(np.zeros((1, 3))).data.any()


def test_dense_takes_any_number_of_leading_axes():
    layer = Dense(3, 2)
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    y = layer(x).data
    assert y.shape == (2, 4, 2)
    np.testing.assert_allclose(y[1, 2], layer(x[1, 2]).data)


def test_dense_starts_from_the_initializer_it_is_given():
    assert not Dense(3, 2, kernel_initializer=zero).kernel.data.any()
    assert Dense(2, 20000, kernel_initializer=he_normal).kernel.data.std() == pytest.approx(1, rel=0.02)


def test_dense_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    layer, peer = Dense(5, 3), torch.nn.Linear(5, 3)
    layer.kernel.data = peer.weight.detach().numpy().T
    layer.bias.data = peer.bias.detach().numpy()
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    y, expected = layer(x), peer(torch.tensor(x))
    np.testing.assert_allclose(y.data, expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    dw, db = grad((y * y).sum(), [layer.kernel, layer.bias])
    (expected**2).sum().backward()
    np.testing.assert_allclose(dw, peer.weight.grad.numpy().T, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(db, peer.bias.grad.numpy(), rtol=1e-4, atol=1e-5)


# --- Embedding ---------------------------------------------------------------------------------------


def test_embedding_picks_rows_and_repeated_rows_add_up_their_gradients():
    layer = Embedding(4, 2)
    layer.table.data = np.arange(8.0).reshape(4, 2)
    y = layer(np.array([[3, 0], [3, 3]]))
    np.testing.assert_array_equal(y.data, [[[6, 7], [0, 1]], [[6, 7], [6, 7]]])
    g = grad(y, layer.table, np.arange(1.0, 9).reshape(2, 2, 2))
    np.testing.assert_array_equal(g, [[3, 4], [0, 0], [0, 0], [1 + 5 + 7, 2 + 6 + 8]])


def test_embedding_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    layer, peer = Embedding(6, 3), torch.nn.Embedding(6, 3)
    layer.table.data = peer.weight.detach().numpy().copy()
    x = np.array([5, 0, 5, 5, 2])
    y, expected = layer(x), peer(torch.tensor(x))
    np.testing.assert_array_equal(y.data, expected.detach().numpy())
    (expected**3).sum().backward()
    np.testing.assert_allclose(grad((y * y * y).sum(), layer.table), peer.weight.grad.numpy(), rtol=1e-5)


@pytest.mark.parametrize("x", [2, [2], (2,), np.int64(2), np.array([2], np.uint8)])
def test_embedding_takes_integers_of_any_kind(x):
    layer = Embedding(3, 2)
    np.testing.assert_array_equal(layer(x).data.ravel(), layer.table.data[2])
    assert grad(layer(x).sum(), layer.table).tolist() == [[0, 0], [0, 0], [1, 1]]


@pytest.mark.parametrize("x", [[0, 3], [-1, 0]])
def test_embedding_refuses_an_index_out_of_range(x):
    with pytest.raises(IndexError, match=r"Embedding\(3, 2\) got indices from .* expected 0 to 2"):
        Embedding(3, 2)(x)


@pytest.mark.parametrize("x", [[0.5], [True, False]])
def test_embedding_refuses_what_is_no_index(x):
    with pytest.raises(TypeError, match=r"Embedding\(3, 2\) got numbers of dtype"):
        Embedding(3, 2)(np.array(x))


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 2)])
def test_dense_without_features_or_units_is_refused(sizes):
    with pytest.raises(
        ValueError, match="Dense: (in_features|units) is .*, expected an integer of at least 1"
    ):
        Dense(*sizes)


def test_embedding_has_the_names_of_keras_and_takes_the_old_ones_with_a_warning():
    assert Embedding(input_dim=3, output_dim=2).table.shape == (3, 2)
    with pytest.warns(DeprecationWarning) as warned:
        layer = Embedding(count=3, features=2)
    assert sorted(str(w.message) for w in warned) == [
        "Embedding: count is now called input_dim",
        "Embedding: features is now called output_dim",
    ]
    assert repr(layer) == "Embedding(3, 2)" and {w.filename for w in warned} == {__file__}
