"""The chain rule, and nothing else: Tensor, primitive, grad.  Part I begins here.

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

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, update_wrapper
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from minigan.backend import Array, asarray, is_array, is_numeric, to_numpy
from minigan.checks import flag, instance, misuse

_next_order = count().__next__
_no_grad: ContextVar[int] = ContextVar("no_grad", default=0)  # how many `no_grad` blocks are open


class Tensor:
    """An array that remembers how it was made.

    data    the array (NumPy or CuPy); lists and Python floats become float32
    recipe  (primitive, arguments, keywords, values of the arguments) that it was made by,
            or None for a variable made by hand
    order   number in the order of creation: a result comes after everything it was made from,
            so sorting by it sorts the graph topologically
    grad    filled by `backward`, otherwise None

    >>> x = Tensor([1.0, 2.0])
    >>> (x * x).sum()
    Tensor(5., dtype=float32, made by sum)
    """

    __slots__ = ("__weakref__", "data", "grad", "order", "recipe")

    def __init__(self, data):
        if isinstance(data, Tensor):
            raise TypeError("Tensor(data) got a Tensor, not an array; a constant copy of it is tensor.data")
        self.data = asarray(data, "Tensor", "data")
        self.recipe, self.order, self.grad = None, _next_order(), None

    def __init_subclass__(cls):
        raise TypeError("Tensor cannot be subclassed: operations would return plain Tensors; write a Layer")

    if TYPE_CHECKING:  # attached by `minigan.ops.operators`, where their gradients are

        def _operator(self, *args, **keywords): ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operator
        __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __neg__ = __abs__ = __getitem__ = _operator
        __len__ = __iter__ = __float__ = __bool__ = __lt__ = __le__ = __gt__ = __ge__ = item = _operator
        sum = mean = var = max = min = reshape = transpose = T = _operator

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)

    def __repr__(self):
        numbers = np.array2string(to_numpy(self), separator=", ", prefix="Tensor(", threshold=64)
        made_by = f", made by {self.recipe[0].name}" if self.recipe else ""
        shape = f", shape={self.shape}" if self.size > 64 else ""
        return f"Tensor({numbers}{shape}, dtype={self.dtype}{made_by})"

    def __reduce__(self):
        return Tensor, (self.data,)  # a copy is a new variable, without a recipe

    def backward(self) -> None:
        """Set ``.grad`` of every variable that this scalar was made from (it is set, never added to)."""
        leaves = [t for t in ancestors(self) if t.recipe is None and t.dtype.kind == "f"]
        for leaf, g in zip(leaves, grad(self, leaves), strict=True):
            leaf.grad = g


class Primitive:
    """A function of arrays, and one vector-Jacobian product for each of its arguments.

    Differentiable arguments come first and by position; whatever else shapes the computation (an axis,
    a stride) follows or is a keyword.  The vjp of argument i is called as ``vjp(g, y, *args, **keywords)``
    with the incoming gradient g and the result y, and returns an array of the shape of argument i.
    """

    def __init__(self, forward: Callable[..., Array]):
        instance("primitive", Callable, forward=forward)
        self.plain = self.forward = forward  # `minigan.fast` may replace the second by a quicker one
        self.name: str = forward.__name__.strip("_")
        self.vjps: tuple[Callable | None, ...] = ()
        self.each: Callable | None = None
        update_wrapper(self, forward).__name__ = self.name  # help() and inspect.signature show the function
        taken = self.name in primitives and primitives[self.name].__module__ != self.__module__
        primitives[f"{self.__module__}.{self.name}" if taken else self.name] = self

    def __repr__(self):
        return f"<primitive {self.name}>"

    def __get__(self, instance, owner=None):  # so help() shows it as a function, with arguments
        return self

    def __call__(self, *args, **keywords):
        values, records = [], False
        for a in args:
            if type(a) is Tensor:
                values.append(a.data)
                records = True
            elif type(a) is list and a and (self.each or len(values) < len(self.vjps)):  # no index, no shape
                i = len(values)
                return self(*args[:i], asarray(a, self.name, f"argument {i}"), *args[i + 1 :], **keywords)
            else:
                values.append(a)
        if keywords and Tensor in map(type, keywords.values()):
            return _by_position(self, args, keywords)
        try:
            y = self.forward(*values, **keywords)
            if not records and not is_numeric(y):
                raise TypeError("the result would not be of numbers")
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise misuse(self, values, keywords, error) from error
        if not records or _no_grad.get():
            return y
        t = Tensor.__new__(Tensor)  # past __init__, which checks what a person hands in
        t.data, t.recipe, t.order, t.grad = y, (self, args, keywords, values), _next_order(), None
        return t

    def defvjp(self, *vjps: Callable | None, each: Callable | None = None) -> None:
        """One vjp for each argument, in order; None where there is no derivative.

        each  for any number of arguments: ``each(i, g, y, *args, **keywords)`` is the vjp of argument i
        """
        self.vjps, self.each = vjps, each

    def vjp(self, i: int) -> Callable:
        """The vjp of argument i.  Raises NotImplementedError if there is none."""
        vjp = partial(self.each, i) if self.each else self.vjps[i] if i < len(self.vjps) else None
        if vjp is None:
            raise NotImplementedError(f"{self.name} has no vjp for its argument {i}, which is on the path")
        return vjp


primitive = Primitive  # as a decorator it reads better in lower case

#: name -> Primitive, for everything decorated with @primitive; a second one of a name is "module.name"
primitives: dict[str, Primitive] = {}


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside the with-block, nor elsewhere while a generator pauses in it: results are arrays."""
    _no_grad.set(_no_grad.get() + 1)
    try:
        yield
    finally:
        _no_grad.set(_no_grad.get() - 1)


