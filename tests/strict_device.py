"""A strict stand-in for CuPy: NumPy does the work, and whatever CuPy refuses is refused.

`cupy` here is what `import cupy` would give: register it as a device, and arrays made on that device

* do not turn into NumPy arrays by themselves, and do not meet NumPy arrays in any operation,
* have the functions, methods and keywords that CuPy 14 has (tests/cupy_api.json) and no others, so that what
  runs here keeps to what both libraries have,
* stay arrays when they are reduced to one number: asking for the number is a download,
* refuse what a GPU answers with undefined results: writes through a view in which an element occurs twice,
  assignments that name an element twice,
* come from a generator that has CuPy's few methods, and other numbers than NumPy's.

`counted` counts what costs time on a GPU, and `no_waiting` raises at the line that waits for it.
tests/test_strict_device.py holds a table of what CuPy does that both this and a real CuPy must pass.

What it cannot show: rounding, memory layout and memory limits of a GPU, errors that a GPU reports late, time.
Of what waits for the GPU it knows what CuPy's documentation says, and masks, counts and windows besides.
"""

import dataclasses
import functools
import inspect
import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np

RECORD = json.loads(Path(__file__).with_name("cupy_api.json").read_text())

#: `add.at` and its like, and the precisions that they know
SCATTERS = {"add": {"int32", "int64", "uint32", "uint64", "float16", "float32", "float64"}} | {
    name: {"int32", "int64", "uint32", "uint64", "float32", "float64"} for name in ("maximum", "minimum")
}

#: what waits for the GPU without saying so in its documentation
WAITS = {*RECORD["waits"], "lib.stride_tricks sliding_window_view"} - {"where"}
WAITS |= {f"linalg {name}" for name in ("cholesky", "eigh", "eigvalsh", "inv", "lstsq", "solve", "svd")}


# --- What costs time on a GPU ------------------------------------------------------------------------


@dataclasses.dataclass
class Counts:
    uploads: int = 0
    downloads: int = 0
    waits: int = 0  # for the GPU to finish; every download is one, too
    calls: int = 0  # that start work on the GPU


_total = Counts()
_waiting_allowed = True


class Waited(AssertionError):
    """The host waited for the GPU where it must not."""


def _count(uploads: int = 0, downloads: int = 0, waits: int = 0, calls: int = 0) -> None:
    if waits and not _waiting_allowed:
        raise Waited("this line waits for the GPU")
    _total.uploads += uploads
    _total.downloads += downloads
    _total.waits += waits
    _total.calls += calls


@contextmanager
def counted():
    """What happens inside the with-block; complete when the block ends."""
    before, counts = dataclasses.astuple(_total), Counts()
    yield counts
    for field, old in zip(dataclasses.fields(Counts), before, strict=True):
        setattr(counts, field.name, getattr(_total, field.name) - old)


@contextmanager
def no_waiting():
    """Raise Waited at the line that waits inside the with-block."""
    global _waiting_allowed
    before, _waiting_allowed = _waiting_allowed, False
    try:
        yield
    finally:
        _waiting_allowed = before


# --- Crossing the border -----------------------------------------------------------------------------


def _inside(x):
    """The same with the NumPy arrays that do the work in place of device arrays."""
    if isinstance(x, ndarray):
        return x._host
    if isinstance(x, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>: a NumPy array met an array of the device")
    return type(x)(map(_inside, x)) if isinstance(x, list | tuple) else x


def _outside(x):
    """The same with device arrays in place of the NumPy arrays and scalars."""
    if isinstance(x, np.ndarray | np.generic):
        return ndarray(np.asarray(x))
    return type(x)(map(_outside, x)) if isinstance(x, list | tuple) else x


def _refuse_overlap(host: np.ndarray, what: str) -> None:
    """Raise if two elements of an array lie at the same place: threads would write there side by side."""
    if host.size == 0:
        return
    reach = host.itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(host.strides, host.shape, strict=True) if n > 1):
        if stride < reach:
            raise RuntimeError(f"{what} writes through a view that holds an element twice")
        reach += stride * (n - 1)


