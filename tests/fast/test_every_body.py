"""Every quicker body computes what the plain one computes: values, precisions, derivatives of both orders.

One row for each body in `minigan.fast.bodies`: what calls of it to draw.  Then one test holds them all against
the plain ones, as they are and with small arrays worked on in several threads.
"""

import functools
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
from convolution_cases import cases as convolutions
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from layer_tools import in_precision
from thread_tools import three_threads

from minigan import Tensor, grad, layers, ops, optimizers
from minigan.backend import fill_blocks, to_numpy
from minigan.fast import bodies, use
from minigan.gradcheck.strategies import (
    arrays,
    axes,
    layouts_with_repeats,
    normal,
    pairs,
    positive,
    recast,
    seeds,
    shapes,
)

floats = st.sampled_from([np.float32, np.float64])
dtypes = st.sampled_from([np.float32, np.float64, np.float16, np.int32, np.bool_])


class Call:
    """f(*variables), where the function looked at runs inside f; the variables are arrays of one dtype or of several."""

    def __init__(self, f, *variables):
        self.f, self.variables = f, variables

    def __repr__(self):
        return f"Call of {[(a.shape, a.dtype.name, a.strides) for a in self.variables]}"


@st.composite
def additions(draw):
    a, b = draw(pairs(layout=layouts_with_repeats))
    other = draw(st.sampled_from([b, 2, -1.5, True]))
    a = recast(a, draw(dtypes))
    if other is b:
        return Call(ops.add, a, recast(b, draw(dtypes)))
    return (
        Call(lambda a: ops.add(a, other), a) if draw(st.booleans()) else Call(lambda a: ops.add(other, a), a)
    )


def elementwise(op, kind=normal, **drawn):
    @st.composite
    def calls(draw):
        x = draw(arrays(shapes(max_dims=4, max_side=4), kind, layouts_with_repeats))
        keywords = {name: draw(values) for name, values in drawn.items()}
        return Call(functools.partial(op, **keywords), recast(x, draw(dtypes)))

    return calls()


def without_bool(calls):
    """NumPy knows no negative of a boolean, nor its product with a number that stays one."""
    return calls.filter(lambda call: call.variables[0].dtype != bool)


@st.composite
def sums(draw):
    x = recast(draw(arrays(shapes(max_dims=4, max_side=4), layout=layouts_with_repeats)), draw(dtypes))
    first = tuple(range(x.ndim - 1))  # all but the last: what is added up by BLAS
    last = st.sampled_from([-1, x.ndim - 1, (x.ndim - 1,), first]) if x.ndim else st.none()
    axis, keepdims = draw(last | axes(x.ndim)), draw(st.booleans())
    return Call(lambda x: ops.sum(x, axis=axis, keepdims=keepdims), x)


@st.composite
def products(draw):
    """Matrices, stacks of them that are as many or broadcast, and vectors."""
    i, k, j, n = (draw(st.integers(0, 4)) for _ in range(4))
    before = draw(st.sampled_from([((), ()), ((n,), (n,)), ((n,), (1,)), ((2, n), (n,)), ((), (n,))]))
    a, b = (
        recast(draw(arrays(shape, layout=layouts_with_repeats)), draw(dtypes))
        for shape in [(*before[0], i, k), (*before[1], k, j)]
    )
    return Call(ops.matmul, a, b)


def convolution_calls(operation, *names):
    @st.composite
    def calls(draw):
        case = draw(convolutions(axes=draw(st.sampled_from([2, 2, 2, 1, 3])), side=4))
        mixed = draw(floats), draw(floats)
        variables = [recast(getattr(case, name), d) for name, d in zip(names, mixed, strict=True)]
        return Call(getattr(case, operation), *variables)

    return calls()


@st.composite
def normalizations(draw):
    channels, dtype, seed = draw(st.integers(1, 3)), draw(floats), draw(seeds)
    before = draw(st.sampled_from([(3,), (5,), (2, 2), (1, 3), (3, 2, 2), (7, 1)]))
    x = recast(draw(arrays((*before, channels))), dtype)
    gamma, beta = positive(seed, (channels,)).astype(dtype), normal(seed, (channels,)).astype(dtype)

    def f(x, gamma, beta):
        y, mu, variance = layers.batch.normalize_batch(x, gamma, beta, 0.1)
        assert mu.dtype == variance.dtype == dtype and mu.shape == variance.shape == (channels,)
        return ops.concatenate([ops.reshape(y, (-1,)), mu, variance])  # μ and σ² are constants

    return Call(f, x, gamma, beta)


