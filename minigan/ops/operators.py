"""Attaches + - * / ** @ [] and a few methods to Tensor: notation, nothing else.

Chapter 4.12; read any of the other ops before it.

Comparisons answer plain boolean arrays: they are piecewise constant, so there is nothing to
differentiate.
"""

# mypy: disable-error-code="misc, assignment, method-assign, attr-defined"
# (a type checker reads the declarations in class Tensor, and cannot follow the assignments here)

from __future__ import annotations

from minigan.autograd import Tensor
from minigan.ops.broadcasting import reshape, sum
from minigan.ops.contraction import matmul
from minigan.ops.elementwise import abs, add, divide, multiply, negative, power, subtract, value
from minigan.ops.reduction import max, mean, min, var
from minigan.ops.shape import getitem, transpose

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


def _unpacked(sizes: tuple) -> tuple:
    """(2, 3) from the arguments of x.reshape(2, 3) as well as from those of x.reshape((2, 3))."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
