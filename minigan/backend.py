"""Devices: where arrays are made, and the only two places where they cross.

The operations of minigan are written in plain NumPy.  CuPy's arrays implement NumPy's dispatch
protocols, so ``np.tanh(x)`` runs on the GPU when ``x`` lives there: *an operation runs where its data
is*.  What dispatch cannot do is here, and this is the only file that knows that CuPy exists.
"""

import functools
import math
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minigan.checks import short, whole, wholes

#: Anything that is an array on some device: numpy.ndarray, a NumPy scalar, or cupy.ndarray.
Array = Any

_modules: dict[str, Any] = {"cpu": np}  # device name -> the module that makes its arrays
_array_types: tuple[type, ...] = (np.ndarray, np.generic)
_chosen = os.environ.get("MINIGAN_DEVICE", "cpu")  # by `use`, for the whole process
_device: ContextVar[str] = ContextVar("device")  # by `on`, for one with-block of one thread
_room: ContextVar[list[float]] = ContextVar("room", default=[math.inf])  # noqa: B039 - bytes, see `at_most`
_share: ContextVar[tuple[int, int]] = ContextVar("share", default=(0, 1))  # number and count of the shares


class DeviceError(RuntimeError):
    """A device cannot be used, or arrays of two devices met."""


def replaceable(f: Callable) -> Any:
    """A decorator: `f` as written is the truth; `minigan.fast` may put a quicker body under its name.

    f.plain  the body that stands here;  f.forward  the one that runs
    """

    @functools.wraps(f)
    def call(*args, **keywords):
        return call.forward(*args, **keywords)

    call.plain = call.forward = f  # type: ignore[attr-defined]
    return call


# --- Which device? ---------------------------------------------------------------------------------


@functools.cache
def cuda_status() -> str:
    """Why CUDA cannot be used, in words; the empty string if it can.  Never raises."""
    try:
        import cupy
    except ImportError:
        return "CuPy is not installed: pip install 'minigan[cuda12x]' (or 'minigan[cuda13x]')"
    except Exception as error:  # noqa: BLE001 - a broken driver library can raise anything
        return f"CuPy is installed but cannot be imported: {error}"
    if int(cupy.__version__.split(".")[0]) < 14:
        return f"CuPy {cupy.__version__} is too old: minigan needs CuPy 14 or newer"
    if not cupy.is_available():
        return f"CuPy {cupy.__version__} is installed, but no CUDA driver or device was found"
    try:
        (cupy.ones(2, dtype="float32") * 2).sum().get()  # compiler, launch and copy all work
    except Exception as error:  # noqa: BLE001 - so can a broken compiler
        return f"CUDA is present, but a test kernel failed: {type(error).__name__}: {error}"
    register("cuda", cupy, cupy.ndarray)
    return ""


def register(name: str, module, array_type: type) -> None:
    """Make `module` (CuPy, or a stand-in for it) the maker of the arrays of device `name`."""
    global _array_types
    _modules[name] = module
    _array_types += (array_type,)


def module(device: str | None = None, who: str = "module"):
    """The array module of `device` (of the current device by default): numpy, or cupy."""
    device = _device.get(_chosen) if device is None and who == "module" else device
    if isinstance(device, str) and device == "cuda" and device not in _modules and cuda_status():
        raise DeviceError(f"{who}: device 'cuda' cannot be used. {cuda_status()}")
    if not isinstance(device, str) or device not in _modules:
        raise DeviceError(f"{who}: device is {short(device)}, expected 'cpu' or 'cuda'")
    return _modules[device]


def use(device: str) -> None:
    """Create new arrays on `device`, "cpu" or "cuda", from now on (at first, on that of MINIGAN_DEVICE)."""
    global _chosen
    module(device, "use")
    _chosen = device


def on(device: str) -> AbstractContextManager:
    """Create arrays on `device` inside the with-block: ``with mg.on("cuda"): ...``."""
    module(device, "on")
    return _inside(_device, device)


