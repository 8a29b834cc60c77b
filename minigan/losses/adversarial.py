"""The adversarial losses: what a discriminator minimises, and what a generator minimises.

Part I; read `ops.elementwise` before it.

A discriminator returns *logits* a; the probability of "real" is D = σ(a).  With  softplus(a) = log(1 + eᵃ)

    log D = -softplus(-a),        log(1 - D) = -softplus(a),

which never overflows and never takes the logarithm of zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minigan.ops import mean, relu, softplus


class Kind(NamedTuple):
    """The losses of D at one real logit and at one generated logit, and the loss of G at one generated logit."""

    real: Callable[[Any], Any]
    fake: Callable[[Any], Any]
    generator: Callable[[Any], Any]


KINDS = {
    "non_saturating": Kind(
        real=lambda a: softplus(-a),  # -log D
        fake=lambda a: softplus(a),  # -log(1 - D)
        generator=lambda a: softplus(-a),  # -log D,  d/da = -(1 - D)
    ),
    "minimax": Kind(
        real=lambda a: softplus(-a),
        fake=lambda a: softplus(a),
        generator=lambda a: -softplus(a),  # log(1 - D),  d/da = -D
    ),
    "least_squares": Kind(
        real=lambda a: 0.5 * (a - 1) * (a - 1),
        fake=lambda a: 0.5 * a * a,
        generator=lambda a: 0.5 * (a - 1) * (a - 1),
    ),
    "hinge": Kind(real=lambda a: relu(1 - a), fake=lambda a: relu(1 + a), generator=lambda a: -a),
    "wasserstein": Kind(real=lambda a: -a, fake=lambda a: a, generator=lambda a: -a),
}


def generator_loss(fake_logits: Any, kind: str = "non_saturating") -> Any:
    """What the generator minimises, from the discriminator's logits a = D(G(z)).

    "non_saturating"  -log D        (Goodfellow et al. 2014: strong gradients while D wins)
    "minimax"         log(1 - D)    (the same paper's first form: vanishing gradients while D wins)
    "least_squares"   ½ (a - 1)²    (Mao et al. 2017)
    "hinge"           -a            (Lim and Ye 2017)
    "wasserstein"     -a            (Arjovsky, Chintala and Bottou 2017)
    """
    return mean(_of_kind(kind).generator(fake_logits))


def discriminator_loss(real_logits: Any, fake_logits: Any, kind: str = "non_saturating") -> Any:
    """What the discriminator minimises; kinds and sources as for `generator_loss`.

    "non_saturating", "minimax"  -log D(x) - log(1 - D(G(z)))
    "least_squares"              ½ (a - 1)² + ½ b²      with a = D(x), b = D(G(z))
    "hinge"                      max(0, 1 - a) + max(0, 1 + b)
    "wasserstein"                b - a
    """
    return mean(_of_kind(kind).real(real_logits)) + mean(_of_kind(kind).fake(fake_logits))


def _of_kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise ValueError(f"unknown kind of adversarial loss {kind!r}: expected one of {', '.join(KINDS)}")
    return KINDS[kind]
