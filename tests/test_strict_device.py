"""What CuPy does, as a table that the stand-in must pass, and a real CuPy, too, where there is a GPU.

A row is (a short program, what comes of it): an exception, or True.  In a program, `cp` is the library, `a` a
3 x 4 array of float32 ones on the device and `host` the same on the host.
"""

import copy
import math
import pickle

import numpy as np
import pytest
import strict_device

from minigan import backend

overlapping = "cp.lib.stride_tricks.as_strided(cp.zeros(6, dtype='f'), (4, 3), (4, 4))"

KERNEL = ("T g, T rate", "T p", "p -= rate * sqrt(g);", "descend")

TABLE = [
    # an array of the device does not become one of the host by itself
    ("np.asarray(a)", TypeError),
    ("np.array([a, a])", TypeError),
    ("np.float32(a.sum())", TypeError),
    ("isinstance(a, np.ndarray)", False),
    ("type(a.get()) is np.ndarray", True),
    ("range(cp.asarray(3))", TypeError),
    ("[1, 2, 3][cp.asarray(1)]", TypeError),
    ("a.ctypes", AttributeError),
    # the two do not meet
    ("a + host", TypeError),
    ("host + a", TypeError),
    ("a @ host.T", TypeError),
    ("host.T @ a", TypeError),
    ("host.__iadd__(a)", TypeError),
    ("a.__iadd__(host)", TypeError),
    ("cp.exp(host)", TypeError),
    ("cp.exp([1.0, 2.0])", TypeError),
    ("np.where(a > 0, host, a)", TypeError),
    ("np.where(host > 0, a, a)", TypeError),
    ("np.where(True, a, a)", AttributeError),
    ("np.concatenate([a, host])", TypeError),
    ("cp.stack([host, host])", TypeError),
    ("np.add(a, a, out=host)", TypeError),
    ("a.__setitem__(..., host)", ValueError),
    # numbers may meet arrays, and NumPy's scalars keep their precision
    ("(a * 2.5).dtype == np.float32", True),
    ("(2 - a).dtype == np.float32", True),
    ("(np.float32(2) * a).dtype == np.float32", True),
    ("(a * np.float64(2.5)).dtype == np.float64", True),
    ("(a * cp.asarray(2.5)).dtype == np.float64", True),
    ("(a > 0).dtype == bool and (a * (a > 0)).dtype == np.float32", True),
    ("np.where(a > 0, a, 0.0).dtype == np.float32", True),
    ("cp.arange(3).mean().dtype == np.float64", True),
    # NumPy's functions run where the array is
    ("type(np.exp(a)) is cp.ndarray", True),
    ("type(np.sum(a, axis=0)) is cp.ndarray", True),
    ("type(np.zeros_like(a, shape=(2, 2))) is cp.ndarray", True),
    ("type(np.pad(a, 1, constant_values=0.0)) is cp.ndarray", True),
    ("np.result_type(a, a) == np.float32", True),
    ("np.lib.stride_tricks.as_strided(a, (2, 2), (16, 4))", (TypeError, AttributeError)),  # is not dispatched
    ("np.maximum.reduce(a)", TypeError),
    ("np.add.reduce(a)", TypeError),
    ("np.add.at(a, cp.asarray([0]), 1)", TypeError),
    ("np.insert(a, 0, 0)", TypeError),
    # one number is still an array
    ("type(a.sum()) is cp.ndarray and a.sum().shape == ()", True),
    ("type(np.max(a)) is cp.ndarray", True),
    ("type(a[0, 0]) is cp.ndarray", True),
    ("float(a.sum()) == 12.0 and a.sum().item() == 12.0 and bool(a.sum() > 0)", True),
    ("f'{a.sum():.1f}' == '12.0'", True),
    ("a[0].tolist() == [1.0] * 4", True),
    # keywords that NumPy has and CuPy lacks
    ("np.add(a, a, where=a > 0)", TypeError),
    ("np.sum(a, initial=0)", TypeError),
    ("np.max(a, where=a > 0, initial=0)", TypeError),
    ("a.sum(where=a > 0)", TypeError),
    ("np.clip(a, min=0)", TypeError),
    ("np.reshape(a, shape=(4, 3))", TypeError),
    ("np.broadcast_to(a, (2, 3, 4), subok=True)", TypeError),
    ("np.take_along_axis(a, a.argmax(axis=1)[:, None])", TypeError),
    ("cp.zeros(3, device='cpu')", TypeError),
    ("cp.lib.stride_tricks.as_strided(a, (2, 2), (16, 4), writeable=False)", TypeError),
    # names
    ("cp.errstate()", AttributeError),
    ("cp.vecdot(a, a)", AttributeError),
    ("np.vecdot(a, a)", TypeError),
    ("np.linalg.vector_norm(a)", TypeError),
    ("a.setflags(write=False)", AttributeError),
    ("cp.linalg.vector_norm(a)", AttributeError),
    # adding at an index, where indices may repeat
    ("cp.maximum.reduce(a)", NotImplementedError),
    ("cp.multiply.at(a, cp.asarray([0]), 2.0)", NotImplementedError),
    ("cp.add.at(cp.zeros(3, dtype='h'), cp.asarray([0, 0]), 1)", TypeError),
    ("cp.add.at(a, cp.asarray([0, 0]), 1.0) is None and float(a[0, 0]) == 3.0", True),
    # randomness
    ("cp.random.default_rng(0).normal(size=3)", AttributeError),
    ("cp.random.default_rng(0).permutation(3)", AttributeError),
    ("cp.random.default_rng(0).shuffle(a)", AttributeError),
    ("cp.random.default_rng(0).choice(3)", AttributeError),
    ("cp.random.default_rng(0).standard_normal((2,), dtype=np.float32).dtype == np.float32", True),
    ("cp.random.default_rng(0).uniform(size=2, dtype=np.float32).dtype == np.float32", True),
    (
        "np.array_equal(cp.random.default_rng(0).random(5).get(), np.random.default_rng(0).random(5))",
        False,
    ),
    # kernels of one's own: KERNEL is one that changes p in place
    ("float(cp.ElementwiseKernel(*KERNEL)(a, 3.0, a + 6).sum()) == 48.0", True),
    ("(lambda p: cp.ElementwiseKernel(*KERNEL)(a, 1.0, p) is p)(a + 1)", True),
    ("cp.ElementwiseKernel(*KERNEL)(a, 3.0, a.astype('d'))", TypeError),
    ("cp.ElementwiseKernel(*KERNEL)(a, 3.0, a[0].copy())", ValueError),
    ("cp.ElementwiseKernel(*KERNEL)(a, 3.0, host)", TypeError),
    # the rest of what an array is
    ("(lambda out: np.add(a, a, out=out) is out)(cp.asarray(host))", True),
    ("len(a) == 3 and [row.shape for row in a] == [(4,)] * 3", True),
    ("a.T.shape == (4, 3) and a.flags.c_contiguous and a.dtype == np.float32", True),
    ("type(pickle.loads(pickle.dumps(a))) is cp.ndarray", True),
    ("type(copy.deepcopy(a)) is cp.ndarray", True),
    ("cp.asarray(a) is a or cp.asarray(a).shape == (3, 4)", True),
    ("float(cp.array([a[0], a[1]]).sum()) == 8.0", True),
]

