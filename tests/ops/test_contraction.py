"""Matrix products of every rank, and Einstein's sums against NumPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from registry import covers

from minigan import Tensor, grad, ops
from minigan.autograd import ancestors
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import arrays, layouts_with_repeats


@st.composite
def factors(draw):
    """Two arrays that can be multiplied: vectors, matrices, and stacks of them that broadcast."""
    signature = hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, max_dims=2, min_side=0, max_side=3
    )
    return [draw(arrays(shape, layout=layouts_with_repeats)) for shape in draw(signature).input_shapes]


@covers("matrix_product")
@given(factors())
def test_matmul(case):
    a, b = case
    y = Tensor(a) @ Tensor(b)
    np.testing.assert_allclose(y.data, a @ b, rtol=1e-12, atol=1e-14)
    assert y.shape == (a @ b).shape
    check_grad(lambda a, b: a @ b, a, b)


EINSUMS = [
    "i->", "i->i", "ij->ji", "ij->i", "ij->", "i,i->", "i,i->i", "i,j->ij", "ij,jk->ik", "ij,kj->ki", "ij,ij->ij",
    "bij,bjk->bik", "bij,jk->kbi", "bij,bij->b", "ij,k->ijk", "ij,j->", "ij,jk,kl->il", "bi,bj,ij->b", "a,ab,b->",
    "nihd,ihjd->nijh", "i,,j->ji",
]  # fmt: skip


@pytest.mark.parametrize("subscripts", EINSUMS)
@settings(max_examples=max(8, settings().max_examples // 4))
@given(data=st.data())
def test_einsum(subscripts, data):
    inputs = subscripts.split("->")[0].split(",")
    letters = sorted(set("".join(inputs)))
    size = dict(zip(letters, data.draw(st.tuples(*[st.integers(0, 3) for _ in letters])), strict=True))
    xs = [data.draw(arrays(tuple(size[i] for i in letters))) for letters in inputs]
    y = ops.einsum(subscripts, *[Tensor(x) for x in xs])
    np.testing.assert_allclose(y.data, np.einsum(subscripts, *xs), rtol=1e-12, atol=1e-13)
    check_grad(lambda *xs: ops.einsum(subscripts, *xs), *xs)


def test_matmul_by_hand():
    # A = (1 2), B = (3 4)ᵀ, y = 11, g = 1:  dA = Bᵀ = (3 4), dB = Aᵀ = (1 2)ᵀ
    a, b = Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])
    da, db = grad((a @ b).sum(), [a, b])
    np.testing.assert_array_equal(da, [[3, 4]])
    np.testing.assert_array_equal(db, [[1], [2]])


def test_a_matrix_times_itself():
    check_grad(lambda a: a @ a, np.arange(9.0).reshape(3, 3) / 9)
    check_grad(lambda a: a @ a.T, np.arange(6.0).reshape(2, 3) / 6)
    check_grad(lambda v: v @ v, np.arange(3.0))


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk", [(2, 3), (3, 2)], "the output must be given"),
        ("ij->ij", [(2, 3), (3, 2)], "1 groups of indices for 2 operands"),
        ("ij->ii", [(2, 3)], "distinct"),
        ("ij->k", [(2, 3)], "occur on the left"),
        ("ii->", [(2, 2)], "2 distinct letters"),
        ("ijk->i", [(2, 3)], "2 distinct letters"),
        ("ij,jk->ik", [(2, 3), (2, 2)], "index 'j' has sizes 3 and 2"),
    ],
)
def test_einsum_explains_what_does_not_fit(subscripts, shapes, message):
    with pytest.raises(ValueError, match=message):
        ops.einsum(subscripts, *[Tensor(np.zeros(shape)) for shape in shapes])


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((2,), (3, 2)), ((2, 2, 3), (3, 3, 2)), ((), (2, 2))])
def test_matmul_names_the_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match=r"matrix_product\(\("):
        Tensor(np.zeros(shapes[0])) @ Tensor(np.zeros(shapes[1]))


@pytest.mark.parametrize(
    ("subscripts", "shapes"), [("bi,bj->b", [(8, 500), (8, 500)]), ("ij,kl->", [(20, 30), (40, 50)])]
)
def test_an_index_that_one_operand_has_alone_is_summed_before_the_product(subscripts, shapes):
    xs = [np.random.default_rng(i).normal(size=shape) for i, shape in enumerate(shapes)]
    variables = [Tensor(x) for x in xs]
    y = ops.einsum(subscripts, *variables)
    np.testing.assert_allclose(y.data, np.einsum(subscripts, *xs), rtol=1e-10)
    assert max(t.size for t in ancestors(y)) == max(x.size for x in xs)  # no outer product in between
    for found, x in zip(grad(y.sum(), variables), xs, strict=True):
        assert found.shape == x.shape


def test_subscripts_that_are_none_are_refused_by_name():
    with pytest.raises(ValueError, match=r"einsum\(5\): the output must be given"):
        ops.einsum(5, np.ones(2))
