"""Export: a generator as an ONNX file, which other programs run without minigan and without Python.

    save_onnx("digits.onnx", model.average, (model.latent_size,))
    onnxruntime.InferenceSession("digits.onnx").run(["output"], {"input": z})    # z (N, latent_size), float32

The file computes what the network computes at inference, in float32, for batches of any size N.  Images are
channels last at its ends, as here.  ONNX convolves channels first, so a transposition stands before and after
every operation on images.  Needs the package onnx: pip install 'minigan[onnx]'.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import minigan
from minigan import layers as L
from minigan.autograd import no_grad
from minigan.backend import to_device, to_numpy
from minigan.checks import instance, path, wholes
from minigan.models.categorical import CategoricalCode, SoftCategoricalCode
from minigan.models.storage import replacing
from minigan.ops.window import transposed_size, window

OPSET, IR_VERSION = 18, 8  # of 2022, so that runtimes which are not new read the file
FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]  # (N, H, W, C) -> (N, C, H, W), and back
Shape = tuple[int, ...]


def save_onnx(file: str | Path, network: L.Layer, input_shape: Shape) -> None:
    """Write `network`, given inputs (N, *input_shape), to a file, which appears whole or not at all.

    The input is called "input" and the output "output".  `network` is a Sequential, whose layers may be Sequentials
    again, or one of the layers in EXPORTS.  Raises TypeError for another layer, ImportError without onnx.
    """
    file, shape = path("save_onnx", file=file), wholes("save_onnx", input_shape=input_shape)
    graph = Graph()
    x = np.zeros((1, *shape), np.float32)
    with no_grad():
        name, y = add_layer(graph, instance("save_onnx", L.Layer, network=network), "input", to_device(x))
    graph.add("Identity", name, output="output")
    model = graph.model(shape, tuple(y.shape[1:]))
    with replacing(file) as target:
        target.write(model.SerializeToString())


class Graph:
    """The nodes of a graph in the order of computation, and the arrays that they use."""

    def __init__(self):
        try:
            import onnx
        except ImportError as error:
            raise ImportError("save_onnx needs onnx: pip install 'minigan[onnx]'") from error
        self.onnx, self.nodes, self.arrays = onnx, [], []

    def add(self, operator: str, *inputs, output: str = "", **attributes) -> str:
        """The name of the output of one more node; inputs are names, or arrays to be kept in the file."""
        output = output or f"{operator}_{len(self.nodes)}"
        names = [x if isinstance(x, str) else self.keep(x, f"{output}.{i}") for i, x in enumerate(inputs)]
        self.nodes.append(self.onnx.helper.make_node(operator, names, [output], output, **attributes))
        return output

    def keep(self, x, name: str) -> str:
        array = to_numpy(getattr(x, "data", x) if isinstance(x, minigan.Tensor) else x)
        array = array.astype(np.float32) if array.dtype.kind == "f" else array
        self.arrays.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def model(self, input_shape: Shape, output_shape: Shape):
        """The graph as a model, which onnx has checked."""
        helper = self.onnx.helper
        ends = [
            helper.make_tensor_value_info(name, self.onnx.TensorProto.FLOAT, ["N", *shape])
            for name, shape in (("input", input_shape), ("output", output_shape))
        ]
        graph = helper.make_graph(self.nodes, "generator", ends[:1], ends[1:], self.arrays)
        opset, made = [helper.make_opsetid("", OPSET)], {"producer_name": "minigan"}
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, **made)
        self.onnx.checker.check_model(model, full_check=True)
        return model


def add_layer(graph: Graph, layer: L.Layer, name: str, x):
    """The name of the layer's output, and the output itself, for the input x of this name."""
    if type(layer) is L.Sequential:
        for part in layer.layers:
            name, x = add_layer(graph, part, name, x)
        return name, x
    if type(layer) not in EXPORTS:
        known = ", ".join(["Sequential", *(kind.__name__ for kind in EXPORTS)])
        raise TypeError(f"save_onnx: {type(layer).__name__} cannot be exported, only {known}")
    y = layer(x)  # which says by itself if x does not fit
    return EXPORTS[type(layer)](graph, layer, name, x.shape), y


# --- One function for each kind of layer: (graph, layer, name of x, shape of x) -> name of y ------------


def dense(graph: Graph, layer, x: str, shape: Shape) -> str:
    y = graph.add("MatMul", x, layer.kernel)
    return graph.add("Add", y, layer.bias) if layer.use_bias else y