#: on a GPU the result of these is undefined; the stand-in refuses them
UNDEFINED = [
    f"{overlapping}.__iadd__(1)",
    f"{overlapping}.__setitem__(..., 1.0)",
    f"np.add(cp.zeros((4, 3), dtype='f'), 1, out={overlapping})",
    f"cp.add.at({overlapping}, (...,), 1.0)",
    "np.broadcast_to(a, (2, 3, 4)).__iadd__(1)",
    "a.__setitem__(cp.asarray([0, 0]), 1.0)",
    "a.__setitem__(([0, 0], [1, 1]), 1.0)",
]

WAITS = [
    "float(a.sum())",
    "a.sum().item()",
    "bool(a.sum() > 0)",
    "f'{a.sum():.3f}'",
    "str(a)",
    "math.sqrt(a.sum())",
    "max(a.sum(), a.sum())",
    "a.tolist()",
    "cp.asnumpy(a)",
    "a[a > 0]",
    "np.nonzero(a)",
    "np.where(a > 0)",
    "np.unique(a)",
    "np.bincount(cp.arange(3), minlength=3)",
    "cp.lib.stride_tricks.sliding_window_view(a, (2, 2))",
    "np.repeat(a, cp.asarray([1, 2, 1]), axis=0)",
]

WAITS_NOT = [
    "np.where(a > 0, a, 0)",
    "cp.lib.stride_tricks.as_strided(a, (2, 2), (16, 4))",
    "a.argmax(axis=1)",
    "a.reshape(a.shape[0] * a.shape[1]).shape",
    "a[cp.arange(2), cp.arange(2)]",
    "a[::2].__setitem__(0, 2.0)",
    "a.__isub__(a.mean(axis=0))",
    "cp.add.at(a, cp.asarray([0, 0]), 1.0)",
]


