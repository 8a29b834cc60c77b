"""Matrix products: matmul, and einsum made from it.

Chapter 4.5; read `shape` before it.

For Y = A B with Y_ij = Σ_k A_ik B_kj the chain rule gives

    dL/dA_ik = Σ_j G_ij B_kj,  so  dL/dA = G Bᵀ,      dL/dB_kj = Σ_i A_ik G_ij,  so  dL/dB = Aᵀ G.
"""

from __future__ import annotations

import math
from typing import Any

from minigan.autograd import primitive
from minigan.backend import Array
from minigan.ops.broadcasting import reshape, sum, unbroadcast
from minigan.ops.shape import transpose
from minigan.fast.threads import product


@primitive
def _matmul(a: Array, b: Array) -> Array:
    """Y = A B,  dL/dA = G Bᵀ,  dL/dB = Aᵀ G."""
    return product(a, b)  # a @ b, with all cores


_matmul.defvjp(
    lambda g, y, a, b: unbroadcast(_matmul(g, _swap(b)), a),
    lambda g, y, a, b: unbroadcast(_matmul(_swap(a), g), b),
)


def matmul(a: Any, b: Any) -> Any:
    """The matrix product of the last two axes, (..., I, K) x (..., K, J) -> (..., I, J).

    Leading axes broadcast; a vector on the left is a row, on the right a column, as in NumPy.
    """
    if a.ndim == 1 and b.ndim == 1:
        return sum(a * b)
    if a.ndim == 1:
        y = _matmul(reshape(a, (1, -1)), b)  # (..., 1, J)
        return reshape(y, (*y.shape[:-2], y.shape[-1]))
    if b.ndim == 1:
        y = _matmul(a, reshape(b, (-1, 1)))  # (..., I, 1)
        return reshape(y, y.shape[:-1])
    return _matmul(a, b)


def _swap(x: Any) -> Any:
    """x with its last two axes exchanged: the transposed matrices."""
    n = x.ndim
    return transpose(x) if n == 2 else transpose(x, (*range(n - 2), n - 1, n - 2))


def einsum(subscripts: str, *operands: Any) -> Any:
    """Einstein's sum over indices: ``einsum("bik,bkj->bij", a, b)`` is a batch of matrix products.

    The output must be given after "->".  An index may not occur twice in one operand, and there is no
    ellipsis.  Several operands are contracted from left to right, each pair as one `matmul`.

    Raises ValueError if the subscripts do not fit the operands.
    """
    inputs, output = _parse(subscripts, operands)
    letters, y = list(inputs[0]), operands[0]
    for i in range(1, len(operands)):
        still_needed = set(output).union(*inputs[i + 1 :])
        letters, y = _contract(letters, y, inputs[i], operands[i], still_needed)
    y = sum(y, axis=tuple([i for i, letter in enumerate(letters) if letter not in output]))
    letters = [letter for letter in letters if letter in output]
    return transpose(y, tuple([letters.index(letter) for letter in output]))


def _contract(in_a: Any, a: Any, in_b: Any, b: Any, keep: set[str]) -> tuple[list[str], Any]:
    """The product of two operands, summed over the indices that occur in both and are not to be kept."""
    size = dict(zip((*in_a, *in_b), (*a.shape, *b.shape), strict=True))
    batch = [i for i in in_a if i in in_b and i in keep]
    summed = [i for i in in_a if i in in_b and i not in keep]
    left = [i for i in in_a if i not in in_b]
    right = [i for i in in_b if i not in in_a]

    def arrange(letters: Any, x: Any, *groups: list[str]) -> Any:
        order = [letters.index(i) for group in groups for i in group]
        return reshape(
            transpose(x, tuple(order)), tuple([math.prod([size[i] for i in group]) for group in groups])
        )

    y = _matmul(arrange(in_a, a, batch, left, summed), arrange(in_b, b, batch, summed, right))
    kept = [*batch, *left, *right]
    return kept, reshape(y, tuple([size[i] for i in kept]))


def _parse(subscripts: str, operands: tuple[Any, ...]) -> tuple[list[str], str]:
    """The index letters of each operand and of the output, checked."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    size: dict[str, int] = {}
    problem = ""
    if not arrow:
        problem = "the output must be given after '->'"
    elif len(inputs) != len(operands):
        problem = f"{len(inputs)} groups of indices for {len(operands)} operands"
    elif len(set(output)) != len(output) or not set(output) <= set(left) - {","}:
        problem = f"the output indices {output!r} must be distinct and occur on the left"
    for letters, x in zip(inputs, operands, strict=False):
        if len(letters) != len(x.shape) or len(set(letters)) != len(letters):
            problem = (
                problem or f"indices {letters!r} must be {len(x.shape)} distinct letters for shape {x.shape}"
            )
        for letter, n in zip(letters, x.shape, strict=False):
            if size.setdefault(letter, n) != n:
                problem = problem or f"index {letter!r} has sizes {size[letter]} and {n}"
    if problem:
        raise ValueError(f"einsum({subscripts!r}): {problem}")
    return inputs, output