class Function:
    """One function, ufunc or method of CuPy, and the one of NumPy that does its work."""

    def __init__(self, place: str, name: str) -> None:
        spelled = RECORD["names"][place][name]
        self.name = f"{place} {name}".strip()
        self.signature = inspect.signature(eval(f"lambda {spelled}: None"))
        self.work = getattr(_numpy(place), name)
        self.is_ufunc = not place and name in RECORD["ufuncs"]

    def __call__(self, *args, **keywords):
        try:
            self.signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"cupy {self.name}: {error}") from None
        if self.is_ufunc and any(isinstance(a, list) for a in args):
            raise TypeError(f"cupy {self.name}: Unsupported type <class 'list'>")
        if self.name == "where" and not hasattr(args[0], "astype"):
            raise AttributeError(f"{type(args[0]).__name__!r} object has no attribute 'astype'")
        return self.run(*args, **keywords)

    def run(self, *args, **keywords):
        out = keywords.get("out")
        if isinstance(out, ndarray):
            _refuse_overlap(out._host, f"{self.name}(out=...)")
        if self.name in WAITS or self._waits_for(args):
            _count(waits=1)
        hosts = [_inside(a) for a in args]
        with np.errstate(all="ignore"):  # a GPU never warns
            result = self.work(*hosts, **{key: _inside(value) for key, value in keywords.items()})
        if self.is_ufunc or result is None or _is_new(result, hosts):
            _count(calls=1)
        return _outside(result) if out is None else out

    def _waits_for(self, args) -> bool:
        counts_on_device = self.name.endswith("repeat") and isinstance(args[1], ndarray)
        return counts_on_device or (self.name == "where" and len(args) == 1)

    def at(self, target, index, values) -> None:
        """target[index] += values, if this is `add`."""
        if self.name not in SCATTERS:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if target.dtype.name not in SCATTERS[self.name]:
            raise TypeError(f"cupy {self.name}.at knows no {target.dtype}")
        where, arrays = _index(index)
        if not arrays:  # then CuPy adds to the view, all elements at once
            _refuse_overlap(target._host[where], f"{self.name}.at")
        _count(calls=1, waits=any(a.dtype == bool for a in arrays))
        self.work.at(target._host, where, _inside(values))

    def reduce(self, *args, **keywords):
        if self.name not in ("add", "multiply"):
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        _count(calls=1)
        return _outside(self.work.reduce(*map(_inside, args), **keywords))


def _is_new(result, hosts) -> bool:
    """True for arrays that had to be computed, and are no views of the arguments."""
    if isinstance(result, list | tuple):
        return any(_is_new(part, hosts) for part in result)
    if isinstance(result, np.generic):
        return True
    arrays = [a for a in hosts if isinstance(a, np.ndarray)]
    return isinstance(result, np.ndarray) and not any(np.may_share_memory(result, a) for a in arrays)


def _is_same(a: np.ndarray, b: np.ndarray) -> bool:
    """True for two views of the same elements, as after `x[i] += y`: CuPy does not copy them onto themselves."""
    return (a.ctypes.data, a.shape, a.strides) == (b.ctypes.data, b.shape, b.strides)


def _numpy(place: str):
    return functools.reduce(getattr, filter(None, place.split(".")), np)


@functools.cache
def _function(place: str, name: str) -> Function | None:
    """The function of that name, or None if CuPy has none; an attribute of the arrays is no function."""
    return Function(place, name) if RECORD["names"][place].get(name) is not None else None


def _index(index):
    """The index for NumPy, and the arrays in it.  CuPy takes host arrays and lists here, by an upload."""
    parts = index if isinstance(index, tuple) else (index,)
    on_host = [isinstance(part, list | np.ndarray) for part in parts]
    _count(uploads=sum(on_host))
    parts = [np.asarray(p) if host else _inside(p) for p, host in zip(parts, on_host, strict=True)]
    return tuple(parts), [part for part in parts if isinstance(part, np.ndarray)]


