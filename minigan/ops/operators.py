"""Attaches + - * / ** @ [] and a few methods to Tensor: notation, nothing else.

Nothing here needs to be read: ``a + b`` calls `add(a, b)`, and so on.

Comparisons return plain boolean arrays: they are piecewise constant, so there is nothing to
differentiate.  What turns a Tensor of one number into a Python number is here as well.
"""

# mypy: disable-error-code="misc, assignment, method-assign, attr-defined"
# (a type checker reads the declarations in class Tensor, and cannot follow the assignments here)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.ops.broadcasting import mean, reshape, sum
from minigan.ops.contraction import matmul, transpose
from minigan.ops.elementwise import add, divide, multiply, negative, subtract, value
from minigan.ops.kinks import abs, power
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


def _refuse_array(self: Tensor, *_: object, **__: object) -> None:
    raise TypeError(
        "a Tensor does not become an array by itself, because its gradient would be lost on the way: "
        "compute with minigan.ops, or take the bare numbers, tensor.data or mg.to_numpy(tensor)"
    )


#: what ``array + tensor`` asks NumPy for -> the operation
_OPERATIONS = {
    np.add: add,
    np.subtract: subtract,
    np.multiply: multiply,
    np.divide: divide,
    np.power: power,
    np.matmul: matmul,
    np.equal: lambda a, b: value(a) == value(b),
    np.not_equal: lambda a, b: value(a) != value(b),
    np.less: lambda a, b: value(a) < value(b),
    np.less_equal: lambda a, b: value(a) <= value(b),
    np.greater: lambda a, b: value(a) > value(b),
    np.greater_equal: lambda a, b: value(a) >= value(b),
}


def _ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
    """An operator between an array and a Tensor; any other function of NumPy is refused."""
    if ufunc in _OPERATIONS and method == "__call__" and not keywords:
        return _OPERATIONS[ufunc](*inputs)
    if "out" in keywords:
        raise TypeError(
            "a Tensor cannot be added into an array in place (array += tensor), because its gradient would be "
            "lost: write array = array + tensor"
        )
    return _function(self, ufunc)


class _ForNumPyAlone:
    """NumPy asks the class and gets `_ufunc`; CuPy asks the Tensor, gets None, and so leaves array + tensor to it."""

    def __get__(self, tensor: Tensor | None, kind: type) -> Callable | None:
        return _ufunc if tensor is None else None


def _function(self: Tensor, function: Any, *_: object) -> None:
    raise TypeError(
        f"np.{function.__name__} knows no Tensors: use the function of that kind in minigan.ops, or "
        "give it the bare numbers, tensor.data or mg.to_numpy(tensor)"
    )


def _refuse_assignment(self: Tensor, index: object, new: object) -> None:
    raise TypeError(
        "a Tensor cannot be changed in place, because its gradient would be wrong: make a new one with ops.where "
        "or ops.concatenate, or change the bare numbers, tensor.data[index] = ..."
    )


Tensor.__array__ = _refuse_array
Tensor.__array_function__ = _function
Tensor.__array_ufunc__ = _ForNumPyAlone()
Tensor.__setitem__ = _refuse_assignment


def _in_place(operation: Callable) -> Callable:
    """w -= g makes a new Tensor, as w = w - g does; within no_grad that would be an array in the weight's place."""

    def apply(self: Tensor, other: Any) -> Any:
        y = operation(self, other)
        if self.recipe is None and not isinstance(y, Tensor):
            raise TypeError(
                "within no_grad a Tensor is changed by its numbers: tensor.data -= ..., not tensor -= ..."
            )
        return y

    return apply


Tensor.__iadd__ = _in_place(add)
Tensor.__isub__ = _in_place(subtract)
Tensor.__imul__ = _in_place(multiply)
Tensor.__itruediv__ = _in_place(divide)


def _unpacked(sizes: tuple) -> tuple:
    """(2, 3) from the arguments of x.reshape(2, 3) as well as from those of x.reshape((2, 3))."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
