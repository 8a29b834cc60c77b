"""Interchange: the weights of a network to and from Keras and PyTorch, as NumPy arrays.  Neither is imported.

    keras_model.set_weights(to_keras(network))                from_keras(network, keras_model.get_weights())
    torch_model.load_state_dict(                              from_torch(network, torch_model.state_dict())
        {name: torch.from_numpy(array) for name, array in to_torch(network).items()})

The other network must be built of the same layers in the same order.  What differs silently is said here:

                                minigan and Keras               PyTorch
    a kernel of Dense           (in, out)                       Linear: (out, in)
    of Conv2D                   (KH, KW, in, out)               Conv2d: (out, in, KH, KW)
    of Conv2DTranspose          (KH, KW, out, in)               ConvTranspose2d: (in, out, KH, KW)
    of Conv3D, Conv3DTranspose  as of Conv2D, with one axis     the same
                                more before KH
    images                      (N, H, W, C)                    (N, C, H, W): permute(0, 3, 1, 2) and back, also
                                                                around Flatten and Reshape
    normalizations              epsilon=1e-3                    give them eps=1e-3
    momentum of the averages    0.99: the share that stays      give it momentum=0.01: the share that is new
    the average of variances    divided by N                    divided by N - 1, if it trains on
    padding="same", stride 2    the odd pixel at the end        padding=1 for a 4x4 kernel; no number for 3x3

Kernels, biases, scales, shifts and running statistics are moved; the slots of an optimizer are not.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minigan.autograd import Tensor
from minigan.checks import instance
from minigan.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Dense,
    Embedding,
    Layer,
    LayerNormalization,
    Sequential,
)

Layout = dict[str, tuple[str, tuple[int, ...] | None]]
_BIAS: Layout = {"bias": ("bias", None)}
_SCALE_AND_SHIFT: Layout = {"gamma": ("weight", None), "beta": ("bias", None)}
#: layer -> attribute -> the name in PyTorch, and the order in which its axes are those of ours
LAYOUTS: dict[type[Layer], Layout] = {
    Dense: {"kernel": ("weight", (1, 0))} | _BIAS,
    Conv2D: {"kernel": ("weight", (3, 2, 0, 1))} | _BIAS,
    Conv2DTranspose: {"kernel": ("weight", (3, 2, 0, 1))} | _BIAS,
    Conv3D: {"kernel": ("weight", (4, 3, 0, 1, 2))} | _BIAS,
    Conv3DTranspose: {"kernel": ("weight", (4, 3, 0, 1, 2))} | _BIAS,
    Embedding: {"table": ("weight", None)},
    BatchNormalization: _SCALE_AND_SHIFT
    | {"moving_mean": ("running_mean", None), "moving_variance": ("running_var", None)},
    LayerNormalization: _SCALE_AND_SHIFT,
}
COUNTER = "num_batches_tracked"  # a number that a BatchNorm of PyTorch has besides


def to_keras(network: Layer) -> list[np.ndarray]:
    """The weights in the order of Keras' `get_weights` and `set_weights`; copies.

    Raises TypeError for a layer with weights that Keras has not.
    """
    state = instance("to_keras", Layer, network=network).state()
    return [state[own] for own, _, _ in _weights("to_keras", network) if own in state]


def from_keras(network: Layer, weights: Sequence[np.ndarray]) -> None:
    """Give the network the weights that Keras' `get_weights` returned.

    Raises ValueError, and changes nothing, if their number or a shape does not fit.
    """
    state = instance("from_keras", Layer, network=network).state()
    names = [own for own, _, _ in _weights("from_keras", network) if own in state]
    names = list(dict.fromkeys(names))
    if len(instance("from_keras", Sequence, weights=weights)) != len(names):
        raise ValueError(f"from_keras: {len(weights)} weights, expected {len(names)}: {', '.join(names)}")
    network.load_state({name: _array("from_keras", name, w) for name, w in zip(names, weights, strict=True)})


def to_torch(network: Layer) -> dict[str, np.ndarray]:
    """name -> array, as the `state_dict` of a torch.nn.Sequential, or module, of the same structure; copies.

    Raises TypeError for a layer with weights that has no counterpart in torch.nn.
    """
    state = instance("to_torch", Layer, network=network).state()
    found = {}
    for own, name, axes in _weights("to_torch", network):
        if own in state:
            found[name] = np.ascontiguousarray(state[own] if axes is None else state[own].transpose(axes))
        if name.endswith("running_var"):
            found[name.removesuffix("running_var") + COUNTER] = np.array(0, np.int64)
    return found


def from_torch(network: Layer, state: Mapping[str, np.ndarray]) -> None:
    """Give the network the arrays, or tensors on the CPU, of a PyTorch `state_dict`.

    Raises ValueError, and changes nothing, if a name or a shape does not fit.
    """
    own_state = instance("from_torch", Layer, network=network).state()
    weights = [w for w in _weights("from_torch", network) if w[0] in own_state]
    instance("from_torch", Mapping, state=state)
    given = {name for name in map(str, state) if name.rpartition(".")[2] != COUNTER}
    expected = {name for _, name, _ in weights}
    if given != expected:
        missing, unexpected = sorted(expected - given)[:3], sorted(given - expected)[:3]
        raise ValueError(f"from_torch: missing {missing}, unexpected {unexpected}")
    arrays = {}
    for own, name, axes in weights:
        array = _array("from_torch", name, state[name])
        if axes is not None and array.ndim == len(axes):  # load_state speaks of another number of axes
            array = array.transpose(np.argsort(axes))
        arrays[own] = array
    network.load_state(arrays)


def _array(who: str, name: str, given) -> np.ndarray:
    """What was given as an array; a Parameter of PyTorch will do.  No number that float32 cannot hold, and no nan."""
    try:
        array = np.asarray(given.detach() if hasattr(given, "detach") else given)
    except (
        TypeError,
        RuntimeError,
    ) as error:  # a tensor on another device, or of a precision that NumPy has not
        raise TypeError(f"{who}: {name} must be an array or a tensor on the CPU: {error}") from None
    if array.dtype.kind == "f" and not np.abs(array).max(initial=0) <= np.finfo(np.float32).max:
        raise ValueError(f"{who}: {name} has numbers that are not finite in float32, as expected")
    return array


def _weights(who: str, network: Layer) -> Iterator[tuple[str, str, tuple[int, ...] | None]]:
    """(our name, PyTorch's name, order of the axes) of every weight and running statistic, in our order."""
    for own, name, layer in _layers(network, "", ""):
        layout = LAYOUTS.get(type(layer), {})
        for attribute, value in vars(layer).items():
            if value is not None and attribute in layout:
                other, axes = layout[attribute]
                yield own + attribute, name + other, axes
            elif isinstance(value, Tensor | np.ndarray) and not attribute.startswith("_"):
                raise TypeError(f"{who}: {type(layer).__name__} has no counterpart for its {attribute}")


def _layers(layer: Layer, own: str, name: str) -> Iterator[tuple[str, str, Layer]]:
    """(our prefix, PyTorch's prefix, layer) of a network and all of its parts; a Sequential has no name there."""
    yield own, name, layer
    for attribute, value in vars(layer).items():
        if not attribute.startswith("_"):
            start = name if isinstance(layer, Sequential) else f"{name}{attribute}."
            for key, part in _parts(value):
                yield from _layers(part, f"{own}{attribute}.{key}", f"{start}{key}")


def _parts(value) -> Iterator[tuple[str, Layer]]:
    """(key, layer) for every layer in a value, with the key of a list or dictionary that holds it."""
    if isinstance(value, Layer):
        yield "", value
    elif isinstance(value, list | tuple | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            for inner, part in _parts(item):
                yield f"{key}.{inner}", part
