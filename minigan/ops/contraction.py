"""The matrix product, and transposition, which its gradient needs.  Read `broadcasting` before it.

For Y = A B with Y_ij = Σ_k A_ik B_kj the chain rule gives

    dL/dA_ik = Σ_j G_ij B_kj,  so  dL/dA = G Bᵀ,      dL/dB_kj = Σ_i A_ik G_ij,  so  dL/dB = Aᵀ G.
"""

import math

from minigan.autograd import primitive
from minigan.backend import Array, shaped
from minigan.ops.broadcasting import reshape, sum, unbroadcast


@primitive
def transpose(x: Array, axes: tuple[int, ...] | None = None) -> Array:
    """y = x with its axes permuted (reversed by default);  the gradient is permuted back."""
    return x.transpose(axes)


def _transpose_vjp(g, y, x, axes=None):
    if axes is None:
        return transpose(g)
    return transpose(g, tuple(sorted(range(x.ndim), key=lambda i: axes[i] % x.ndim)))  # the inverse of axes


transpose.defvjp(_transpose_vjp)


@primitive
def matrix_product(a: Array, b: Array) -> Array:
    """Y = A B,  dL/dA = G Bᵀ,  dL/dB = Aᵀ G."""
    return a @ b


matrix_product.defvjp(
    lambda g, y, a, b: unbroadcast(matrix_product(g, _swap(b)), a),
    lambda g, y, a, b: unbroadcast(matrix_product(_swap(a), g), b),
)


def _swap(x):
    """x with its last two axes exchanged: the transposed matrices."""
    n = x.ndim
    return transpose(x) if n == 2 else transpose(x, (*range(n - 2), n - 1, n - 2))


def matmul(a, b):
    """The matrix product of the last two axes, (..., I, K) x (..., K, J) -> (..., I, J).

    Leading axes broadcast; a vector on the left is a row, on the right a column, as in NumPy.
    """
    a, b = shaped(a, "matmul", "a"), shaped(b, "matmul", "b")
    if a.ndim == 1 and b.ndim == 1:
        return sum(a * b)
    if a.ndim == 1:
        y = matrix_product(reshape(a, (1, -1)), b)  # (..., 1, J)
        return reshape(y, (*y.shape[:-2], y.shape[-1]))
    if b.ndim == 1:
        y = matrix_product(a, reshape(b, (-1, 1)))  # (..., I, 1)
        return reshape(y, y.shape[:-1])
    return matrix_product(a, b)


# --- To be read later: Einstein's sum, made from matrix products -------------------------------------


def einsum(subscripts: str, *operands):
    """Einstein's sum over indices: ``einsum("bik,bkj->bij", a, b)`` is a batch of matrix products.

    The output must be given after "->".  An index may not occur twice in one operand, and there is no
    ellipsis.  Several operands are contracted from left to right, each pair as one `matmul`.
    """
    operands = tuple([shaped(x, "einsum", f"operand {i}") for i, x in enumerate(operands)])
    inputs, output = _parse(subscripts, operands)
    letters, y = list(inputs[0]), operands[0]
    for i, x in enumerate(operands[1:], 1):
        letters, y = _contract(letters, y, list(inputs[i]), x, set(output).union(*inputs[i + 1 :]))
    letters, y = _without(letters, y, set(output))
    return transpose(y, tuple([letters.index(letter) for letter in output]))


def _without(letters: list[str], x, keep: set[str]):
    """x summed over the indices that are not to be kept, before they make a product larger."""
    alone = tuple([i for i, letter in enumerate(letters) if letter not in keep])
    return [letter for letter in letters if letter in keep], sum(x, axis=alone) if alone else x


def _contract(in_a: list[str], a, in_b: list[str], b, keep: set[str]):
    """The product of two operands, summed over the indices that are not to be kept."""
    in_a, a = _without(in_a, a, keep.union(in_b))
    in_b, b = _without(in_b, b, keep.union(in_a))
    size = dict(zip((*in_a, *in_b), (*a.shape, *b.shape), strict=True))
    batch = [i for i in in_a if i in in_b and i in keep]
    summed = [i for i in in_a if i in in_b and i not in keep]
    left = [i for i in in_a if i not in in_b]
    right = [i for i in in_b if i not in in_a]

    def arrange(letters, x, *groups):
        order = tuple([letters.index(i) for group in groups for i in group])
        return reshape(transpose(x, order), tuple([math.prod([size[i] for i in group]) for group in groups]))

    y = matrix_product(arrange(in_a, a, batch, left, summed), arrange(in_b, b, batch, summed, right))
    return [*batch, *left, *right], reshape(y, tuple([size[i] for i in (*batch, *left, *right)]))


def _parse(subscripts: str, operands: tuple) -> tuple[list[str], str]:
    """The index letters of each operand and of the output, checked."""
    left, arrow, output = str(subscripts).replace(" ", "").partition("->")
    inputs = left.split(",")
    size: dict[str, int] = {}
    problems = []
    if not arrow:
        problems.append("the output must be given after '->'")
    if len(inputs) != len(operands):
        problems.append(f"{len(inputs)} groups of indices for {len(operands)} operands")
    if len(set(output)) != len(output) or not set(output) <= set(left) - {","}:
        problems.append(f"the output indices {output!r} must be distinct and occur on the left")
    for letters, x in zip(inputs, operands, strict=False):
        if len(letters) != len(x.shape) or len(set(letters)) != len(letters):
            problems.append(f"indices {letters!r} must be {len(x.shape)} distinct letters for {x.shape}")
        for letter, n in zip(letters, x.shape, strict=False):
            if size.setdefault(letter, n) != n:
                problems.append(f"index {letter!r} has sizes {size[letter]} and {n}")
    if problems:
        raise ValueError(f"einsum({subscripts!r}): {problems[0]}")
    return inputs, output