def libraries():
    """The stand-in, and the real one where it works."""
    yield pytest.param(strict_device.cupy, id="strict")
    if not backend.cuda_status():
        yield pytest.param(backend.module("cuda"), id="cuda", marks=pytest.mark.gpu)


def run(program, cp):
    host = np.ones((3, 4), np.float32)
    names = {"np": np, "cp": cp, "host": host, "a": cp.asarray(host.copy()), "math": math}
    return eval(program, names | {"pickle": pickle, "copy": copy, "KERNEL": KERNEL})


every_library = pytest.mark.parametrize("cp", list(libraries()))


@every_library
@pytest.mark.parametrize(("program", "outcome"), TABLE, ids=[program for program, _ in TABLE])
def test_it_does_what_cupy_does(program, outcome, cp):
    if isinstance(outcome, bool):
        assert bool(run(program, cp)) is outcome
    else:
        with pytest.raises(outcome):
            run(program, cp)


@pytest.mark.parametrize("program", UNDEFINED)
def test_what_a_gpu_leaves_undefined_is_refused(program):
    with pytest.raises(RuntimeError, match="twice"):
        run(program, strict_device.cupy)


@pytest.mark.parametrize("program", WAITS)
def test_waiting_is_noticed(program):
    with strict_device.counted() as counts:
        run(program, strict_device.cupy)
    assert counts.waits >= 1
    with pytest.raises(strict_device.Waited), strict_device.no_waiting():
        run(program, strict_device.cupy)


@pytest.mark.parametrize("program", WAITS_NOT)
def test_not_everything_is_waiting(program):
    with strict_device.counted() as counts, strict_device.no_waiting():
        run(program, strict_device.cupy)
    assert (counts.waits, counts.downloads) == (0, 0)


@pytest.mark.parametrize(
    ("program", "uploads", "downloads", "calls"),
    [
        ("a + a", 0, 0, 1),
        ("(a * a).sum()", 0, 0, 2),
        ("a.reshape(4, 3).T[::2]", 0, 0, 0),  # views cost nothing
        ("a.T.reshape(12)", 0, 0, 1),  # but this one is a copy
        ("a.__imul__(2)", 0, 0, 1),
        ("exec('a[0] += a[1]')", 0, 0, 1),  # nothing is copied onto itself
        ("exec('a[0] = a[1]')", 0, 0, 1),
        ("cp.ElementwiseKernel(*KERNEL)(a, 1.0, a)", 0, 0, 1),
        ("cp.zeros(3)", 0, 0, 1),
        ("cp.asarray(host)", 1, 0, 0),
        ("a[[0, 2]]", 1, 0, 1),  # a list of rows is uploaded
        ("a.get()", 0, 1, 0),
        ("float(a.sum())", 0, 1, 1),
    ],
)
def test_what_costs_time_is_counted(program, uploads, downloads, calls):
    with strict_device.counted() as counts:
        run(program, strict_device.cupy)
    assert counts == strict_device.Counts(uploads + 1, downloads, downloads, calls)  # `a` is the one more


def test_waiting_is_allowed_again_after_the_block():
    with pytest.raises(strict_device.Waited), strict_device.no_waiting():
        run("float(a.sum())", strict_device.cupy)
    assert run("float(a.sum())", strict_device.cupy) == 12.0
