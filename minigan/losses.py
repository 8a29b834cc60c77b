"""Losses: how wrong is it?  Every loss is a mean over the batch.

Chapter 6; read `ops` before it.

Discriminators answer *logits* a; the probability of "real" is D = σ(a).  With  softplus(a) = log(1 + eᵃ)

    log D = -softplus(-a),        log(1 - D) = -softplus(a),

which never overflows and never takes the logarithm of zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigan.autograd import Tensor, grad
from minigan.backend import to_device, uniform
from minigan.ops import abs, log_softmax, mean, norm, relu, softplus, sum
from minigan.ops.elementwise import value

# --- Supervised and reconstruction -----------------------------------------------------------------


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """mean of -t log D - (1 - t) log(1 - D)  =  mean of softplus(a) - t a.

    logits a (N, ...); targets t in [0, 1], of the same shape or one number for all.
    """
    _same_shape("binary_cross_entropy", logits, targets)
    return mean(softplus(logits) - logits * targets)


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """mean of -log p[label] with p = softmax(logits).

    logits (N, classes); labels (N,) of integers, or (N, classes) of probabilities.
    Raises ValueError for a label that is no class: it would have no loss, and so teach nothing.
    """
    log_p = log_softmax(logits, axis=-1)
    if len(labels.shape) == 1:
        classes = logits.shape[1]
        on_host = isinstance(labels, np.ndarray)  # asking a GPU for the largest would wait for the answer
        fit = labels.dtype.kind in "iu" and (
            not on_host or labels.size == 0 or 0 <= labels.min() <= labels.max() < classes
        )
        if not fit:
            raise ValueError(
                f"softmax_cross_entropy: labels of dtype {labels.dtype} from {labels.min()} to "
                f"{labels.max()}, expected integers from 0 to {classes - 1}"
            )
        labels, number = (to_device(a, value(log_p)) for a in (labels, np.arange(classes)))
        labels = (labels[:, None] == number).astype(log_p.dtype)
    _same_shape("softmax_cross_entropy", logits, labels)
    return mean(-sum(log_p * labels, axis=-1))


def mean_squared_error(predictions: Any, targets: Any) -> Any:
    """mean of (p - t)²."""
    _same_shape("mean_squared_error", predictions, targets)
    difference = predictions - targets
    return mean(difference * difference)


def mean_absolute_error(predictions: Any, targets: Any) -> Any:
    """mean of |p - t|."""
    _same_shape("mean_absolute_error", predictions, targets)
    return mean(abs(predictions - targets))


def margin_loss(lengths: Any, one_hot: Any) -> Any:
    """mean over the batch of  Σ_k T_k max(0, 0.9 - ‖v_k‖)² + 0.5 (1 - T_k) max(0, ‖v_k‖ - 0.1)².

    lengths ‖v_k‖ (N, classes) of the capsules that stand for the classes; one_hot T (N, classes), in which
    several classes may be present.  Source: Sabour, Frosst and Hinton 2017, equation 4.
    """
    _same_shape("margin_loss", lengths, one_hot)
    too_short, too_long = relu(0.9 - lengths), relu(lengths - 0.1)
    present, absent = one_hot * too_short * too_short, (1 - one_hot) * too_long * too_long
    return mean(sum(present + 0.5 * absent, axis=-1))


def _same_shape(name: str, a: Any, b: Any) -> None:
    """(N, 1) against (N,) would broadcast to (N, N) and train on nonsense: refuse it."""
    if hasattr(b, "shape") and b.shape != () and a.shape != b.shape:
        raise ValueError(f"{name}: shapes {a.shape} and {b.shape} differ")


# --- Adversarial -----------------------------------------------------------------------------------

#: kind -> the loss of one logit a of a generated example, which the generator minimises
_generator: dict[str, Callable[[Any], Any]] = {
    "non_saturating": lambda a: softplus(-a),  # -log D,       d/da = -(1 - D)
    "minimax": lambda a: -softplus(a),  #        log(1 - D),   d/da = -D
    "least_squares": lambda a: 0.5 * (a - 1) * (a - 1),
    "hinge": lambda a: -a,
    "wasserstein": lambda a: -a,
}

#: kind -> the losses of one logit of a real and one of a generated example
_discriminator: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "non_saturating": lambda real, fake: (softplus(-real), softplus(fake)),
    "minimax": lambda real, fake: (softplus(-real), softplus(fake)),
    "least_squares": lambda real, fake: (0.5 * (real - 1) * (real - 1), 0.5 * fake * fake),
    "hinge": lambda real, fake: (relu(1 - real), relu(1 + fake)),
    "wasserstein": lambda real, fake: (-real, fake),
}


def generator_loss(fake_logits: Any, kind: str = "non_saturating") -> Any:
    """What the generator minimises, from the discriminator's logits a = D(G(z)).

    "non_saturating"  -log D        (Goodfellow et al. 2014: strong gradients while D wins)
    "minimax"         log(1 - D)    (the same paper's first form: vanishing gradients while D wins)
    "least_squares"   ½ (a - 1)²    (Mao et al. 2017)
    "hinge"           -a            (Lim and Ye 2017)
    "wasserstein"     -a            (Arjovsky, Chintala and Bottou 2017)
    """
    return mean(_of_kind(_generator, kind)(fake_logits))


def discriminator_loss(real_logits: Any, fake_logits: Any, kind: str = "non_saturating") -> Any:
    """What the discriminator minimises; kinds and sources as for `generator_loss`.

    "non_saturating", "minimax"  -log D(x) - log(1 - D(G(z)))
    "least_squares"              ½ (a - 1)² + ½ b²      with a = D(x), b = D(G(z))
    "hinge"                      max(0, 1 - a) + max(0, 1 + b)
    "wasserstein"                b - a
    """
    real, fake = _of_kind(_discriminator, kind)(real_logits, fake_logits)
    return mean(real) + mean(fake)


def _of_kind(table: dict[str, Any], kind: str) -> Any:
    if kind not in table:
        raise ValueError(f"unknown kind of adversarial loss {kind!r}: expected one of {', '.join(table)}")
    return table[kind]


# --- Gradient penalties: losses that contain a gradient --------------------------------------------


def gradient_penalty(discriminator: Callable[[Any], Any], real: Any, fake: Any) -> Any:
    """mean of (‖∇D(x̂)‖ - 1)²  at  x̂ = ε x + (1 - ε) G(z),  ε uniform in [0, 1) for each example.

    real, fake (N, ...); constants here, so that no gradient flows to the generator.  The discriminator
    must treat its examples one by one (no batch normalization).
    Source: Gulrajani et al. 2017, equation 3; multiply by their λ = 10.
    """
    real, fake = value(real), value(fake)
    _same_shape("gradient_penalty", real, fake)
    both = np.result_type(real.dtype, fake.dtype)  # if one were of integers, ε would be cut to 0
    epsilon = uniform((len(real),) + (1,) * (real.ndim - 1)).astype(both)
    slopes = _input_gradients(discriminator, epsilon * real + (1 - epsilon) * fake)
    excess = norm(slopes, axis=tuple(range(1, slopes.ndim))) - 1  # (N,)
    return mean(excess * excess)


def r1_penalty(discriminator: Callable[[Any], Any], real: Any) -> Any:
    """mean of ‖∇D(x)‖² at real examples x (N, ...).

    Source: Mescheder, Geiger and Nowozin 2018, equation 9; multiply by their γ/2.
    """
    slopes = _input_gradients(discriminator, value(real))
    return sum(slopes * slopes) * (1 / len(slopes))


def _input_gradients(discriminator: Callable[[Any], Any], x: Any) -> Tensor:
    """∇D at each example; summing D over the batch keeps the examples apart."""
    x = Tensor(x)
    return grad(sum(discriminator(x)), x, create_graph=True)
