"""The chain rule, and nothing else: Tensor, primitive, grad.

Chapter 2; read `backend` before it if you care about GPUs, otherwise nothing.

A *primitive* is a function of arrays together with one vector-Jacobian product (vjp) for each of its
arguments.  Given arrays, a primitive is plain NumPy and records nothing.  Given a `Tensor`, it also
remembers its recipe ``(primitive, arguments, keywords)`` in the result.  Arrays are constants, Tensors
are variables: that is the whole difference.

For  L = L(y),  y = f(a, b)  and the incoming gradient  g = dL/dy,  the chain rule says

    dL/da = g · ∂y/∂a,     dL/db = g · ∂y/∂b,

and the two right-hand sides are the vjps of f.  `grad` walks the recipes once, from the youngest
Tensor to the oldest, and adds up what arrives.  The same vjps run on bare arrays in ordinary training
and on Tensors when the gradient itself must be differentiated (``create_graph=True``); there is no
second code path for derivatives of higher order.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from minigan.backend import Array, asarray, to_numpy

_birthday = count().__next__
_recording: ContextVar[bool] = ContextVar("recording", default=True)

#: name -> Primitive, for everything that was ever decorated with @primitive.
primitives: dict[str, Primitive] = {}


class Tensor:
    """An array that remembers how it was made.

    data    the array (NumPy or CuPy); lists and Python floats become float32
    recipe  (primitive, arguments, keywords, values of the arguments) that it was made by,
            or None for a variable made by hand
    age     number of birth: a result is always younger than everything it was made from,
            so sorting by age sorts the graph topologically
    grad    filled by `backward`, otherwise None

    >>> x = Tensor([1.0, 2.0])
    >>> (x * x).sum()
    Tensor(5., dtype=float32, made by sum)
    """

    __slots__ = ("__weakref__", "age", "data", "grad", "recipe")
    __array_ufunc__ = None  # tells NumPy to leave ``array + tensor`` to Tensor.__radd__

    def __init__(self, data: Any) -> None:
        if isinstance(data, Tensor):
            raise TypeError("Tensor(data) got a Tensor; a constant copy of it is tensor.data")
        self.data = asarray(data)
        self.recipe: tuple | None = None
        self.age = _birthday()
        self.grad: Array | None = None

    if TYPE_CHECKING:  # attached by `minigan.ops.operators`, where their gradients are

        def _operator(self, *args: Any, **keywords: Any) -> Any: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operator
        __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _operator
        __neg__ = __abs__ = __getitem__ = _operator
        __lt__ = __le__ = __gt__ = __ge__ = _operator
        sum = mean = var = max = min = reshape = transpose = _operator
        T: Tensor

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __repr__(self) -> str:
        numbers = np.array2string(to_numpy(self), separator=", ", prefix="Tensor(", threshold=64)
        made_by = f", made by {self.recipe[0].name}" if self.recipe else ""
        shape = f", shape={self.shape}" if self.size > 64 else ""
        return f"Tensor({numbers}{shape}, dtype={self.dtype}{made_by})"

    def __reduce__(self) -> tuple:
        return Tensor, (self.data,)  # a copy is a new variable: of an age of its own, without a recipe

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "a Tensor does not become an array by itself, because its gradient would be lost on the way: "
            "compute with minigan.ops, or take the bare numbers, tensor.data or mg.to_numpy(tensor)"
        )

    def __array_function__(self, function: Callable, *_: Any) -> Any:
        raise TypeError(
            f"np.{function.__name__} knows no Tensors: use the function of that kind in minigan.ops, or "
            "give it the bare numbers, tensor.data or mg.to_numpy(tensor)"
        )

    def backward(self) -> None:
        """Set ``.grad`` of every variable that this scalar was made from (it is set, never added to)."""
        leaves = [t for t in ancestors(self) if t.recipe is None and t.dtype.kind == "f"]
        for leaf, g in zip(leaves, grad(self, leaves), strict=True):
            leaf.grad = g


_blank = Tensor.__new__


class Primitive:
    """A function of arrays that also knows one vector-Jacobian product for each argument.

    Differentiable arguments come first and by position; whatever else shapes the computation (an axis,
    a stride) follows or is a keyword.  The vjp of argument i is called as ``vjp(g, y, *args, **keywords)``
    with the incoming gradient g and the result y, and returns an array of the shape of argument i.

    Raises the TypeError, ValueError or IndexError of the forward function, with the primitive and the
    shapes named.
    """

    def __init__(self, forward: Callable[..., Array]) -> None:
        self.plain = self.forward = forward  # `minigan.fast` may put another body in the place of the second
        self.name: str = forward.__name__.strip("_")
        self.vjps: Sequence[Callable | None] | _Each = ()
        self.__doc__, self.__name__ = forward.__doc__, self.name
        primitives[self.name] = self

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        values, variable = [], False
        for a in args:
            if type(a) is Tensor:
                values.append(a.data)
                variable = True
            else:
                values.append(a)
        if keywords and any(type(value) is Tensor for value in keywords.values()):
            args, keywords = self._by_position(args, keywords)
            return self(*args, **keywords)
        try:
            y = self.forward(*values, **keywords)
        except (TypeError, ValueError, IndexError) as error:
            kind = next(kind for kind in (TypeError, ValueError, IndexError) if isinstance(error, kind))
            raise kind(f"{self.name}({_shapes(values)}): {error}") from error
        if not variable or not _recording.get():
            return y
        t = _blank(Tensor)  # past __init__, which takes what a person hands in, and time
        t.data, t.recipe, t.age, t.grad = y, (self, args, keywords, values), _birthday(), None
        return t

    def _by_position(self, args: tuple, keywords: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        """The same call with its variables by position, because the vjps are counted by position."""
        bound = inspect.signature(self.forward).bind(*args, **keywords)
        bound.apply_defaults()
        for name, a in bound.kwargs.items():
            if type(a) is Tensor:
                raise TypeError(f"{self.name}: {name} takes no Tensor; it has no derivative")
        return bound.args, bound.kwargs

    def defvjp(self, *vjps: Callable | None) -> None:
        """One vjp for each argument, in order; None where there is no derivative."""
        self.vjps = vjps

    def defvjp_each(self, vjp: Callable) -> None:
        """For any number of arguments: ``vjp(i, g, y, *args, **keywords)`` for argument i."""
        self.vjps = _Each(vjp)


class _Each:
    """An endless row of vjps, for a primitive that takes any number of arguments."""

    def __init__(self, vjp: Callable) -> None:
        self.vjp = vjp

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, i: int) -> Callable:
        return partial(self.vjp, i)


primitive = Primitive  # as a decorator it reads better in lower case


@primitive
def cast(x: Array, dtype: Any) -> Array:
    """y = x in another precision,  dy/dx = 1."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(
            f"{np.dtype(dtype)} numbers have no derivative; x.data.astype(...) converts bare numbers"
        )
    return x.astype(dtype)


