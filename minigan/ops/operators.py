"""Attaches + - * / ** @ [] and a few methods to Tensor: notation, nothing else.

Nothing here needs to be read: ``a + b`` calls `add(a, b)`, and so on.  Comparisons return plain boolean
arrays: they are piecewise constant, so there is nothing to differentiate.
"""

# mypy: ignore-errors
# (a type checker reads the declarations in class Tensor, and cannot follow the assignments here)

import operator

import numpy as np

from minigan.autograd import Tensor
from minigan.ops.broadcasting import mean, reshape, sum
from minigan.ops.contraction import matmul, transpose
from minigan.ops.elementwise import abs, add, divide, multiply, negative, power, subtract, value
from minigan.ops.reduction import max, min, var
from minigan.ops.shape import getitem

#: what Python calls the operators -> the operation; and what ``array + tensor`` asks NumPy for (of the same name)
ARITHMETIC = {"add": add, "sub": subtract, "mul": multiply, "truediv": divide, "pow": power, "matmul": matmul}
UFUNCS = {getattr(np, f.__name__): f for f in ARITHMETIC.values()}
COMPARISONS = {
    operator.eq: np.equal, operator.ne: np.not_equal, operator.lt: np.less,
    operator.le: np.less_equal, operator.gt: np.greater, operator.ge: np.greater_equal,
}  # fmt: skip

for name, f in ARITHMETIC.items():
    setattr(Tensor, f"__{name}__", lambda self, other, f=f: f(self, other))
    setattr(Tensor, f"__r{name}__", lambda self, other, f=f: f(other, self))
for f in COMPARISONS:
    setattr(Tensor, f"__{f.__name__}__", lambda self, other, f=f: f(self.data, value(other)))

Tensor.__hash__ = object.__hash__  # a Tensor is itself, whatever its numbers compare to
Tensor.__neg__ = lambda self: negative(self)
Tensor.__abs__ = lambda self: abs(self)
Tensor.__getitem__ = lambda self, index: getitem(self, index)

Tensor.sum = lambda self, axis=None, keepdims=False: sum(self, axis=axis, keepdims=keepdims)
Tensor.mean = lambda self, axis=None, keepdims=False: mean(self, axis, keepdims)
Tensor.var = lambda self, axis=None, keepdims=False: var(self, axis, keepdims)
Tensor.max = lambda self, axis=None, keepdims=False: max(self, axis=axis, keepdims=keepdims)
Tensor.min = lambda self, axis=None, keepdims=False: min(self, axis, keepdims)
Tensor.reshape = lambda self, *shape: reshape(self, _unpacked(shape))
Tensor.transpose = lambda self, *axes: transpose(self, _unpacked(axes) or None)
Tensor.T = property(lambda self: transpose(self))

Tensor.__len__ = lambda self: len(self.data)
Tensor.__iter__ = lambda self: (self[i] for i in range(len(self)))
Tensor.__bool__ = lambda self: bool(self.data)
Tensor.item = lambda self: self.data.item()
Tensor.__float__ = lambda self: float(self.data)
Tensor.__int__ = lambda self: int(self.data)
Tensor.__round__ = lambda self, digits=None: round(self.item(), digits)
Tensor.__format__ = lambda self, form: format(self.item(), form) if form else repr(self)


def _unpacked(sizes: tuple) -> tuple:
    """(2, 3) from the arguments of x.reshape(2, 3) as well as from those of x.reshape((2, 3))."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes


# --- Where a gradient would be lost -------------------------------------------------------------------


def _refuse(problem: str, instead: str):
    raise TypeError(f"{problem}, because its gradient would be lost on the way: {instead}")


def _no_function(self, function, *_):
    hint = "use the function of that kind in minigan.ops, or give it tensor.data or mg.to_numpy(tensor)"
    raise TypeError(f"np.{function.__name__} knows no Tensors: {hint}")


def _ufunc(self, ufunc, method, *inputs, **keywords):
    """An operator between an array and a Tensor; any other function of NumPy is refused."""
    if "out" in keywords:
        _refuse("an array cannot take a Tensor in place (array += tensor)", "write array = array + tensor")
    if method == "__call__" and not keywords and ufunc in UFUNCS:
        return UFUNCS[ufunc](*inputs)
    if method == "__call__" and not keywords and ufunc in COMPARISONS.values():
        return ufunc(*map(value, inputs))
    return _no_function(self, ufunc)


class _ForNumPyAlone:
    """NumPy asks the class and gets `_ufunc`; CuPy asks the Tensor, gets None, and so leaves array + tensor to it."""

    def __get__(self, tensor, kind):
        return _ufunc if tensor is None else None


def _in_place(self, other, f):
    """w -= g makes a new Tensor, as w = w - g does; within no_grad that would be an array in the weight's place."""
    y = f(self, other)
    if self.recipe is None and not isinstance(y, Tensor):
        raise TypeError("within no_grad write tensor.data -= ...: tensor -= ... would make it an array")
    return y


for name in ("add", "sub", "mul", "truediv"):
    setattr(Tensor, f"__i{name}__", lambda self, other, f=ARITHMETIC[name]: _in_place(self, other, f))

BARE = "compute with minigan.ops, or take the bare numbers, tensor.data or mg.to_numpy(tensor)"
NEW = "make a new one with ops.where or ops.concatenate, or change its numbers, tensor.data[index] = ..."
Tensor.__array__ = lambda self, *_, **__: _refuse("a Tensor does not become an array by itself", BARE)
Tensor.__setitem__ = lambda self, index, new: _refuse("a Tensor cannot be changed in place", NEW)
Tensor.__array_function__, Tensor.__array_ufunc__ = _no_function, _ForNumPyAlone()
