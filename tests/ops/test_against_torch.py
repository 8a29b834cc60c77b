"""The same calls in PyTorch, where it is installed: values, gradients and gradients of gradients."""

import numpy as np
import pytest

from minigan import Tensor, grad, ops
from minigan.gradcheck.strategies import distinct, normal, positive

# name -> (in minigan, in PyTorch given the module torch, arrays)
CALLS = {
    "exp": (ops.exp, lambda t, x: x.exp(), [normal(0, (3, 4))]),
    "log": (ops.log, lambda t, x: x.log(), [positive(0, (3, 4))]),
    "sqrt": (ops.sqrt, lambda t, x: x.sqrt(), [positive(0, (3, 4))]),
    "tanh": (ops.tanh, lambda t, x: x.tanh(), [normal(0, (3, 4))]),
    "sigmoid": (ops.sigmoid, lambda t, x: x.sigmoid(), [normal(0, (3, 4)) * 4]),
    "softplus": (ops.softplus, lambda t, x: t.nn.functional.softplus(x), [normal(0, (3, 4)) * 4]),
    "abs": (ops.abs, lambda t, x: x.abs(), [distinct(0, (3, 4))]),
    "relu": (ops.relu, lambda t, x: x.relu(), [distinct(0, (3, 4))]),
    "leaky_relu": (ops.leaky_relu, lambda t, x: t.nn.functional.leaky_relu(x, 0.2), [distinct(0, (3, 4))]),
    "elu": (lambda x: ops.elu(x, 0.7), lambda t, x: t.nn.functional.elu(x, 0.7), [distinct(0, (3, 4))]),
    "clip": (lambda x: ops.clip(x, -0.5, 0.5), lambda t, x: x.clamp(-0.5, 0.5), [distinct(0, (3, 4))]),
    "add": (ops.add, lambda t, a, b: a + b, [normal(0, (3, 1)), normal(1, (4,))]),
    "subtract": (ops.subtract, lambda t, a, b: a - b, [normal(0, (3, 1)), normal(1, (4,))]),
    "multiply": (ops.multiply, lambda t, a, b: a * b, [normal(0, (3, 1)), normal(1, (4,))]),
    "divide": (ops.divide, lambda t, a, b: a / b, [normal(0, (3, 1)), positive(1, (4,))]),
    "power": (ops.power, lambda t, a, b: a**b, [positive(0, (3, 1)), normal(1, (4,))]),
    "maximum": (
        ops.maximum,
        lambda t, a, b: t.maximum(a, b),
        [distinct(0, (3, 4)), distinct(1, (3, 4)) + 0.02],
    ),
    "minimum with ties": (
        ops.minimum,
        lambda t, a, b: t.minimum(a, b),
        [normal(0, (3, 4)), normal(0, (3, 4))],
    ),
    "maximum with ties": (
        ops.maximum,
        lambda t, a, b: t.maximum(a, b),
        [normal(0, (3, 4)), normal(0, (3, 4))],
    ),
    "sum": (lambda x: ops.sum(x, (0, 2)), lambda t, x: x.sum((0, 2)), [normal(0, (3, 4, 2))]),
    "mean": (lambda x: ops.mean(x, (0, 2)), lambda t, x: x.mean((0, 2)), [normal(0, (3, 4, 2))]),
    "var": (lambda x: ops.var(x, 1), lambda t, x: x.var(1, correction=0), [normal(0, (3, 4, 2))]),
    "max with ties": (lambda x: ops.max(x, 1), lambda t, x: x.amax(1), [normal(0, (3, 4)).round()]),
    "min with ties": (lambda x: ops.min(x, 1), lambda t, x: x.amin(1), [normal(0, (3, 4)).round()]),
    "logsumexp": (lambda x: ops.logsumexp(x, 1), lambda t, x: x.logsumexp(1), [normal(0, (3, 4)) * 5]),
    "softmax": (ops.softmax, lambda t, x: x.softmax(-1), [normal(0, (3, 4)) * 5]),
    "log_softmax": (ops.log_softmax, lambda t, x: x.log_softmax(-1), [normal(0, (3, 4)) * 5]),
    "norm": (lambda x: ops.norm(x, 1), lambda t, x: t.linalg.vector_norm(x, dim=1), [normal(0, (3, 4))]),
    "transpose": (lambda x: x.transpose(2, 0, 1), lambda t, x: x.permute(2, 0, 1), [normal(0, (3, 4, 2))]),
    "getitem": (lambda x: x[[0, 2, 0], 1:], lambda t, x: x[[0, 2, 0], 1:], [normal(0, (3, 4))]),
    "concatenate": (
        lambda a, b: ops.concatenate([a, b], 1),
        lambda t, a, b: t.cat([a, b], 1),
        [normal(0, (3, 1)), normal(1, (3, 2))],
    ),
    "stack": (
        lambda a, b: ops.stack([a, b], 1),
        lambda t, a, b: t.stack([a, b], 1),
        [normal(0, (3, 2)), normal(1, (3, 2))],
    ),
    "pad": (
        lambda x: ops.pad(x, [(1, 0), (0, 2)], 7.0),
        lambda t, x: t.nn.functional.pad(x, (0, 2, 1, 0), value=7.0),
        [normal(0, (3, 4))],
    ),
    "flip": (lambda x: ops.flip(x, 1), lambda t, x: x.flip(1), [normal(0, (3, 4))]),
    "repeat": (lambda x: ops.repeat(x, 3, 1), lambda t, x: x.repeat_interleave(3, 1), [normal(0, (3, 4))]),
    "where": (
        lambda x: ops.where(x > 0, x, -1.0),
        lambda t, x: t.where(x > 0, x, -1.0),
        [distinct(0, (3, 4))],
    ),
    "matmul": (ops.matmul, lambda t, a, b: a @ b, [normal(0, (2, 1, 3, 4)), normal(1, (5, 4, 2))]),
    "einsum": (
        lambda a, b: ops.einsum("nihd,ihjd->nijh", a, b),
        lambda t, a, b: t.einsum("nihd,ihjd->nijh", a, b),
        [normal(0, (2, 3, 2, 4)), normal(1, (3, 2, 5, 4))],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_both_gradients_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    f, torch_f, arrays = CALLS[name]

    xs = [Tensor(x) for x in arrays]
    y = f(*xs)
    first = grad((y * y).sum(), xs, create_graph=True)
    second = grad(sum((g * g).sum() for g in first), xs)

    ts = [torch.tensor(x, requires_grad=True) for x in arrays]
    torch_y = torch_f(torch, *ts)
    torch_first = torch.autograd.grad((torch_y * torch_y).sum(), ts, create_graph=True)
    torch_second = torch.autograd.grad(sum((g * g).sum() for g in torch_first), ts)

    np.testing.assert_allclose(y.data, torch_y.detach().numpy(), rtol=1e-12, atol=1e-14)
    for ours, theirs in zip([*first, *second], [*torch_first, *torch_second], strict=True):
        ours = ours.data if isinstance(ours, Tensor) else ours
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-10, atol=1e-12)