# --- The arrays --------------------------------------------------------------------------------------


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of the device.  Its numbers are in `_host`, which only this file may look at."""

    __slots__ = ("__weakref__", "_host")
    __array_priority__ = 100

    def __init__(self, host: np.ndarray) -> None:
        self._host = host

    # NumPy's functions and operators end here: each is answered by the function of CuPy of that name.

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        function = _function("", ufunc.__name__)
        if function is None or method != "__call__" or ufunc.signature is not None:
            return NotImplemented
        if "out" in keywords:
            (keywords["out"],) = keywords["out"]
        return function(*inputs, **keywords)

    def __array_function__(self, function, types, args, keywords):
        path = ".".join(function.__module__.split(".")[1:])
        ours = _function(path, function.__name__) if path in RECORD["names"] else None
        if ours is None or not all(issubclass(t, ndarray | np.ndarray) for t in types):
            return NotImplemented
        return ours(*args, **keywords)

    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __getattr__(self, name):
        if name not in RECORD["names"]["ndarray"]:
            raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")
        method = _function("ndarray", name)
        if method is not None:
            return functools.partial(method, self)
        attribute = getattr(self._host, name)
        return _outside(attribute) if name in ("T", "mT", "real", "imag") else attribute

    def __matmul__(self, other):
        if getattr(other, "__array_ufunc__", self) is None:  # it wants to be asked itself, by __rmatmul__
            return NotImplemented
        return _function("", "matmul")(self, other)

    def __rmatmul__(self, other):
        return _function("", "matmul")(other, self)

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        where, arrays = _index(index)
        _count(calls=bool(arrays), waits=any(a.dtype == bool for a in arrays))
        return _outside(self._host[where])

    def __setitem__(self, index, values):
        where, arrays = _index(index)
        if isinstance(values, np.ndarray) and values.ndim:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        if not arrays:
            _refuse_overlap(np.asarray(self._host[where]), "an assignment")
        elif all(a.dtype != bool for a in arrays):
            chosen = np.arange(self._host.size).reshape(self._host.shape)[where]
            if len(np.unique(chosen)) != chosen.size:
                raise RuntimeError("an assignment names an element twice: which value stays is undefined")
        is_there = isinstance(values, ndarray) and not arrays and _is_same(values._host, self._host[where])
        _count(calls=not is_there, waits=any(a.dtype == bool for a in arrays))
        self._host[where] = values if isinstance(values, np.ndarray) else _inside(values)

    # Every look at the numbers is a download, and waits until they are there.

    def get(self, stream=None, order="C", out=None, blocking=True):
        _count(downloads=1, waits=1)
        return self._host.copy(order)

    def item(self):
        return self.get().item()

    def tolist(self):
        return self.get().tolist()

    def __bool__(self):
        return bool(self.get())

    def __int__(self):
        return int(self.get())

    def __float__(self):
        return float(self.get())

    def __repr__(self):
        return repr(self.get())

    def __format__(self, form):
        return format(self.get(), form)

    def __reduce__(self):
        return asarray, (self.get(),)


# --- The module --------------------------------------------------------------------------------------


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    if isinstance(a, ndarray):
        return ndarray(np.asarray(a._host, dtype, order))
    if isinstance(a, list | tuple) and any(isinstance(part, ndarray) for part in a):
        return cupy.stack(a)
    _count(uploads=1)
    return ndarray(np.array(a, dtype, order=order or "K"))


def array(a, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    made = asarray(a, dtype, order)
    return ndarray(np.array(made._host, ndmin=ndmin))


class Generator:
    """CuPy's methods, and numbers of its own."""

    def __init__(self, seed=None) -> None:
        self._host = np.random.default_rng([0xC0, seed or 0])

    def __getattr__(self, name):
        if name not in RECORD["names"]["random.Generator"]:
            raise AttributeError(f"'Generator' object has no attribute {name!r}")
        draw = _function("random.Generator", name)

        def drawn(*args, dtype=None, **keywords):
            # NumPy's `uniform` takes no dtype, CuPy's does
            if dtype is None or name == "uniform":
                made = draw(self._host, *args, **keywords)
                return made if dtype is None else made.astype(dtype)
            return draw(self._host, *args, dtype=dtype, **keywords)

        return drawn


class ElementwiseKernel:
    """A kernel of one's own, whose body must be Python as well as C++: assignments to names of the parameters.

    All parameters have one type T: all arrays must have one precision, which the numbers among them take.
    """

    def __init__(self, in_params: str, out_params: str, operation: str, name: str = "kernel") -> None:
        reads, changes = ([part.split() for part in text.split(",")] for text in (in_params, out_params))
        if any(len(part) != 2 or part[0] != "T" for part in [*reads, *changes]):
            raise ValueError(f"{name}: the stand-in knows parameters of type T only")
        self.names, self.changed = [n for _, n in (*reads, *changes)], [n for _, n in changes]
        self.body = compile(operation, name, "exec")

    def __call__(self, *args):
        given = dict(zip(self.names, map(_inside, args), strict=True))
        targets = [given[name] for name in self.changed]
        dtypes = {a.dtype for a in given.values() if isinstance(a, np.ndarray)}
        if len(dtypes) != 1:
            raise TypeError(f"Type is mismatched. T {dtypes}")
        shape = np.broadcast_shapes(*(np.shape(a) for a in given.values()))
        for target in targets:
            if target.shape != shape:
                raise ValueError(f"Out shape is mismatched: {target.shape} and {shape}")
            _refuse_overlap(target, "a kernel")
        _count(calls=1)
        (dtype,) = dtypes
        scope = {name: np.array(a, dtype) for name, a in given.items()} | {"sqrt": np.sqrt}
        with np.errstate(all="ignore"):
            exec(self.body, {"__builtins__": {}}, scope)  # noqa: S102 - a body of minigan's own
        for name, target in zip(self.changed, targets, strict=True):
            target[...] = scope[name]
        changed = args[-len(targets) :]
        return changed[0] if len(changed) == 1 else changed


class Module:
    """cupy, or a module inside it: functions by the record, and what is given."""

    def __init__(self, place: str = "", **given) -> None:
        self.place = place
        vars(self).update(given)

    def __getattr__(self, name):
        function = _function(self.place, name)
        if function is None:
            raise AttributeError(f"module 'cupy' has no attribute {f'{self.place}.{name}'.strip('.')!r}")
        return function


def _current_stream():
    return SimpleNamespace(synchronize=lambda: _count(waits=1))


cupy = Module(
    __version__=RECORD["version"],
    ndarray=ndarray,
    asarray=asarray,
    array=array,
    ElementwiseKernel=ElementwiseKernel,
    asnumpy=lambda a: a.get() if isinstance(a, ndarray) else np.asarray(a),
    is_available=lambda: True,
    linalg=Module("linalg"),
    lib=SimpleNamespace(stride_tricks=Module("lib.stride_tricks")),
    random=SimpleNamespace(default_rng=Generator, Generator=Generator),
    cuda=SimpleNamespace(get_current_stream=_current_stream),
)