cast.defvjp(lambda g, y, x, dtype: cast(g, dtype=x.dtype))


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside the with-block: every primitive returns a bare array."""
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


def grad(
    y: Tensor,
    xs: Any,
    g: Any = None,
    create_graph: bool = False,
    allow_unconnected: bool = False,
) -> Any:
    """The gradients dL/dx of each x in `xs`, doing only the work that lies between `xs` and `y`.

    y                  L itself, a scalar Tensor; or a Tensor of any shape together with g = dL/dy
    xs                 one Tensor, or a sequence of them; the answer has the same form
    create_graph       return Tensors that can be differentiated again, instead of arrays
    allow_unconnected  answer zeros for an x that y does not depend on, instead of an error

    The arrays returned may share memory with each other: read them, do not write into them.

    Raises TypeError for what is not a floating-point Tensor, ValueError for an x that y does not
    depend on and for a y that is not scalar, NotImplementedError where a vjp is missing.

    >>> x = Tensor(3.0)
    >>> dy = grad(x * x, x, create_graph=True)
    >>> float(dy), float(grad(dy, x))
    (6.0, 2.0)
    """
    if isinstance(xs, Tensor):
        return grad(y, [xs], g, create_graph, allow_unconnected)[0]
    xs = list(xs)
    g = _check(y, xs, g)
    grads = {y.age: g if create_graph else _value(g)}  # age of a Tensor -> what has arrived at it so far
    wanted = {x.age for x in xs}
    path, on_path = _between(xs, y)
    for t in path:  # from young to old: when its turn comes, everything has arrived at t
        g = grads[t.age] if t.age in wanted else grads.pop(t.age)
        op, args, keywords, values = t.recipe  # type: ignore[misc]  # everything on the path has one
        if create_graph:  # the vjps see Tensors, and so are recorded themselves ...
            y, values = t, args
        else:  # ... or bare arrays
            y = t.data
        for i, a in enumerate(args):
            if type(a) is Tensor and (age := a.age) in on_path:
                vjp = op.vjps[i] if i < len(op.vjps) else None
                if vjp is None:
                    raise NotImplementedError(
                        f"{op.name} has no vjp for its argument {i}, which is on the path"
                    )
                from_t = vjp(g, y, *values, **keywords)
                if from_t.shape != a.data.shape:
                    raise ValueError(
                        f"the vjp of {op.name} for argument {i} returned shape {from_t.shape}, "
                        f"but the argument has shape {a.data.shape}"
                    )
                if from_t.dtype is not a.data.dtype:
                    from_t = cast(from_t, dtype=a.data.dtype)
                grads[age] = grads[age] + from_t if age in grads else from_t
    return [_answer(x, grads, create_graph, allow_unconnected) for x in xs]


def _between(xs: list[Tensor], y: Tensor) -> tuple[list[Tensor], set[int]]:
    """The results on some path from `xs` to `y`, from young to old, and the ages of all on the path."""
    on_path = {x.age for x in xs}
    path = []
    for t in _results(y, oldest=min(on_path, default=y.age)):
        for a in t.recipe[1]:  # type: ignore[index]
            if type(a) is Tensor and a.age in on_path:
                on_path.add(t.age)
                path.append(t)
                break
    return path[::-1], on_path


def _results(y: Tensor, oldest: int = 0) -> list[Tensor]:
    """Every Tensor with a recipe that y was made from, and y, down to the age `oldest`, old to young."""
    found = {y.age: y} if y.recipe else {}
    stack = list(found.values())
    while stack:
        for a in stack.pop().recipe[1]:  # type: ignore[index]
            if type(a) is Tensor and a.recipe and a.age >= oldest and a.age not in found:
                found[a.age] = a
                stack.append(a)
    return [found[age] for age in sorted(found)]


def ancestors(y: Tensor) -> list[Tensor]:
    """y and every Tensor that y was made from, sorted from old to young."""
    found = {y.age: y}
    for t in _results(y):
        found |= {a.age: a for a in (t, *t.recipe[1]) if type(a) is Tensor}  # type: ignore[index]
    return [found[age] for age in sorted(found)]


def _value(a: Any) -> Any:
    return a.data if type(a) is Tensor else a


def _check(y: Any, xs: list[Any], g: Any) -> Any:
    """The incoming gradient at y: g, or 1 for a scalar.  Every misuse of `grad` ends here."""
    for name, t in [("y", y), *((f"xs[{i}]", x) for i, x in enumerate(xs))]:
        if not isinstance(t, Tensor):
            raise TypeError(
                f"grad: {name} is a {type(t).__name__}, not a Tensor. Arrays are constants; wrap a variable "
                "in Tensor(...) before computing with it (and outside no_grad)"
            )
        if t.dtype.kind != "f":
            raise TypeError(f"grad: {name} has dtype {t.dtype}; only floating-point numbers have derivatives")
    if g is None:
        if y.shape != ():
            raise ValueError(
                f"grad: y has shape {y.shape}; give the incoming gradient g of that shape, or reduce y to a "
                "scalar, for example with y.sum()"
            )
        return np.ones_like(y.data)
    g = g if isinstance(g, Tensor) else asarray(g)
    if g.shape != y.shape:
        raise ValueError(f"grad: g has shape {g.shape}, but y has shape {y.shape}")
    return g if g.dtype == y.dtype else cast(g, dtype=y.dtype)


def _answer(x: Tensor, grads: dict[int, Any], create_graph: bool, allow_unconnected: bool) -> Any:
    g = grads.get(x.age)
    if g is None:
        if not allow_unconnected:
            raise ValueError(
                f"grad: y does not depend on the Tensor of shape {x.shape} that was asked for "
                "(allow_unconnected=True answers zeros)"
            )
        g = np.zeros_like(x.data)
    return Tensor(g) if create_graph and not isinstance(g, Tensor) else g


def _shapes(values: Sequence[Any]) -> str:
    return ", ".join(str(v.shape) if hasattr(v, "shape") else type(v).__name__ for v in values)
