"""Losses: how wrong is it?  Every loss is a mean over the batch.

Part I; read `ops.elementwise` before it.

A discriminator returns *logits* a; the probability of "real" is D = σ(a).  With  softplus(a) = log(1 + eᵃ)

    log D = -softplus(-a),        log(1 - D) = -softplus(a),

which never overflows and never takes the logarithm of zero.
"""

from collections.abc import Callable

import numpy as np

from minigan.autograd import Tensor, grad
from minigan.backend import is_array, shaped, to_device, uniform
from minigan.checks import check_labels, choice, instance, real
from minigan.ops import abs, log_softmax, mean, norm, relu, softplus, sum
from minigan.ops.elementwise import value

#: kind -> what D minimises at a real image, what it minimises at a generated one, and what G minimises there
KINDS: dict[str, tuple[Callable, Callable, Callable]] = {
    "non_saturating": (lambda a: softplus(-a), softplus, lambda a: softplus(-a)),
    "minimax": (lambda a: softplus(-a), softplus, lambda a: -softplus(a)),
    "least_squares": (
        lambda a: 0.5 * (a - 1) * (a - 1), lambda a: 0.5 * a * a, lambda a: 0.5 * (a - 1) * (a - 1)
    ),
    "hinge": (lambda a: relu(1 - a), lambda a: relu(1 + a), lambda a: -a),
    "wasserstein": (lambda a: -a, lambda a: a, lambda a: -a),
}  # fmt: skip


def generator_loss(fake_logits, kind: str = "non_saturating"):
    """What the generator minimises, from the discriminator's logits a = D(G(z)).

    "non_saturating"  -log D,     d/da = -(1 - D)   (Goodfellow et al. 2014: strong gradients while D wins)
    "minimax"         log(1 - D), d/da = -D         (the same paper's first form: vanishing gradients then)
    "least_squares"   ½ (a - 1)²                    (Mao et al. 2017)
    "hinge"           -a                            (Lim and Ye 2017)
    "wasserstein"     -a                            (Arjovsky, Chintala and Bottou 2017)
    """
    _, _, of_generator = KINDS[choice("generator_loss", KINDS, kind=kind)]
    return mean(of_generator(shaped(fake_logits, "generator_loss", "fake_logits")))


def discriminator_loss(real_logits, fake_logits, kind: str = "non_saturating"):
    """What the discriminator minimises, from a = D(x) and b = D(G(z)); sources as for `generator_loss`.

    "non_saturating", "minimax"  -log D(x) - log(1 - D(G(z)))
    "least_squares"              ½ (a - 1)² + ½ b²
    "hinge"                      max(0, 1 - a) + max(0, 1 + b)
    "wasserstein"                b - a
    """
    of_real, of_fake, _ = KINDS[choice("discriminator_loss", KINDS, kind=kind)]
    a, b = (shaped(logits, "discriminator_loss", "logits") for logits in (real_logits, fake_logits))
    return mean(of_real(a)) + mean(of_fake(b))


def r1_penalty(discriminator, real):
    """mean of ‖∇D(x)‖² at real examples x (N, ...): a loss that contains a gradient.

    Source: Mescheder, Geiger and Nowozin 2018, equation 9; multiply by their γ/2.
    """
    slopes = _input_gradients("r1_penalty", discriminator, value(shaped(real, "r1_penalty", "real")))
    return sum(slopes * slopes) * (1 / len(slopes))


def _input_gradients(who: str, discriminator, x):
    """∇D at each example; summing D over the batch keeps the examples apart."""
    if not (x.ndim and x.size):
        raise ValueError(f"{who}: real has shape {x.shape}, expected at least one example")
    x = Tensor(x)
    y = instance(who, Callable, discriminator=discriminator)(x)
    return grad(sum(instance(who, Tensor, **{"discriminator(x)": y})), x, create_graph=True)


# --- To be read later: the penalty of the Wasserstein GAN ------------------------------------------------


