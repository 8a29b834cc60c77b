"""The layers: weights, and how they meet the input.

Chapter 5.  Reading order: `base`, `initializers`, `dense`, `activation`, `normalization`,
`regularization`, `reshaping`, `sequential`.
"""

from minigan.layers.activation import ELU, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from minigan.layers.base import Layer
from minigan.layers.dense import Dense, Embedding
from minigan.layers.normalization import BatchNormalization, LayerNormalization
from minigan.layers.regularization import Dropout, GaussianDropout, GaussianNoise
from minigan.layers.reshaping import Flatten, Reshape
from minigan.layers.sequential import Sequential

__all__ = [
    "ELU", "BatchNormalization", "Dense", "Dropout", "Embedding", "Flatten", "GaussianDropout",
    "GaussianNoise", "Layer", "LayerNormalization", "LeakyReLU", "ReLU", "Reshape", "Sequential", "Sigmoid",
    "Softmax", "Tanh",
]  # fmt: skip