@st.composite
def routings(draw):
    n, i, d, e = (draw(st.integers(least, 3)) for least in (0, 1, 1, 1))
    j, dtype = draw(st.integers(1, 3)), draw(floats)
    how = draw(st.integers(1, 3)), draw(st.sampled_from(["full", "last", "none"]))
    u, kernel = (recast(draw(arrays(shape)), dtype) for shape in [(n, i, d), (j, d, i, e)])
    return Call(lambda u, kernel: layers.capsule.route(u, kernel, *how), u, kernel)


@st.composite
def networks(draw):
    """Upsampling and convolution, with and without what lets them be one."""
    n, h, w, c = (draw(st.integers(least, 3)) for least in (0, 1, 1, 1))
    size = draw(st.integers(1, 3) | st.sampled_from([(2, 1), (2, 2)]))
    kernel = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    padding, strides = draw(st.sampled_from(["same", "same", 2])), draw(st.sampled_from([1, 1, 2]))
    interpolation = draw(st.sampled_from(["nearest", "nearest", "bilinear"]))
    dtype = draw(floats)
    convolution = layers.Conv2D(c, 2, kernel, strides, padding, use_bias=draw(st.booleans()))
    transpose = layers.Conv2DTranspose(2, 1, draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    network = layers.Sequential(
        layers.UpSampling2D(size, interpolation), convolution, layers.Tanh(), transpose, layers.Tanh()
    )
    in_precision(network, dtype)

    def f(x, kernel, *biases):
        convolution.kernel = kernel if isinstance(kernel, Tensor) else Tensor(kernel)
        for layer, bias in zip([transpose, convolution], biases, strict=False):
            layer.bias = bias if isinstance(bias, Tensor) else Tensor(bias)
        return network(x)

    biases = [arrays((1,)), arrays((2,))][: 1 + convolution.use_bias]
    return Call(
        f, *[recast(draw(a), dtype) for a in (arrays((n, h, w, c)), arrays((*kernel, c, 2)), *biases)]
    )


@st.composite
def draws(draw):
    """Blocks of random numbers, the last of which may be shorter; BLOCK is that of the backend."""
    size, seed = draw(st.integers(1, 3 * 2**16)), draw(seeds)

    def f():
        flat = np.zeros(size, np.float32)
        fill_blocks(np.random.Generator.standard_normal, flat, np.arange(seed, seed - (-size // 2**16)))
        return flat

    return Call(f)


@st.composite
def updates(draw):
    """Two steps of an optimizer; what comes of them is the parameters, the slots and their number in one array."""
    kind = draw(st.sampled_from([optimizers.SGD, optimizers.RMSprop, optimizers.Adam]))
    how = {"clip_norm": draw(st.sampled_from([None, 0.5]))} if kind is optimizers.Adam else {}
    parameters = draw(st.lists(arrays(shapes(max_dims=3, max_side=5)), min_size=1, max_size=3))
    dtype, seed = draw(floats), draw(seeds)

    def f():
        optimizer = kind([Tensor(a.astype(dtype)) for a in parameters], 0.1, **how)
        for step in range(2):
            optimizer.step([normal(seed + step, a.shape).astype(dtype) for a in parameters])
        results = [p.data for p in optimizer.parameters] + [
            a for slot in optimizer.slots.values() for a in slot
        ]
        return np.concatenate([a.ravel() for a in results])

    return Call(f)


#: (name, argument) of a body, as in `minigan.fast.bodies` -> what calls to draw
CALLS = {
    ("add", None): additions(),
    ("add", 1): additions(),
    ("relu", None): elementwise(ops.relu),
    ("relu", 0): elementwise(ops.relu),
    ("leaky_relu", None): without_bool(elementwise(ops.leaky_relu, slope=st.sampled_from([0.0, 0.2, 1.0]))),
    ("leaky_relu", 0): without_bool(elementwise(ops.leaky_relu, slope=st.sampled_from([0.0, 0.2, 1.0]))),
    ("sum", None): sums(),
    ("matrix_product", None): products(),
    ("matrix_product", 0): products(),
    ("matrix_product", 1): products(),
    ("convolution", None): convolution_calls("convolution", "x", "w"),
    ("convolution_transpose", None): convolution_calls("transpose", "y", "w"),
    ("convolution_kernel_gradient", None): convolution_calls("kernel_gradient", "x", "y"),
    ("normalize_batch", None): normalizations(),
    ("route", None): routings(),
    ("in_order", None): networks(),
    ("fill_blocks", None): draws(),
    ("update_all", None): updates(),
}


@contextmanager
def running(key, f):
    """Let `f` run under the name of a body, and all other quicker bodies as they do."""
    use(bodies[key], f)
    try:
        yield
    finally:
        use(bodies[key], bodies[key].fast)


def everything(call):
    """The value, and for floating-point variables the gradients of both orders, recorded and not."""
    results = [call.f(*call.variables)]
    variables = [Tensor(a) if a.dtype.kind == "f" else a for a in call.variables]
    tensors = [a for a in variables if isinstance(a, Tensor)]
    if tensors:
        y = call.f(*variables)
        c = np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)
        first = grad(y, tensors, c)
        recorded = grad(y, tensors, c, create_graph=True)
        weighed = [
            (g * np.sin(1 + np.arange(g.size)).reshape(g.shape).astype(g.dtype)).sum() for g in recorded
        ]
        total = functools.reduce(ops.add, weighed)
        second = grad(total, tensors, allow_unconnected=True)
        results += [y.data, *first, *[g.data for g in recorded], *second]
    return [to_numpy(a) for a in results]


TOLERANCE = {"f2": 2e-2, "f4": 1e-4, "f8": 1e-9}


def compare(key, call, threads=nullcontext):
    """AssertionError unless the body computes what the plain one computes."""
    with running(key, bodies[key].plain):
        expected = everything(call)
    with threads():
        found = everything(call)
    floating = [a.dtype.str[1:] for a in call.variables or expected if a.dtype.kind == "f"]
    precision = min(floating, default="f8")
    tolerance = TOLERANCE[precision]
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        scale = np.max(np.abs(b), initial=1) if b.dtype.kind == "f" else 0
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)
    if call.variables and {a.dtype for a in call.variables} == {np.dtype("f4")}:
        assert {a.dtype for a in found} == {np.dtype("f4")}  # not only as the plain one


def test_every_body_has_calls():
    missing = sorted(set(bodies) - set(CALLS), key=str)
    assert not missing, f"say in this test what calls of {missing} to draw"
    assert set(CALLS) == set(bodies)


in_threads_and_not = pytest.mark.parametrize(
    "threads", [nullcontext, three_threads], ids=["as it is", "threads"]
)


@in_threads_and_not
@pytest.mark.parametrize("key", CALLS, ids=str)
@given(data=st.data())
def test_a_body_computes_what_the_plain_one_computes(key, threads, data):
    compare(key, data.draw(CALLS[key]), threads)


# --- The comparison can fail -------------------------------------------------------------------------


def slightly_wrong(body):
    """The body, the result of which is wrong in one place; where there is more than one result, in the first."""

    def spoilt(*args, **keywords):
        y = body(*args, **keywords)
        if y is None:  # it writes into its second argument, an array or rows of them
            first = args[1] if isinstance(args[1], np.ndarray) else args[1][0][0]
            first += 1
        if isinstance(y, tuple):
            return y[0] * 1.01, *y[1:]
        return y * 1.01 if y is not None else None

    return spoilt


@pytest.mark.parametrize("key", CALLS, ids=str)
def test_a_wrong_body_is_found(key, monkeypatch):
    wrong = bodies[key]._replace(fast=slightly_wrong(bodies[key].fast))
    monkeypatch.setitem(bodies, key, wrong)

    @settings(
        database=None,
        max_examples=60,
        derandomize=True,
        report_multiple_bugs=False,
        phases=[Phase.generate],  # the smallest call that shows it is not asked for
    )
    @given(call=CALLS[key])
    def compared(call):
        compare(key, call)

    use(wrong, wrong.fast)
    try:
        with pytest.raises(AssertionError):
            compared()
    finally:
        monkeypatch.undo()
        use(bodies[key], bodies[key].fast)


def test_a_body_with_a_right_value_and_a_wrong_derivative_is_found(monkeypatch):
    key = ("relu", 0)
    wrong = bodies[key]._replace(fast=lambda g, y, x: g * (ops.elementwise.value(x) > 0.5))
    monkeypatch.setitem(bodies, key, wrong)
    use(wrong, wrong.fast)
    try:
        compare(key, Call(ops.relu, np.array([-1.0, 2.0])))
        with pytest.raises(AssertionError):
            compare(key, Call(ops.relu, np.array([-1.0, 0.25])))
    finally:
        monkeypatch.undo()
        use(bodies[key], bodies[key].fast)


def test_a_body_that_changes_the_precision_is_found(monkeypatch):
    key = ("add", None)
    wrong = bodies[key]._replace(fast=lambda a, b: np.add(a, b, dtype=np.float64))
    monkeypatch.setitem(bodies, key, wrong)
    use(wrong, wrong.fast)
    try:
        with pytest.raises(AssertionError):
            compare(key, Call(ops.add, np.ones(2, np.float32), np.ones(2, np.float32)))
    finally:
        monkeypatch.undo()
        use(bodies[key], bodies[key].fast)
