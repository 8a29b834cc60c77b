"""The sums of routing between capsules, without ever making the predictions û_ij = W_ij u_i.

For the weights c of a routing, capsules u, kernels W and vectors v, of the shapes

    c (J, N, I)    u (N, D, I)    W (J, D, I, E)    v (J, N, E)

there is one number that is linear in each of the four,

    F(c, u, W, v) = Σ c_jni u_ndi W_jdie v_jne = Σ c_jni ⟨û_nij, v_nj⟩,

and leaving one of them out gives four operations, each of which is linear in the other three:

    ∂F/∂v   s_j = Σ_i c_ij û_ij            `weighted_sum`
    ∂F/∂c   a_ij = ⟨û_ij, v_j⟩             `agreement`
    ∂F/∂u, ∂F/∂W                           what the gradients need besides these two

The gradient g of one of the four takes the place that was left out: the vjps of each are the other
three, and the family is closed under differentiation, as that of the convolution is.

û would have N·I·J·E numbers.  Here one capsule j at a time, the weights are multiplied into u, which is
shorter, N·I·D numbers, and a matrix product over (d, i) does the rest.  I is the last axis of u, because
NumPy is quick along it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array
from minigan.fast.registry import faster
from minigan.fast.threads import in_threads
from minigan.layers.capsule import route, squash
from minigan.ops.contraction import transpose
from minigan.ops.elementwise import value
from minigan.ops.reduction import softmax


@faster(route)
def fast_route(u: Any, kernel: Any, routings: int, routing_gradient: str) -> Any:
    if not isinstance(value(u), np.ndarray):
        return route.plain(u, kernel, routings, routing_gradient)
    u = transpose(u, (0, 2, 1))  # (N, D, I)
    b = np.zeros_like(value(u), shape=(len(kernel), len(u), u.shape[2]))  # (J, N, I)
    for iteration in range(1, routings + 1):
        c = softmax(b, axis=0)
        if routing_gradient == "none":
            c = value(c)
        v = squash(weighted_sum(c, u, kernel))  # (J, N, E)
        if iteration < routings:
            if routing_gradient != "full":
                v = value(v)
            b = b + agreement(u, kernel, v)
    return transpose(v, (1, 0, 2))  # (N, J, E)


@primitive
def weighted_sum(c: Array, u: Array, w: Array) -> Array:
    """s_jne = Σ_di c_jni u_ndi W_jdie;  its gradients are the other three, with g for v."""

    def of(n: slice) -> Array:
        return np.stack([_flat(c_j[n, None] * u[n]) @ _matrix(w_j) for c_j, w_j in zip(c, w, strict=True)])

    return np.concatenate(_by_examples(of, u, len(c)), axis=1)


@primitive
def agreement(u: Array, w: Array, v: Array) -> Array:
    """a_jni = Σ_d u_ndi Σ_e W_jdie v_jne;  its gradients are the other three, with g for c."""

    def of(n: slice) -> Array:
        return np.stack([(u[n] * _back(w_j, v_j[n])).sum(axis=1) for w_j, v_j in zip(w, v, strict=True)])

    return np.concatenate(_by_examples(of, u, len(w)), axis=1)


@primitive
def capsule_gradient(c: Array, w: Array, v: Array) -> Array:
    """x_ndi = Σ_j c_jni Σ_e W_jdie v_jne;  its gradients are the other three, with g for u."""

    def of(n: slice) -> Array:
        x = c[0][n, None] * _back(w[0], v[0][n])
        for c_j, w_j, v_j in zip(c[1:], w[1:], v[1:], strict=True):
            x += c_j[n, None] * _back(w_j, v_j[n])
        return x

    return np.concatenate(_by_examples(of, c[0], len(c)))


@primitive
def capsule_kernel_gradient(c: Array, u: Array, v: Array) -> Array:
    """w_jdie = Σ_n c_jni u_ndi v_jne;  its gradients are the other three, with g for W."""

    def of(n: slice) -> Array:
        return np.stack([_flat(c_j[n, None] * u[n]).T @ v_j[n] for c_j, v_j in zip(c, v, strict=True)])

    first, *parts = _by_examples(of, u, len(c))  # J times (D*I, E) each
    for part in parts:
        first += part
    return first.reshape(len(v), *u.shape[1:], v.shape[2])


def _by_examples(of: Callable[[slice], Array], u: Array, times: int) -> list[Array]:
    """[of(share), ...] for shares of the examples of u (N, ...), which is read so many times: each in a thread."""
    return in_threads(of, len(u), times * u.size)


def _flat(x: Array) -> Array:
    n, d, i = x.shape
    return x.reshape(n, d * i)


def _matrix(w: Array) -> Array:
    d, i, e = w.shape
    return w.reshape(d * i, e)


def _back(w: Array, v: Array) -> Array:
    """Σ_e W_die v_ne for one capsule j: (N, D, I)."""
    d, i, _ = w.shape
    return (v @ _matrix(w).T).reshape(len(v), d, i)


weighted_sum.defvjp(
    lambda g, s, c, u, w: agreement(u, w, g),
    lambda g, s, c, u, w: capsule_gradient(c, w, g),
    lambda g, s, c, u, w: capsule_kernel_gradient(c, u, g),
)
agreement.defvjp(
    lambda g, a, u, w, v: capsule_gradient(g, w, v),
    lambda g, a, u, w, v: capsule_kernel_gradient(g, u, v),
    lambda g, a, u, w, v: weighted_sum(g, u, w),
)
capsule_gradient.defvjp(
    lambda g, x, c, w, v: agreement(g, w, v),
    lambda g, x, c, w, v: capsule_kernel_gradient(c, g, v),
    lambda g, x, c, w, v: weighted_sum(c, g, w),
)
capsule_kernel_gradient.defvjp(
    lambda g, w, c, u, v: agreement(u, g, v),
    lambda g, w, c, u, v: capsule_gradient(c, g, v),
    lambda g, w, c, u, v: weighted_sum(c, u, g),
)
