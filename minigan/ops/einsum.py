"""Einstein's sum over indices, made from matrix products.

Part III; read `contraction` before it.
"""

from __future__ import annotations

import math
from typing import Any

from minigan.backend import shaped
from minigan.ops.broadcasting import reshape, sum
from minigan.ops.contraction import matrix_product, transpose


def einsum(subscripts: str, *operands: Any) -> Any:
    """Einstein's sum over indices: ``einsum("bik,bkj->bij", a, b)`` is a batch of matrix products.

    The output must be given after "->".  An index may not occur twice in one operand, and there is no
    ellipsis.  Several operands are contracted from left to right, each pair as one `matmul`.

    Raises ValueError if the subscripts do not fit the operands.
    """
    operands = tuple([shaped(x) for x in operands])
    inputs, output = _parse(subscripts, operands)
    reduced = [
        _without(letters, x, set(output).union(*inputs[:i], *inputs[i + 1 :]))
        for i, (letters, x) in enumerate(zip(inputs, operands, strict=True))
    ]
    letters, y = reduced[0]
    for i, (others, x) in enumerate(reduced[1:], 1):
        letters, y = _contract(letters, y, others, x, set(output).union(*inputs[i + 1 :]))
    letters, y = _without(letters, y, set(output))
    return transpose(y, tuple([letters.index(letter) for letter in output]))


def _without(letters: Any, x: Any, keep: set[str]) -> tuple[list[str], Any]:
    """x summed over the indices that are not to be kept, before they make a product larger."""
    alone = tuple([i for i, letter in enumerate(letters) if letter not in keep])
    return [letter for letter in letters if letter in keep], sum(x, axis=alone) if alone else x


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

    y = matrix_product(arrange(in_a, a, batch, left, summed), arrange(in_b, b, batch, summed, right))
    kept = [*batch, *left, *right]
    return kept, reshape(y, tuple([size[i] for i in kept]))


def _parse(subscripts: str, operands: tuple[Any, ...]) -> tuple[list[str], str]:
    """The index letters of each operand and of the output, checked."""
    left, arrow, output = str(subscripts).replace(" ", "").partition("->")
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
