"""Devices: where arrays are made, and the only two places where they cross.

Nothing to read before it; Part I can be read without it.

The operations of minigan are written in plain NumPy.  CuPy's arrays implement NumPy's dispatch
protocols, so ``np.tanh(x)`` runs on the GPU when ``x`` lives there: *an operation runs where its data
is*.  What dispatch cannot do is here, and this is the only file that knows that CuPy exists:

* creating arrays on the current device: `asarray`, `zeros`, `normal`, `uniform`,
* crossing between devices: `to_device`, `to_numpy`,
* the one random generator, which always runs on the host, so that a run starts from the same numbers
  on every device, and on every process of several (`share`),
* the few functions that dispatch does not cover: `scatter_add`, `synchronize`.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import numpy as np

from minigan.checks import whole

#: Anything that is an array on some device: numpy.ndarray, a NumPy scalar, or cupy.ndarray.
Array = Any

_modules: dict[str, Any] = {"cpu": np}  # device name -> the module that makes its arrays
_array_types: tuple[type, ...] = (np.ndarray, np.generic)
_chosen: str = os.environ.get("MINIGAN_DEVICE", "cpu")  # by `use`, for the whole process
_device: ContextVar[str] = ContextVar("device")  # by `on`, for one with-block of one thread
_room: ContextVar[list[int] | None] = ContextVar("room", default=None)  # bytes that are left, in `at_most`
_share: ContextVar[tuple[int, int]] = ContextVar("share", default=(0, 1))  # number and count of the shares


class DeviceError(RuntimeError):
    """A device cannot be used, or arrays of two devices met."""


# --- A body that may be replaced -------------------------------------------------------------------


def replaceable(f: Callable[..., Any]) -> Any:
    """A decorator: `f` as written is the truth; `minigan.fast` may put a quicker body under its name.

    f.plain  the body that stands here;  f.forward  the one that runs
    """

    @functools.wraps(f)
    def call(*args: Any, **keywords: Any) -> Any:
        return call.forward(*args, **keywords)  # type: ignore[attr-defined]

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


def register(name: str, module: ModuleType | Any, array_type: type) -> None:
    """Make `module` (CuPy, or a stand-in for it) the maker of the arrays of device `name`."""
    global _array_types
    _modules[name] = module
    if array_type not in _array_types:
        _array_types += (array_type,)


def module(device: str | None = None) -> Any:
    """The array module of `device` (of the current device by default): numpy, or cupy."""
    device = device or _device.get(_chosen)
    if device == "cuda" and device not in _modules and cuda_status():
        raise DeviceError(f"device 'cuda' cannot be used. {cuda_status()}")
    if device not in _modules:
        raise DeviceError(f"unknown device {device!r}: expected 'cpu' or 'cuda'")
    return _modules[device]


def use(device: str) -> None:
    """Create new arrays on `device`, "cpu" or "cuda", from now on.

    The default is "cpu", or the environment variable MINIGAN_DEVICE.
    Raises DeviceError with the reason if the device cannot be used.
    """
    global _chosen
    module(device)
    _chosen = device


@contextlib.contextmanager
def on(device: str) -> Iterator[None]:
    """Create arrays on `device` inside the with-block: ``with mg.on("cuda"): ...``."""
    module(device)
    token = _device.set(device)
    try:
        yield
    finally:
        _device.reset(token)


def is_array(value: Any) -> bool:
    """True for an array of any device (Tensors are not arrays)."""
    return isinstance(value, _array_types)


# --- Making and moving arrays ----------------------------------------------------------------------


def asarray(value: Any) -> Array:
    """`value` as an array: arrays stay what and where they are, everything else is made on the
    current device, Python floats as float32 (the default precision of minigan)."""
    if is_array(value):
        return value if not isinstance(value, np.generic) else np.asarray(value)
    try:
        host = np.asarray(value)
    except ValueError as error:  # a ragged list
        raise ValueError(f"cannot make an array of numbers from {value!r:.60}: {error}") from None
    if host.dtype.kind not in "biufc":
        raise TypeError(f"cannot make an array of numbers from {type(value).__name__}: {value!r}")
    if host.dtype == np.float64:
        host = host.astype(np.float32)
    return to_device(host)


def shaped(value: Any) -> Any:
    """`value` if it has a shape, as arrays and Tensors have; lists and numbers become arrays."""
    return value if hasattr(value, "shape") else asarray(value)


@contextlib.contextmanager
def at_most(file_size: int) -> Iterator[None]:
    """Inside the with-block `zeros`, `normal` and `uniform` make no more arrays than a file of this size can hold.

    Otherwise they raise ValueError: a few wrong digits in a file could ask for more than any memory holds.
    """
    token = _room.set([file_size])
    try:
        yield
    finally:
        _room.reset(token)


def _take_room(shape: tuple[int, ...]) -> None:
    if (room := _room.get()) is None:
        return
    room[0] -= 200 + 2 * math.prod(
        shape
    )  # bytes of an array in a file: its name and type, and float16 numbers
    if room[0] < 0:
        raise ValueError("the settings ask for more weights than there are in the file")


def zeros(shape: tuple[int, ...]) -> Array:
    """float32 zeros on the current device."""
    _take_room(shape)
    return module().zeros(shape, dtype=np.float32)


def to_device(array: Array, like: Array | None = None) -> Array:
    """`array` on the current device, or beside the array `like`; no copy is made if it is there already."""
    target = module() if like is None else module_of(like)
    if isinstance(array, target.ndarray):
        return array
    return target.asarray(to_numpy(array))


def to_numpy(value: Any) -> np.ndarray:
    """The numbers of a Tensor, an array of any device or a scalar, as a NumPy array on the host."""
    data = value.data if hasattr(value, "recipe") else value  # a Tensor keeps its array in .data
    return data.get() if hasattr(data, "get") else np.asarray(data)


# --- Randomness: one seeded generator on the host --------------------------------------------------

generator = np.random.default_rng(0)


def seed(value: int) -> None:
    """Restart the random generator that weights, noise and dropout masks are drawn from."""
    value = whole("seed", least=0, value=value)
    generator.bit_generator.state = np.random.default_rng(value).bit_generator.state


def normal(shape: tuple[int, ...]) -> Array:
    """Standard normal float32 numbers, drawn on the host, on the current device."""
    return _drawn(np.random.Generator.standard_normal, shape)


def uniform(shape: tuple[int, ...]) -> Array:
    """float32 numbers uniform in [0, 1), drawn on the host, on the current device."""
    return _drawn(np.random.Generator.random, shape)


@contextlib.contextmanager
def share(rank: int, size: int) -> Iterator[None]:
    """Inside the with-block, this process has share number `rank` of a batch in `size` equal shares.

    All processes draw the numbers for the whole batch, the same ones, and each keeps those of its examples
    (the first axis).  So no two examples get the same noise, and their noise does not depend on `size`.
    """
    token = _share.set((rank, size))
    try:
        yield
    finally:
        _share.reset(token)


def _drawn(draw: Callable[..., np.ndarray], shape: tuple[int, ...]) -> Array:
    _take_room(shape)
    rank, size = _share.get()
    if size == 1:
        return to_device(_on_host(draw, shape))
    n, *rest = shape
    return to_device(_on_host(draw, (size * n, *rest))[rank * n : (rank + 1) * n])


#: Large arrays are drawn in blocks of this size, each by its own generator, seeded from the main one.
BLOCK = 2**16


def _on_host(draw: Callable[..., np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    if math.prod(shape) <= BLOCK:
        return draw(generator, shape, dtype=np.float32)
    numbers = np.empty(shape, np.float32)
    fill_blocks(draw, numbers.reshape(-1), generator.integers(2**63, size=math.ceil(numbers.size / BLOCK)))
    return numbers


@replaceable
def fill_blocks(draw: Callable[..., np.ndarray], flat: np.ndarray, seeds: np.ndarray) -> None:
    """Draw the numbers of all blocks of `flat`, each with its seed; the order does not matter."""
    for i, block_seed in enumerate(seeds):
        fill_block(draw, flat, i, block_seed)


def fill_block(draw: Callable[..., np.ndarray], flat: np.ndarray, i: int, block_seed: int) -> None:
    draw(np.random.default_rng(block_seed), out=flat[i * BLOCK : (i + 1) * BLOCK], dtype=np.float32)


# --- What dispatch does not cover ------------------------------------------------------------------


def scatter_add(target: Array, index: Any, values: Array) -> None:
    """target[index] += values, where repeated indices add up (a plain += would keep only the last)."""
    if isinstance(target, np.ndarray):
        np.add.at(target, index, values)
    else:
        module_of(target).add.at(target, index, values)


def module_of(array: Array) -> Any:
    """The array module that made `array`."""
    for candidate in _modules.values():
        if isinstance(array, candidate.ndarray):
            return candidate
    raise DeviceError(f"not an array of a known device: {type(array).__name__}")


def synchronize() -> None:
    """Wait until the current device has finished; needed around every time measurement."""
    current = module()
    if hasattr(current, "cuda"):
        current.cuda.get_current_stream().synchronize()
