"""Arguments that make no sense are refused where a layer is made, in one sentence: who, what came, what was expected."""

import numpy as np
import pytest

from minigan import layers
from minigan.autograd import Tensor
from minigan.layers import (
    ELU, AveragePooling2D, BatchNormalization, Capsules, Conv2D, Conv2DTranspose, Dense, Dropout, Embedding,
    GaussianDropout, GaussianNoise, LayerNormalization, LeakyReLU, MaxPooling2D, PrimaryCapsules, ReLU, Sequential,
    SpectralNormalization, UpSampling2D,
)  # fmt: skip

NO_SIZES = [0, -2, 2.5, "4", None, True]

#: who speaks, the name of the argument, and a call for a value of it
SIZES = [
    ("Dense", "in_features", lambda v: Dense(v, 2)),
    ("Dense", "units", lambda v: Dense(2, v)),
    ("BatchNormalization", "channels", lambda v: BatchNormalization(v)),
    ("LayerNormalization", "features", lambda v: LayerNormalization(v)),
    ("Embedding", "input_dim", lambda v: Embedding(v, 2)),
    ("Embedding", "output_dim", lambda v: Embedding(2, v)),
    ("Conv2D", "in_channels", lambda v: Conv2D(v, 1, 3)),
    ("Conv2D", "filters", lambda v: Conv2D(1, v, 3)),
    ("Conv2D", "kernel_size", lambda v: Conv2D(1, 1, v)),
    ("Conv2D", "kernel_size", lambda v: Conv2D(1, 1, (3, v))),
    ("Conv2D", "strides", lambda v: Conv2D(1, 1, 3, strides=v)),
    ("Conv2D", "dilation_rate", lambda v: Conv2D(1, 1, 3, dilation_rate=(v, 1))),
    ("Conv2DTranspose", "filters", lambda v: Conv2DTranspose(1, v, 3)),
    ("Conv2DTranspose", "kernel_size", lambda v: Conv2DTranspose(1, 1, v)),
    ("Conv2DTranspose", "strides", lambda v: Conv2DTranspose(1, 1, 3, strides=v)),
    ("MaxPooling2D", "size", lambda v: MaxPooling2D(v)),
    ("AveragePooling2D", "strides", lambda v: AveragePooling2D(2, (v, 2))),
    ("UpSampling2D", "size", lambda v: UpSampling2D(v)),
    ("PrimaryCapsules", "capsules", lambda v: PrimaryCapsules(1, v, 8, 3)),
    ("PrimaryCapsules", "dimensions", lambda v: PrimaryCapsules(1, 8, v, 3)),
    ("Capsules", "in_capsules", lambda v: Capsules(v, 2, 3, 4)),
    ("Capsules", "in_dimensions", lambda v: Capsules(2, v, 3, 4)),
    ("Capsules", "capsules", lambda v: Capsules(2, 3, v, 4)),
    ("Capsules", "dimensions", lambda v: Capsules(2, 3, 4, v)),
    ("Capsules", "routings", lambda v: Capsules(2, 3, 4, 5, routings=v)),
]


@pytest.mark.parametrize("value", NO_SIZES, ids=repr)
@pytest.mark.parametrize(("who", "argument", "make"), SIZES, ids=[f"{who}-{name}" for who, name, _ in SIZES])
def test_what_is_no_size_is_refused(who, argument, make, value):
    with pytest.raises((TypeError, ValueError), match=rf"{who}: {argument} is .*, expected a"):
        make(value)