def grad(y: Tensor, xs, g=None, create_graph: bool = False, allow_unconnected: bool = False):
    """The gradients dL/dx of each x in `xs`, doing only the work that lies between `xs` and `y`.

    y                  L itself, a scalar Tensor; or a Tensor of any shape together with g = dL/dy
    xs                 one Tensor, or a sequence of them; what is returned has the same form
    create_graph       return Tensors that can be differentiated again, instead of arrays
    allow_unconnected  return zeros for an x that y does not depend on, instead of an error

    The arrays returned may share memory with each other: read them, do not write into them.

    >>> x = Tensor(3.0)
    >>> dy = grad(x * x, x, create_graph=True)
    >>> float(dy), float(grad(dy, x))
    (6.0, 2.0)
    """
    if isinstance(xs, Tensor):
        return grad(y, [xs], g, create_graph, allow_unconnected)[0]
    xs = [xs] if is_array(xs) or not isinstance(xs, Iterable) else list(xs)
    flag("grad", create_graph=create_graph, allow_unconnected=allow_unconnected)
    g = _incoming(y, xs, g)
    path, on_path = _between(xs, y)
    wanted = {x.order for x in xs}
    grads = {y.order: g if create_graph or type(g) is not Tensor else g.data}  # order -> what has arrived
    for t in path:  # from the youngest to the oldest: when its turn comes, everything has arrived at t
        g = grads[t.order] if t.order in wanted else grads.pop(t.order)
        op, args, keywords, values = t.recipe
        y, inputs = (t, args) if create_graph else (t.data, values)  # Tensors are recorded, arrays are not
        for i, a in enumerate(args):
            if type(a) is Tensor and a.order in on_path:
                from_t = _vjp(op, i, a, g, y, inputs, keywords)
                grads[a.order] = grads[a.order] + from_t if a.order in grads else from_t
    return [_outgoing(x, grads.get(x.order), create_graph, allow_unconnected) for x in xs]


def _vjp(op: Primitive, i: int, a: Tensor, g, y, inputs: Sequence, keywords: dict):
    """What argument a, number i of op, receives of the gradient g of op's result y; its shape is checked."""
    from_t = op.vjp(i)(g, y, *inputs, **keywords)
    if from_t.shape != a.data.shape:
        came = f"the vjp of {op.name} for argument {i} returned shape {from_t.shape}"
        raise ValueError(f"{came}, but the argument has shape {a.data.shape}")
    return from_t if from_t.dtype is a.data.dtype else cast(from_t, dtype=a.data.dtype)


