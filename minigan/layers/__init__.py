"""The layers: weights, and how they meet the input.  Every file names those to read before it (docs/index.md)."""

# ruff: noqa: I001 - the names of `reshaping` in a line instead of six
from minigan.layers.activation import ELU, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from minigan.layers.base import Layer
from minigan.layers.batch import BatchNormalization, MinibatchStdDev
from minigan.layers.capsule import Capsules, PrimaryCapsules, squash
from minigan.layers.convolution import Conv2D, Conv2DTranspose
from minigan.layers.dense import Dense, Embedding
from minigan.layers.normalization import LayerNormalization, SpectralNormalization
from minigan.layers.regularization import Dropout, GaussianDropout, GaussianNoise
from minigan.layers.reshaping import (
    AveragePooling2D, Flatten, GlobalAveragePooling2D, MaxPooling2D, Reshape, UpSampling2D,
)  # fmt: skip
from minigan.layers.sequential import Sequential
from minigan.layers.volume import Conv3D, Conv3DTranspose

__all__ = [
    "ELU", "AveragePooling2D", "BatchNormalization", "Capsules", "Conv2D", "Conv2DTranspose", "Conv3D",
    "Conv3DTranspose", "Dense", "Dropout", "Embedding", "Flatten", "GaussianDropout", "GaussianNoise",
    "GlobalAveragePooling2D", "Layer", "LayerNormalization", "LeakyReLU", "MaxPooling2D", "MinibatchStdDev",
    "PrimaryCapsules", "ReLU", "Reshape", "Sequential", "Sigmoid", "Softmax", "SpectralNormalization", "Tanh",
    "UpSampling2D", "squash",
]  # fmt: skip