def gradient_penalty(discriminator, real, fake):
    """mean of (‖∇D(x̂)‖ - 1)²  at  x̂ = ε x + (1 - ε) G(z),  ε uniform in [0, 1) for each example.

    real, fake (N, ...) are constants here: no gradient flows to the generator.  The discriminator must treat
    its examples one by one.  Source: Gulrajani et al. 2017, equation 3; multiply by their λ = 10.
    """
    who = "gradient_penalty"
    real, fake = value(shaped(real, who, "real")), value(shaped(fake, who, "fake"))
    if real.shape != fake.shape:
        raise ValueError(f"{who}: shapes {real.shape} and {fake.shape} differ")
    both = np.result_type(real.dtype, fake.dtype)  # if one were of integers, ε would be cut to 0
    epsilon = uniform((len(real),) + (1,) * (real.ndim - 1)).astype(both)
    slopes = _input_gradients(who, discriminator, epsilon * real + (1 - epsilon) * fake)
    excess = norm(slopes, axis=tuple(range(1, slopes.ndim))) - 1  # (N,)
    return mean(excess * excess)


# --- What is predicted against what is true; logits a as above: D = σ(a) ---------------------------------


def binary_cross_entropy(logits, targets):
    """mean of -t log D - (1 - t) log(1 - D)  =  mean of softplus(a) - t a.

    logits a (N, ...); targets t in [0, 1], of the same shape or one number for all.
    """
    logits = shaped(logits, "binary_cross_entropy", "logits")
    targets = _like("binary_cross_entropy", logits, targets)
    return mean(softplus(logits) - logits * targets)


def softmax_cross_entropy(logits, labels):
    """mean of -log p[label] with p = softmax(logits).

    logits (N, classes); labels (N,) of integers, or (N, classes) of probabilities.
    Raises ValueError for a label that is no class: it would have no loss, and so teach nothing.
    """
    who, logits = "softmax_cross_entropy", shaped(logits, "softmax_cross_entropy", "logits")
    if logits.ndim != 2:
        raise ValueError(f"{who}: logits have shape {logits.shape}, expected (N, classes)")
    log_p, classes = log_softmax(logits, axis=-1), logits.shape[1]
    if shaped(labels, who, "labels").ndim == 1:
        labels = check_labels(who, classes, labels if hasattr(labels, "shape") else np.asarray(labels))
        labels, number = (to_device(a, value(log_p)) for a in (labels, np.arange(classes)))
        labels = (labels[:, None] == number).astype(log_p.dtype)  # (N, classes)
    return mean(-sum(log_p * _like(who, logits, labels), axis=-1))


def mean_squared_error(predictions, targets):
    """mean of (p - t)²."""
    difference = predictions - _like("mean_squared_error", predictions, targets)
    return mean(difference * difference)


def mean_absolute_error(predictions, targets):
    """mean of |p - t|."""
    return mean(abs(predictions - _like("mean_absolute_error", predictions, targets)))


def margin_loss(lengths, one_hot):
    """mean over the batch of  Σ_k T_k max(0, 0.9 - ‖v_k‖)² + ½ (1 - T_k) max(0, ‖v_k‖ - 0.1)².

    lengths ‖v_k‖ (N, classes) of the capsules that stand for the classes; one_hot T (N, classes), in which
    several classes may be present.  Source: Sabour, Frosst and Hinton 2017, equation 4.
    """
    one_hot = _like("margin_loss", lengths, one_hot)
    too_short, too_long = relu(0.9 - lengths), relu(lengths - 0.1)
    present, absent = one_hot * too_short * too_short, (1 - one_hot) * too_long * too_long
    return mean(sum(present + 0.5 * absent, axis=-1))


def _like(who: str, predictions, targets):
    """The targets: one number, or as many as there are predictions, of which (N, 1) against (N,) would be N²."""
    if not (isinstance(predictions, Tensor) or is_array(predictions)):
        raise TypeError(
            f"{who}: predictions are a {type(predictions).__name__}, expected a Tensor or an array"
        )
    if isinstance(targets, int | float):
        return targets if targets - targets == 0 else real(who, targets=targets)  # of nan and ∞ it is nan
    if not hasattr(shaped(targets, who, "targets"), "recipe") and not is_array(targets):  # a list
        targets = to_device(np.asarray(targets, predictions.dtype), value(predictions))
    if targets.shape not in ((), predictions.shape):
        raise ValueError(f"{who}: shapes {predictions.shape} and {targets.shape} differ")
    return targets