@contextmanager
def _inside(variable: ContextVar, value) -> Iterator[None]:
    """`variable` has this value inside the with-block."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def is_array(value) -> bool:
    """True for an array of any device (Tensors are not arrays)."""
    return isinstance(value, _array_types)


def is_numeric(value) -> bool:
    """True for arrays and Tensors of numbers, and for a number."""
    return value.dtype.kind in "fiubc" if hasattr(value, "dtype") else isinstance(value, int | float)


def asarray(value, who="asarray", name: str = "value") -> Array:
    """`value` as an array: arrays stay what and where they are, Python floats become float32."""
    if is_array(value) and is_numeric(value):
        return value if not isinstance(value, np.generic) else np.asarray(value)
    try:
        host = np.asarray(value)
    except ValueError:  # a ragged list
        host = np.asarray(None)
    if not is_numeric(host):
        raise TypeError(f"{who}: {name} is {short(value)}, expected an array of numbers")
    return to_device(host.astype(np.float32) if host.dtype == np.float64 and not is_array(value) else host)


def shaped(value, who, name: str = "x"):
    """`value` if it has a shape, as arrays and Tensors have; lists and numbers become arrays."""
    return value if hasattr(value, "recipe") else asarray(value, who, name)


def at_most(file_size: int) -> AbstractContextManager:
    """No more numbers are made inside the with-block than a file of this size holds; otherwise ValueError."""
    return _inside(_room, [file_size])


def _take_room(who: str, shape: tuple[int, ...]) -> None:
    room, shape = _room.get(), wholes(who, least=0, shape=shape)
    room[0] -= 200 + 2 * math.prod(shape)  # of a file: the name and type of an array, and float16 numbers
    if room[0] < 0:
        raise ValueError("the settings ask for more weights than there are in the file")


def zeros(shape: tuple[int, ...]) -> Array:
    """float32 zeros on the current device."""
    _take_room("zeros", shape)
    return module().zeros(shape, dtype=np.float32)


def to_device(array: Array, like: Array | None = None) -> Array:
    """`array` on the current device, or beside the array `like`; no copy is made if it is there already."""
    target = module() if like is None else module_of(like)
    return array if isinstance(array, target.ndarray) else target.asarray(to_numpy(array))


def to_numpy(value) -> np.ndarray:
    """The numbers of a Tensor, an array of any device or a scalar, as a NumPy array on the host."""
    data = value.data if hasattr(value, "recipe") else value  # a Tensor keeps its array in .data
    host = data.get() if hasattr(data, "get") and hasattr(data, "dtype") else np.asarray(data)
    if not is_numeric(host):
        raise TypeError(f"to_numpy: value is {short(value)}, expected an array of numbers")
    return host


# --- Randomness: one seeded generator, on the host, so that every device gets the same numbers --------

generator = np.random.default_rng(0)


def seed(value: int) -> None:
    """Restart the random generator that weights, noise and dropout masks are drawn from."""
    value = whole("seed", least=0, value=value)
    generator.bit_generator.state = np.random.default_rng(value).bit_generator.state


def normal(shape: tuple[int, ...]) -> Array:
    """Standard normal float32 numbers, drawn on the host, on the current device."""
    return _drawn("normal", np.random.Generator.standard_normal, shape)


def uniform(shape: tuple[int, ...]) -> Array:
    """float32 numbers uniform in [0, 1), drawn on the host, on the current device."""
    return _drawn("uniform", np.random.Generator.random, shape)


def share(rank: int, size: int) -> AbstractContextManager:
    """Inside the with-block, this process has share number `rank` of a batch in `size` equal shares.

    All processes draw the numbers of the whole batch, and each keeps those of its examples (the first axis):
    no two examples get the same noise, and their noise does not depend on `size`.
    """
    return _inside(_share, (whole("share", least=0, rank=rank), whole("share", least=rank + 1, size=size)))


def _drawn(who: str, draw: Callable, shape: tuple[int, ...]) -> Array:
    _take_room(who, shape)
    rank, size = _share.get()
    if size == 1:
        return to_device(_on_host(draw, shape))
    n, *rest = shape
    return to_device(_on_host(draw, (size * n, *rest))[rank * n : (rank + 1) * n])


#: Large arrays are drawn in blocks of this size, each by its own generator, seeded from the main one.
BLOCK = 2**16


def _on_host(draw: Callable, shape: tuple[int, ...]) -> np.ndarray:
    if math.prod(shape) <= BLOCK:
        return draw(generator, shape, dtype=np.float32)
    numbers = np.empty(shape, np.float32)
    fill_blocks(draw, numbers.reshape(-1), generator.integers(2**63, size=math.ceil(numbers.size / BLOCK)))
    return numbers


@replaceable
def fill_blocks(draw: Callable, flat: np.ndarray, seeds: np.ndarray) -> None:
    """Draw the numbers of all blocks of `flat`, each with its seed; the order does not matter."""
    for i, block_seed in enumerate(seeds):
        draw(np.random.default_rng(block_seed), out=flat[i * BLOCK : (i + 1) * BLOCK], dtype=np.float32)


def scatter_add(target: Array, index, values: Array) -> None:
    """target[index] += values, where repeated indices add up (a plain += would keep only the last)."""
    module_of(target).add.at(target, index, values)


def module_of(array: Array):
    """The array module that made `array`."""
    for candidate in _modules.values():
        if isinstance(array, candidate.ndarray):
            return candidate
    raise DeviceError(f"module_of: array is {short(array)}, expected one of a known device")


def synchronize() -> None:
    """Wait until the current device has finished; needed around every time measurement."""
    if hasattr(module(), "cuda"):
        module().cuda.get_current_stream().synchronize()
