"""Attaches + - * / ** @ [] and a few methods to Tensor: notation, nothing else.

Nothing here needs to be read: ``a + b`` calls `add(a, b)`, and so on.  Comparisons return plain boolean
arrays: they are piecewise constant, so there is nothing to differentiate.
"""

# mypy: ignore-errors
# (a type checker reads the declarations in class Tensor, and cannot follow the assignments here)

import numpy as np

from minigan.autograd import Tensor
from minigan.ops.broadcasting import mean, reshape, sum
from minigan.ops.contraction import matmul, transpose
from minigan.ops.elementwise import abs, add, divide, multiply, negative, power, subtract, value
from minigan.ops.reduction import max, min, var
from minigan.ops.shape import getitem

Tensor.__add__ = lambda self, other: add(self, other)
Tensor.__radd__ = lambda self, other: add(other, self)
Tensor.__sub__ = lambda self, other: subtract(self, other)
Tensor.__rsub__ = lambda self, other: subtract(other, self)
Tensor.__mul__ = lambda self, other: multiply(self, other)
Tensor.__rmul__ = lambda self, other: multiply(other, self)
Tensor.__truediv__ = lambda self, other: divide(self, other)
Tensor.__rtruediv__ = lambda self, other: divide(other, self)
Tensor.__pow__ = lambda self, other: power(self, other)
Tensor.__rpow__ = lambda self, other: power(other, self)
Tensor.__matmul__ = lambda self, other: matmul(self, other)
Tensor.__rmatmul__ = lambda self, other: matmul(other, self)
Tensor.__neg__ = lambda self: negative(self)
Tensor.__abs__ = lambda self: abs(self)
Tensor.__getitem__ = lambda self, index: getitem(self, index)

Tensor.__eq__ = lambda self, other: self.data == value(other)
Tensor.__ne__ = lambda self, other: self.data != value(other)
Tensor.__lt__ = lambda self, other: self.data < value(other)
Tensor.__le__ = lambda self, other: self.data <= value(other)
Tensor.__gt__ = lambda self, other: self.data > value(other)
Tensor.__ge__ = lambda self, other: self.data >= value(other)
Tensor.__hash__ = object.__hash__  # a Tensor is itself, whatever its numbers compare to

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


BARE = "compute with minigan.ops, or take the bare numbers, tensor.data or mg.to_numpy(tensor)"
NEW = "make a new one with ops.where or ops.concatenate, or change its numbers, tensor.data[index] = ..."
Tensor.__array__ = lambda self, *_, **__: _refuse("a Tensor does not become an array by itself", BARE)
Tensor.__setitem__ = lambda self, index, new: _refuse("a Tensor cannot be changed in place", NEW)

#: what ``array + tensor`` asks NumPy for -> the operation
OPERATIONS = {
    np.add: add, np.subtract: subtract, np.multiply: multiply, np.divide: divide, np.power: power, np.matmul: matmul
}  # fmt: skip
COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)


def _ufunc(self, ufunc, method, *inputs, **keywords):
    """An operator between an array and a Tensor; any other function of NumPy is refused."""
    if "out" in keywords:
        _refuse("an array cannot take a Tensor in place (array += tensor)", "write array = array + tensor")
    if method == "__call__" and not keywords and ufunc in OPERATIONS:
        return OPERATIONS[ufunc](*inputs)
    if method == "__call__" and not keywords and ufunc in COMPARISONS:
        return ufunc(*map(value, inputs))
    return _no_function(self, ufunc)


class _ForNumPyAlone:
    """NumPy asks the class and gets `_ufunc`; CuPy asks the Tensor, gets None, and so leaves array + tensor to it."""

    def __get__(self, tensor, kind):
        return _ufunc if tensor is None else None


def _in_place(operation):
    """w -= g makes a new Tensor, as w = w - g does; within no_grad that would be an array in the weight's place."""

    def apply(self, other):
        y = operation(self, other)
        if self.recipe is None and not isinstance(y, Tensor):
            raise TypeError("within no_grad write tensor.data -= ...: tensor -= ... would make it an array")
        return y

    return apply


Tensor.__array_function__, Tensor.__array_ufunc__ = _no_function, _ForNumPyAlone()
Tensor.__iadd__, Tensor.__isub__ = _in_place(add), _in_place(subtract)
Tensor.__imul__, Tensor.__itruediv__ = _in_place(multiply), _in_place(divide)
