"""Devices, crossings and the random generator.  The second device here is NumPy under another name."""

import subprocess
import sys
import threading
import types

import numpy as np
import pytest

import minigan as mg
from minigan import Tensor, backend, grad
from minigan.backend import DeviceError


class OtherArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that lives somewhere else.  As CuPy's arrays do, it runs NumPy's functions where it is,
    crosses to NumPy only with get(), and refuses to meet an array of NumPy."""

    def __init__(self, host):
        self.host = np.array(host)

    def get(self):
        return self.host.copy()

    def __array__(self, *_, **__):
        raise TypeError("implicit conversion to a host array")

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        return there(getattr(ufunc, method)(*here(inputs), **here(keywords)))

    def __array_function__(self, function, types, args, keywords):
        return there(function(*here(args), **here(keywords)))

    def __getitem__(self, index):
        return there(self.host[here(index)])

    def __setitem__(self, index, values):
        self.host[here(index)] = here(values)

    def __len__(self):
        return len(self.host)

    def __getattr__(self, name):  # shape, dtype, sum, reshape, ...
        found = getattr(self.__dict__["host"], name)
        return (
            (lambda *args, **keywords: there(found(*here(args), **here(keywords))))
            if callable(found)
            else found
        )


def here(thing):
    """The same with host arrays in place of other ones."""
    if isinstance(thing, OtherArray):
        return thing.host
    if isinstance(thing, np.ndarray):
        raise TypeError("an array of NumPy met an array of another device")
    if isinstance(thing, tuple | list):
        return type(thing)(here(part) for part in thing)
    return {key: here(part) for key, part in thing.items()} if isinstance(thing, dict) else thing


def there(host):
    return OtherArray(host) if isinstance(host, np.ndarray | np.generic) else host


class OtherModule:
    """The module that makes such arrays."""

    ndarray = OtherArray
    asarray = staticmethod(OtherArray)

    @staticmethod
    def zeros(shape, dtype):
        return OtherArray(np.zeros(shape, dtype))

    class add:
        @staticmethod
        def at(target, index, values):
            np.add.at(target.host, here(index), here(values))


@pytest.fixture
def other(monkeypatch):
    """Register the device "other" for one test."""
    monkeypatch.setattr(backend, "_modules", dict(backend._modules))
    monkeypatch.setattr(backend, "_array_types", backend._array_types)
    monkeypatch.setattr(backend, "_chosen", "cpu")
    backend.register("other", OtherModule, OtherArray)
    return "other"


# --- Choosing a device -------------------------------------------------------------------------------


def test_the_cpu_is_the_default():
    assert backend.module() is np
    assert type(backend.zeros((2, 3))) is np.ndarray
    assert backend.zeros((2, 3)).dtype == np.float32


def test_on_ends_with_its_block_even_after_an_exception(other):
    with mg.on(other):
        assert type(backend.zeros((2,))) is OtherArray
        with mg.on("cpu"):
            assert type(backend.zeros((2,))) is np.ndarray
        assert type(backend.zeros((2,))) is OtherArray
    with pytest.raises(KeyError), mg.on(other):
        raise KeyError
    assert type(backend.zeros((2,))) is np.ndarray


def test_use_holds_in_every_thread_and_on_in_one(other):
    seen = {}

    def look(name):
        thread = threading.Thread(target=lambda: seen.update({name: type(backend.zeros((1,)))}))
        thread.start()
        thread.join(20)

    with mg.on(other):
        look("on")
    mg.use(other)
    look("use")
    with mg.on("cpu"):
        assert type(backend.zeros((1,))) is np.ndarray
    assert seen == {"on": np.ndarray, "use": OtherArray}


def test_an_unknown_device_is_an_error_that_changes_nothing():
    for choose in (mg.use, lambda name: mg.on(name).__enter__()):
        with pytest.raises(DeviceError, match="device is 'gpu', expected 'cpu' or 'cuda'"):
            choose("gpu")
    assert backend.module() is np


@pytest.mark.skipif(backend.cuda_status() == "", reason="a GPU is there")
def test_a_gpu_that_cannot_be_used_is_an_error_that_says_why():
    reason = backend.cuda_status()
    assert reason
    with pytest.raises(DeviceError, match="device 'cuda' cannot be used"):
        mg.use("cuda")
    assert backend.module() is np


def run(code, **environment):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=60)


def test_a_missing_cupy_is_explained_with_the_command_that_installs_it():
    code = (
        "import sys; sys.modules['cupy'] = None\nimport minigan.backend; print(minigan.backend.cuda_status())"
    )
    assert run(code).stdout.startswith("CuPy is not installed: pip install 'minigan[cuda12x]'")


FAKE_CUPY = """
import sys, types
cupy = types.ModuleType("cupy")
cupy.__version__ = "{version}"
cupy.is_available = lambda: {available}
def ones(*_, **__): raise OSError("no compiler")
cupy.ones = ones
sys.modules["cupy"] = cupy
import minigan.backend; print(minigan.backend.cuda_status())
"""


@pytest.mark.parametrize(
    ("version", "available", "reason"),
    [
        ("13.4.0", True, "CuPy 13.4.0 is too old: minigan needs CuPy 14 or newer"),
        ("14.0.1", False, "CuPy 14.0.1 is installed, but no CUDA driver or device was found"),
        ("14.0.1", True, "CUDA is present, but a test kernel failed: OSError: no compiler"),
    ],
)
def test_every_way_a_gpu_can_fail_is_put_into_words(version, available, reason):
    assert run(FAKE_CUPY.format(version=version, available=available)).stdout.strip() == reason


def test_the_environment_chooses_the_first_device():
    done = run("import minigan as mg; mg.Tensor([1.0])", MINIGAN_DEVICE="abacus")
    assert "device is 'abacus', expected" in done.stderr
    done = run("import minigan as mg; print(mg.Tensor([1.0]))", MINIGAN_DEVICE="cpu")
    assert done.stdout.startswith("Tensor([1.]")


# --- Making and crossing -----------------------------------------------------------------------------


def test_asarray_keeps_arrays_and_makes_float32_of_python_floats():
    array = np.ones(3)
    assert backend.asarray(array) is array
    assert backend.asarray([1.0]).dtype == backend.asarray(0.5).dtype == np.float32
    assert backend.asarray([1, 2]).dtype == np.int64
    scalar = backend.asarray(np.float64(1.0))
    assert (type(scalar), scalar.dtype) == (np.ndarray, np.float64)
    for thing in (None, "text", [1.0, None], {}):
        with pytest.raises(TypeError, match="asarray: value is .*, expected an array of numbers"):
            backend.asarray(thing)


def test_data_crosses_only_where_it_must(other):
    host = np.arange(3.0)
    assert backend.to_device(host) is host
    with mg.on(other):
        there = backend.to_device(host)
        assert type(there) is OtherArray
        assert backend.to_device(there) is there
        assert type(Tensor([1.0, 2.0]).data) is OtherArray
        assert Tensor(host).data is host  # data that has a place stays there
    assert type(backend.to_device(there)) is np.ndarray
    assert type(mg.to_numpy(there)) is type(mg.to_numpy(Tensor(there))) is np.ndarray
    assert mg.to_numpy(2.5) == 2.5


def test_operations_and_gradients_follow_their_data(other):
    with mg.on(other):
        x = Tensor([[1.0, -2.0], [3.0, 4.0]])
    y = mg.ops.relu(x @ x).sum(axis=0)
    assert type(y.data) is OtherArray
    assert type(grad(y[[0, 0]], x, y[[0, 0]].data)) is OtherArray
    assert repr(x) == "Tensor([[ 1., -2.],\n        [ 3.,  4.]], dtype=float32)"


def test_is_array(other):
    with mg.on(other):
        assert backend.is_array(backend.zeros((1,)))
    assert backend.is_array(np.float32(1))
    assert not backend.is_array(1.0)
    assert not backend.is_array(Tensor(1.0))


def test_module_of_names_the_maker_of_an_array(other):
    assert backend.module_of(OtherArray([1.0])) is OtherModule
    assert backend.module_of(np.ones(1)) is np
    with pytest.raises(DeviceError, match="module_of: array is .*, expected one of a known device"):
        backend.module_of([1.0])


def test_scatter_add_adds_up_repeated_indices():
    target = np.zeros((2, 3))
    backend.scatter_add(target, (np.array([0, 0, 1]), np.array([1, 1, 2])), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(target, [[0, 3, 0], [0, 0, 3]])


def test_synchronize_waits_for_a_device_that_has_something_to_wait_for(other, monkeypatch):
    backend.synchronize()
    waited = []
    stream = types.SimpleNamespace(synchronize=lambda: waited.append(True))
    cuda = types.SimpleNamespace(get_current_stream=lambda: stream)
    monkeypatch.setattr(OtherModule, "cuda", cuda, raising=False)
    with mg.on(other):
        backend.synchronize()
    assert waited == [True]


# --- Randomness --------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [backend.normal, backend.uniform])
def test_a_seed_starts_the_same_numbers_again_on_every_device(draw, other):
    mg.seed(3)
    first = draw((4, 5))
    assert first.dtype == np.float32
    assert not np.array_equal(first, draw((4, 5)))
    mg.seed(3)
    with mg.on(other):
        there = draw((4, 5))
    assert type(there) is OtherArray
    np.testing.assert_array_equal(first, mg.to_numpy(there))
    mg.seed(4)
    assert not np.array_equal(first, draw((4, 5)))


def test_normal_and_uniform_are_what_they_are_called():
    normal, uniform = backend.normal((100_000,)), backend.uniform((100_000,))
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1) < 0.02
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01
    assert backend.normal(()).shape == ()


@pytest.mark.parametrize("draw", [backend.normal, backend.uniform])
def test_large_arrays_are_drawn_in_blocks_none_of_which_comes_twice(draw, monkeypatch):
    monkeypatch.setattr(backend, "BLOCK", 10)
    mg.seed(6)
    first, second = draw((9, 5)), draw((45,))
    assert len(np.unique([first.ravel(), second])) == 90
    mg.seed(6)
    np.testing.assert_array_equal(draw((9, 5)), first)


@pytest.mark.parametrize("draw", [backend.normal, backend.uniform])
def test_arrays_of_up_to_one_block_come_from_the_main_generator_and_larger_ones_from_one_of_each_block(draw):
    def numbers(generator, n):
        method = generator.standard_normal if draw is backend.normal else generator.random
        return method(n, dtype=np.float32)

    for n in (1, backend.BLOCK - 1, backend.BLOCK):
        mg.seed(6)
        drawn = draw((n,))
        mg.seed(6)
        np.testing.assert_array_equal(drawn, numbers(backend.generator, n))
    mg.seed(6)
    drawn = draw((backend.BLOCK + 1,))
    mg.seed(6)
    first, second = (np.random.default_rng(seed) for seed in backend.generator.integers(2**63, size=2))
    np.testing.assert_array_equal(drawn[:-1], numbers(first, backend.BLOCK))
    np.testing.assert_array_equal(drawn[-1:], numbers(second, 1))


def test_seeding_leaves_the_generators_of_numpy_alone():
    state = np.random.get_state()[1].copy()
    mg.seed(5)
    backend.normal((3,))
    np.testing.assert_array_equal(np.random.get_state()[1], state)


# --- Bodies that may be replaced ---------------------------------------------------------------------


def test_a_replaceable_function_keeps_its_plain_body_and_runs_the_other():
    @backend.replaceable
    def double(x):
        """2 x."""
        return 2 * x

    assert (double(3), double.plain(3), double.__name__, double.__doc__) == (6, 6, "double", "2 x.")
    double.forward = lambda x: x + x + 100
    assert (double(3), double.plain(3)) == (106, 6)


# --- What is no number ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["a", -1, 2.5, None, True])
def test_a_seed_that_is_none_is_refused(value):
    with pytest.raises((TypeError, ValueError), match="seed: value is .*, expected an integer of at least 0"):
        mg.seed(value)
    mg.seed(np.int64(3))


@pytest.mark.parametrize("thing", [[[1.0, 2.0], [3.0]], ["a"], [None]], ids=repr)
def test_what_makes_no_array_is_refused_in_words(thing):
    with pytest.raises((TypeError, ValueError), match="Tensor: data is .*, expected an array of numbers"):
        Tensor(thing)
