"""Interchange: weights to and from Keras and PyTorch (`weights`), and a generator as an ONNX file (`export`)."""

from minigan.interchange.export import save_onnx
from minigan.interchange.weights import from_keras, from_torch, to_keras, to_torch

__all__ = ["from_keras", "from_torch", "save_onnx", "to_keras", "to_torch"]