def batch_normalization(graph: Graph, layer, x: str, shape: Shape) -> str:
    scale = to_numpy(layer.gamma.data) / np.sqrt(to_numpy(layer.moving_variance) + layer.epsilon)
    shift = to_numpy(layer.beta.data) - to_numpy(layer.moving_mean) * scale
    return graph.add("Add", graph.add("Mul", x, scale), shift)


def layer_normalization(graph: Graph, layer, x: str, shape: Shape) -> str:
    return graph.add("LayerNormalization", x, layer.gamma, layer.beta, axis=-1, epsilon=layer.epsilon)


def convolution(graph: Graph, layer, x: str, shape: Shape) -> str:
    geometry = layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate
    at = window("save_onnx", shape[1:3], *geometry)
    return channels_first(graph, "Conv", x, *weights(layer), **attributes(at))


def transposed_convolution(graph: Graph, layer, x: str, shape: Shape) -> str:
    geometry = layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate
    at = window("save_onnx", transposed_size("save_onnx", shape[1:3], *geometry), *geometry)
    each = zip(at.framed, at.strides, at.result, at.kernel, at.dilation, strict=True)
    untouched = [f - (s * (o - 1) + d * (k - 1) + 1) for f, s, o, k, d in each]  # pixels behind the last tap
    return channels_first(
        graph, "ConvTranspose", x, *weights(layer), output_padding=untouched, **attributes(at)
    )


def weights(layer) -> list[np.ndarray]:
    """The kernel (KH, KW, a, b) as (b, a, KH, KW), and the bias if there is one."""
    return [to_numpy(layer.kernel.data).transpose(3, 2, 0, 1), *([layer.bias] if layer.use_bias else [])]


def attributes(at) -> dict[str, Any]:
    behind = [f - p - n for f, p, n in zip(at.framed, at.padding, at.image, strict=True)]
    return {"strides": at.strides, "dilations": at.dilation, "pads": [*at.padding, *behind]}


def channels_first(graph: Graph, operator: str, x: str, *inputs, **attributes) -> str:
    y = graph.add(operator, graph.add("Transpose", x, perm=FIRST), *inputs, **attributes)
    return graph.add("Transpose", y, perm=LAST)


def upsampling(graph: Graph, layer, x: str, shape: Shape) -> str:
    how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    if layer.interpolation == "bilinear":
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    return channels_first(graph, "Resize", x, "", np.array([1, 1, *layer.size], np.float32), **how)


def reshape(graph: Graph, layer, x: str, shape: Shape) -> str:
    return graph.add("Reshape", x, np.array([0, *layer.shape]))  # 0: the size of the batch stays


def categorical_code(graph: Graph, layer, x: str, shape: Shape) -> str:
    k, axis = layer.categories, np.array([1])
    choice = graph.add("Slice", x, np.array([0]), np.array([k]), axis)
    rest = graph.add("Slice", x, np.array([k]), np.array([shape[1]]), axis)
    if type(layer) is SoftCategoricalCode:
        code = graph.add("Softmax", choice, axis=1)
    else:
        chosen = graph.add("Equal", choice, graph.add("ReduceMax", choice, axis, keepdims=1))
        code = graph.add("Cast", chosen, to=graph.onnx.TensorProto.FLOAT)
    return graph.add("Concat", graph.add("Mul", code, np.array(3.0)), rest, axis=1)


def one_node(operator: str, **settings) -> Callable:
    """For a layer that is one node: attribute of the node -> a number, or a function of the layer."""

    def export(graph: Graph, layer, x: str, shape: Shape) -> str:
        found = {name: value(layer) if callable(value) else value for name, value in settings.items()}
        return graph.add(operator, x, **found)

    return export


EXPORTS: dict[type[L.Layer], Callable] = {
    L.Dense: dense, L.BatchNormalization: batch_normalization, L.LayerNormalization: layer_normalization,
    L.Conv2D: convolution, L.Conv2DTranspose: transposed_convolution, L.UpSampling2D: upsampling,
    L.Reshape: reshape, L.Flatten: one_node("Flatten", axis=1),
    CategoricalCode: categorical_code, SoftCategoricalCode: categorical_code,
    L.ReLU: one_node("Relu"), L.Tanh: one_node("Tanh"), L.Sigmoid: one_node("Sigmoid"),
    L.Softmax: one_node("Softmax", axis=-1),
    L.LeakyReLU: one_node("LeakyRelu", alpha=lambda layer: float(layer.negative_slope)),
    L.ELU: one_node("Elu", alpha=lambda layer: float(layer.alpha)),
    L.Dropout: one_node("Identity"), L.GaussianNoise: one_node("Identity"), L.GaussianDropout: one_node("Identity"),
}  # fmt: skip
