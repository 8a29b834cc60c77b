"""Losses: how wrong is it?  Every loss is a mean over the batch.

Read `adversarial` and `penalties`; then `supervised`.
"""

from minigan.losses.adversarial import discriminator_loss, generator_loss
from minigan.losses.penalties import gradient_penalty, r1_penalty
from minigan.losses.supervised import (
    binary_cross_entropy,
    margin_loss,
    mean_absolute_error,
    mean_squared_error,
    softmax_cross_entropy,
)

__all__ = [
    "binary_cross_entropy", "discriminator_loss", "generator_loss", "gradient_penalty", "margin_loss",
    "mean_absolute_error", "mean_squared_error", "r1_penalty", "softmax_cross_entropy",
]  # fmt: skip