@pytest.mark.parametrize(("who", "argument", "make"), SIZES, ids=[f"{who}-{name}" for who, name, _ in SIZES])
def test_sizes_of_numpy_are_sizes(who, argument, make):
    layer = make(np.int64(2))
    assert type(layer).__name__ == who
    plain = (v for value in vars(layer).values() for v in (value if isinstance(value, tuple) else (value,)))
    assert not any(isinstance(v, np.generic) for v in plain)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BatchNormalization(2, momentum=1.5), "BatchNormalization: momentum is 1.5, expected a finite"),
        (lambda: BatchNormalization(2, momentum=-0.1), "BatchNormalization: momentum is -0.1, expected a finite"),
        (lambda: BatchNormalization(2, epsilon=-1), "BatchNormalization: epsilon is -1, expected a finite number above"),
        (lambda: LayerNormalization(2, epsilon=-1), "LayerNormalization: epsilon is -1, expected a finite number above"),
        (lambda: LayerNormalization(2, epsilon="a"), "LayerNormalization: epsilon is 'a', expected a finite"),
        (lambda: Dropout(1), "Dropout: rate is 1, expected a finite number at least 0 and below 1"),
        (lambda: Dropout(None), "Dropout: rate is None, expected"),
        (lambda: GaussianDropout(-0.5), "GaussianDropout: rate is -0.5, expected"),
        (lambda: GaussianNoise(-1), "GaussianNoise: stddev is -1, expected a finite number at least 0"),
        (lambda: GaussianNoise(float("inf")), "GaussianNoise: stddev is inf, expected a finite"),
        (lambda: LeakyReLU(2.0), "LeakyReLU: negative_slope is 2.0, expected"),
        (lambda: LeakyReLU(-1), "LeakyReLU: negative_slope is -1, expected"),
        (lambda: ELU(-1), "ELU: alpha is -1, expected"),
        (lambda: Conv2D(1, 1, 3, padding="sane"), "Conv2D: padding is 'sane', expected 'valid', 'same'"),
        (lambda: Conv2DTranspose(1, 1, 3, padding=-1), "Conv2DTranspose: padding is -1, expected 'valid'"),
        (lambda: Conv2D(1, 1, 3, padding=(1, 2)), r"Conv2D: padding is \(1, 2\), expected 'valid'"),
        (lambda: MaxPooling2D(2, padding="SAME"), "MaxPooling2D: padding is 'SAME', expected 'valid'"),
        (lambda: UpSampling2D(2, "cubic"), "UpSampling2D: interpolation is 'cubic', expected one of 'nearest', 'bil"),
        (lambda: Conv2D(1, 1, 3, kernel_initializer="glorrot"), "Conv2D: kernel_initializer is 'glorrot', expected"),
        (lambda: Capsules(1, 2, 3, 4, routing_gradient="all"), "Capsules: routing_gradient is 'all', expected one of"),
        (lambda: Sequential(ReLU(), 3), "Sequential: argument 1 is 3, expected a Layer"),
        (lambda: SpectralNormalization(ReLU()), r"SpectralNormalization: layer is ReLU\(\), expected a Dense or"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_when_the_layer_is_made(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


SETTINGS = [
    Dropout(np.float64(0.5)),
    GaussianNoise(np.float64(0.5)),
    GaussianDropout(np.float64(0.5)),
    LeakyReLU(np.float64(0.5)),
    ELU(np.float64(0.5)),
    LayerNormalization(np.int64(3), np.float64(1e-3)),
    BatchNormalization(np.int64(3), np.float64(0.9), np.float64(1e-3)),
]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("layer", SETTINGS, ids=lambda layer: type(layer).__name__)
def test_a_setting_in_float64_leaves_float32_what_it_is(layer, training):
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    for _ in range(2):
        assert layer(x, training).dtype == layer(Tensor(x), training).dtype == np.float32
    assert {a.dtype for a in layer.arrays()} <= {np.dtype(np.float32)}
    assert "np." not in repr(layer)


LISTED = {
    "Dense": [[1.0, 2.0]], "BatchNormalization": [[1.0, 2.0]], "Conv2D": [[[[1.0]]]], "Capsules": [[[1.0, 2.0]]],
    "Flatten": [[1.0, 2.0]], "Reshape": [[1.0, 2.0]], "MaxPooling2D": [[[[1.0]]]], "UpSampling2D": [[[[1.0]]]],
    "GlobalAveragePooling2D": [[[[1.0]]]], "MinibatchStdDev": [[1.0, 2.0]], "Dropout": [[1.0, 2.0]],
    "GaussianNoise": [[1.0, 2.0]], "GaussianDropout": [[1.0, 2.0]], "ReLU": [[1.0, 2.0]], "Softmax": [[1.0, 2.0]],
}  # fmt: skip
ARGUMENTS = {
    "Dense": (2, 1), "BatchNormalization": (2,), "Conv2D": (1, 1, 1), "Capsules": (1, 2, 1, 2), "Reshape": ((1, 2),),
    "MaxPooling2D": (1,), "Dropout": (0.5,), "GaussianNoise": (0.5,), "GaussianDropout": (0.5,),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTED)
def test_a_list_becomes_an_array_or_one_clear_error(name):
    layer = getattr(layers, name)(*ARGUMENTS.get(name, ()))
    try:
        y = layer(LISTED[name], training=True)
    except TypeError as error:
        assert str(error).startswith(
            f"{name}("
        ) and "got a list, expected an array or a Tensor of shape" in str(error)
    else:
        assert y.dtype == np.float32