def _between(xs: list[Tensor], y: Tensor) -> tuple[list[Tensor], set[int]]:
    """The results on some path from `xs` to `y`, from young to old, and the order of all on the path."""
    on_path = {x.order for x in xs}
    path = []
    for t in _results(y, oldest=min(on_path, default=y.order)):
        for a in t.recipe[1]:
            if type(a) is Tensor and a.order in on_path:
                on_path.add(t.order)
                path.append(t)
                break
    return path[::-1], on_path


def _results(y: Tensor, oldest: int = 0) -> list[Tensor]:
    """y and every result that y was made from, if they have a recipe and are no older than `oldest`."""
    found = {y.order: y} if y.recipe else {}
    stack = list(found.values())
    while stack:
        for a in stack.pop().recipe[1]:
            if type(a) is Tensor and a.recipe and a.order >= oldest and a.order not in found:
                found[a.order] = a
                stack.append(a)
    return [found[order] for order in sorted(found)]  # from old to young


# --- To be read later: precision, the whole graph, and what a misuse is told -------------------------


@primitive
def cast(x: Array, dtype) -> Array:
    """y = x in another precision,  dy/dx = 1."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"{np.dtype(dtype)} numbers have no derivative; x.data.astype converts bare numbers")
    return x.astype(dtype)


cast.defvjp(lambda g, y, x, dtype: cast(g, dtype=x.dtype))


def ancestors(y: Tensor) -> list[Tensor]:
    """y and every Tensor that y was made from, sorted from old to young."""
    found = {y.order: y}
    for t in _results(y):
        found |= {a.order: a for a in (t, *t.recipe[1]) if type(a) is Tensor}
    return [found[order] for order in sorted(found)]


def _incoming(y: Tensor, xs: list[Tensor], g):
    """The incoming gradient at y: g, or 1 for a scalar.  Every misuse of `grad` ends here."""
    for name, t in [("y", y), *((f"xs[{i}]", x) for i, x in enumerate(xs))]:
        if not isinstance(t, Tensor):
            hint = "Arrays are constants; wrap a variable in Tensor(...) and compute with it outside no_grad"
            raise TypeError(f"grad: {name} is a {type(t).__name__}, not a Tensor. {hint}")
        if t.dtype.kind != "f":
            raise TypeError(f"grad: {name} has dtype {t.dtype}; only floating-point numbers have derivatives")
    if g is None and y.shape != ():
        raise ValueError(f"grad: y has shape {y.shape}; give the incoming gradient g, or use y.sum()")
    g = np.ones_like(y.data) if g is None else g if isinstance(g, Tensor) else asarray(g, "grad", "g")
    if g.shape != y.shape:
        raise ValueError(f"grad: g has shape {g.shape}, but y has shape {y.shape}")
    return g if g.dtype == y.dtype else cast(g, dtype=y.dtype)


def _outgoing(x: Tensor, g, create_graph: bool, allow_unconnected: bool):
    """The gradient g that has arrived at x, None if nothing has, as `grad` returns it."""
    if g is None and not allow_unconnected:
        hint = "allow_unconnected=True returns zeros"
        raise ValueError(f"grad: y does not depend on the Tensor of shape {x.shape} ({hint})")
    g = np.zeros_like(x.data) if g is None else g
    return Tensor(g) if create_graph and not isinstance(g, Tensor) else g


def _by_position(op: Primitive, args: tuple, keywords: dict):
    """The same call with its variables by position, because the vjps are counted by position."""
    bound = inspect.signature(op.plain).bind(*args, **keywords)
    bound.apply_defaults()
    for name, a in bound.kwargs.items():
        if type(a) is Tensor:
            raise TypeError(f"{op.name}: {name} takes no Tensor; it has no derivative")
    return op(*bound.args, **bound.kwargs)
