"""Supervised losses: what is predicted against what is true.

Read `ops` before it.  Logits a are as in `adversarial`: D = σ(a).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import is_array, to_device
from minigan.ops import abs, log_softmax, mean, relu, softplus, sum
from minigan.ops.elementwise import value


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """mean of -t log D - (1 - t) log(1 - D)  =  mean of softplus(a) - t a.

    logits a (N, ...); targets t in [0, 1], of the same shape or one number for all.
    """
    targets = _like("binary_cross_entropy", logits, targets)
    return mean(softplus(logits) - logits * targets)


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """mean of -log p[label] with p = softmax(logits).

    logits (N, classes); labels (N,) of integers, or (N, classes) of probabilities.
    Raises ValueError for a label that is no class: it would have no loss, and so teach nothing.
    """
    log_p = log_softmax(logits, axis=-1)
    labels = labels if hasattr(labels, "shape") else np.asarray(labels)
    if len(labels.shape) == 1:
        classes = logits.shape[1]
        on_host = isinstance(labels, np.ndarray)  # asking a GPU for the largest would wait for it
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
    labels = _like("softmax_cross_entropy", logits, labels)
    return mean(-sum(log_p * labels, axis=-1))


def mean_squared_error(predictions: Any, targets: Any) -> Any:
    """mean of (p - t)²."""
    difference = predictions - _like("mean_squared_error", predictions, targets)
    return mean(difference * difference)


def mean_absolute_error(predictions: Any, targets: Any) -> Any:
    """mean of |p - t|."""
    return mean(abs(predictions - _like("mean_absolute_error", predictions, targets)))


def margin_loss(lengths: Any, one_hot: Any) -> Any:
    """mean over the batch of  Σ_k T_k max(0, 0.9 - ‖v_k‖)² + 0.5 (1 - T_k) max(0, ‖v_k‖ - 0.1)².

    lengths ‖v_k‖ (N, classes) of the capsules that stand for the classes; one_hot T (N, classes), in which
    several classes may be present.  Source: Sabour, Frosst and Hinton 2017, equation 4.
    """
    one_hot = _like("margin_loss", lengths, one_hot)
    too_short, too_long = relu(0.9 - lengths), relu(lengths - 0.1)
    present, absent = one_hot * too_short * too_short, (1 - one_hot) * too_long * too_long
    return mean(sum(present + 0.5 * absent, axis=-1))


def _like(name: str, predictions: Any, targets: Any) -> Any:
    """The targets: one number, or as many as there are predictions, of which (N, 1) against (N,) would be N².

    A list becomes an array beside the predictions, and of their precision.
    """
    if not (isinstance(predictions, Tensor) or is_array(predictions)):
        raise TypeError(
            f"{name}: predictions are a {type(predictions).__name__}, expected a Tensor or an array"
        )
    if isinstance(targets, int | float):
        return targets
    if not (isinstance(targets, Tensor) or is_array(targets)):
        targets = to_device(np.asarray(targets, predictions.dtype), value(predictions))
    if targets.shape not in ((), predictions.shape):
        raise ValueError(f"{name}: shapes {predictions.shape} and {targets.shape} differ")
    return targets
