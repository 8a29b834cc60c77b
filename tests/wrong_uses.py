"""The table behind test_wrong_uses.py: for every public callable a valid call, and what is wrong for each argument."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from training_tools import Regression

import minigan as mg
from minigan import (
    autograd,
    backend,
    data,
    evaluation,
    gradcheck,
    layers,
    losses,
    models,
    ops,
    optimizers,
    training,
)
from minigan.data import Batches
from minigan.layers import Dense, Sequential
from minigan.training import read_history

nan, inf = math.nan, math.inf
NOTHING, WORDS = np.zeros(0), np.array(["a", "b"])


class Row(NamedTuple):
    """A callable, its valid arguments, and argument -> values that are wrong.

    who  what the message begins with, a regular expression; by default the name of the callable.  A part of it, such
         as the operation that a layer is made of, may speak for it.
    """

    call: Callable
    valid: dict[str, Any]
    wrong: dict[str, list]
    who: str = ""


# --- What is wrong for an argument of each kind --------------------------------------------------------

SIZE = [0, -2, 2.5, "4", None, True, nan, NOTHING, [3]]
COUNT = [-1, 2.5, "4", None, nan, NOTHING, [3]]  # 0 is allowed
INDEX = [2.5, "4", nan, NOTHING, 99]
FLAG = ["no", 2, None, NOTHING, nan]
WORD = ["unheard-of", 3, None, "", NOTHING]
FUNCTION = [3, "a", None, NOTHING]
PATH = [3, None, NOTHING, ["a"]]
ARRAY = ["a", None, {"a": 1}, WORDS, [[1.0, 2.0], [3.0]], Dense]
TENSOR = [3.0, "a", None, NOTHING, np.ones(2)]
LAYER = [3, "a", None, NOTHING, Dense]
PER_AXIS = [0, -1, 2.5, "a", nan, (1,), (1, 2, 3), (0, 1), NOTHING]
PADDING = [-1, 2.5, "sane", None, (1, 2), ((1, 2),), NOTHING]
AXIS = [5, -4, 1.5, "a", (0, 7), [0], NOTHING]
RATE = ["a", None, nan, inf, NOTHING, [0.1], -1.0]  # of learning: above 0


def number(*outside):
    """Of a finite number, with some that are out of range."""
    return ["a", None, nan, inf, NOTHING, [1.0], 1j, *outside]


def array(*wrong):
    """Of an array of numbers, with some of a wrong shape, say."""
    return [*ARRAY, *wrong]


def of(valid):
    """An array of this shape, whose numbers are all in [-1, 1]."""
    return np.random.default_rng(0).uniform(-1, 1, valid).astype(np.float32)


X, IMAGE, KERNEL = of((2, 3)), of((2, 4, 4, 2)), of((3, 3, 2, 1))
SHAPES = ["a", None, 2.5, (2.5,), (-2, 3), (7, 7), ("a", 3)]


# --- The operations ------------------------------------------------------------------------------------


def one(f, **wrong):
    return Row(f, {"x": X}, {"x": ARRAY, **wrong})


def two(f):
    return Row(f, {"a": X, "b": of((3,))}, {"a": array(of((7,))), "b": array(of((7,)))})


def reduction(f, **more):
    return one(f, axis=AXIS, keepdims=["no", None, NOTHING, nan], **more)  # NumPy takes 2 for True


def pool(f):
    wrong = {"x": array(X, of((2, 1, 1, 2))), "size": [*PER_AXIS, None, 9], "strides": PER_AXIS}
    return Row(f, {"x": IMAGE}, wrong | {"padding": PADDING})


CONVOLUTION = {
    "kernel": array(X, of((3, 3, 5, 5)), of((9, 9, 2, 2)), of((0, 3, 2, 1))),
    "strides": [*PER_AXIS, None], "padding": PADDING, "dilation_rate": [*PER_AXIS, None, 9],
}  # fmt: skip
SQUARE = of((2, 2))

OPS = {
    **{name: one(getattr(ops, name)) for name in (
        "abs", "exp", "log", "negative", "relu", "sigmoid", "softplus", "sqrt", "tanh",
    )},
    **{name: two(getattr(ops, name)) for name in (
        "add", "divide", "maximum", "minimum", "multiply", "power", "subtract",
    )},
    **{name: reduction(getattr(ops, name)) for name in ("logsumexp", "max", "norm", "sum")},
    "mean": reduction(ops.mean)._replace(who="mean|sum"),
    "min": reduction(ops.min)._replace(who="min|max"),
    "var": reduction(ops.var)._replace(who="var|mean|sum"),
    "softmax": one(ops.softmax, axis=AXIS),
    "log_softmax": one(ops.log_softmax, axis=AXIS),
    "matmul": Row(ops.matmul, {"a": SQUARE, "b": SQUARE}, {"a": array(X, 3.0), "b": array(of((3, 2)), 3.0)}, "matmul|matrix_product"),
    "average_pool2d": pool(ops.average_pool2d),
    "max_pool2d": pool(ops.max_pool2d),
    "broadcast_to": one(ops.broadcast_to, shape=[s for s in SHAPES if s != (-2, 3)] + [(-2, 3), (3, 2)])._replace(
        valid={"x": X, "shape": (4, 2, 3)}
    ),
    "reshape": Row(ops.reshape, {"x": X, "shape": (3, 2)}, {"x": ARRAY, "shape": [*SHAPES, (-1, -1), NOTHING]}),
    "transpose": one(ops.transpose, axes=["a", 2.5, (0,), (0, 0), (0, 5), (0.5, 1)]),
    "flip": one(ops.flip, axis=AXIS),
    "repeat": Row(
        ops.repeat, {"x": X, "repeats": 2, "axis": 0}, {"x": ARRAY, "repeats": COUNT, "axis": [*AXIS, None]}
    ),
    "clip": Row(
        ops.clip, {"x": X, "low": -1.0, "high": 1.0}, {"x": ARRAY, "low": ["a", None, nan, 2.0], "high": ["a", None, nan]}
    ),
    "elu": one(ops.elu, alpha=["a", None, nan, NOTHING, -1.0]),
    "leaky_relu": one(ops.leaky_relu, slope=["a", None, nan, NOTHING, -1.0, 2.0]),
    "concatenate": Row(
        ops.concatenate, {"arrays": [X, X], "axis": 0},
        {"arrays": [3, "a", None, [], [X, "a"], [X, of((2, 4))], NOTHING], "axis": [*AXIS, None]},
    ),
    "stack": Row(
        ops.stack, {"arrays": [X, X], "axis": 0},
        {"arrays": [3, "a", None, [], [X, "a"], [X, of((3, 2))], NOTHING], "axis": [*AXIS, None]},
    ),
    "conv2d": Row(
        ops.conv2d, {"x": IMAGE, "kernel": KERNEL},
        {"x": array(X, of((2, 4, 4, 3)), of((2, 0, 0, 2)), of((2, 2, 2, 2))), **CONVOLUTION},
    ),
    "conv2d_transpose": Row(
        ops.conv2d_transpose, {"y": of((2, 4, 4, 1)), "kernel": KERNEL},
        {
            "y": array(X, of((2, 4, 4, 3)), of((2, 0, 0, 1))), **CONVOLUTION,
            "dilation_rate": [*PER_AXIS, None],
            "output_size": [0, -1, 2.5, "a", (1,), 99, NOTHING],
        },
    ),
    "upsample2d": Row(
        ops.upsample2d, {"x": IMAGE}, {"x": array(X), "size": [*PER_AXIS, None], "interpolation": WORD}
    ),
    "einsum": Row(
        lambda subscripts, operand: ops.einsum(subscripts, operand, SQUARE),
        {"subscripts": "ij,jk->ik", "operand": SQUARE},
        {"subscripts": [3, None, "", "ij", "ij->i", "ij,jk->z", "ijk,jk->i", NOTHING], "operand": array(of((3, 3, 3)), X)},
        "einsum",
    ),
    "getitem": Row(ops.getitem, {"x": X, "index": 0}, {"x": ARRAY, "index": ["a", 9, 1.5, (0, 0, 0), [7]]}),
    "pad": Row(
        ops.pad, {"x": X, "pad_width": ((1, 0), (0, 1))},
        {"x": ARRAY, "pad_width": [3, "a", None, [(1, 1)], [(-1, 0), (0, 0)], [(0.5, 0), (0, 0)], NOTHING],
         "constant": ["a", None, NOTHING]},
    ),
    "where": Row(
        ops.where, {"condition": X > 0, "a": X, "b": 0.0},
        {"condition": ["a", None, of((7,)) > 0], "a": array(of((7,))), "b": array(of((7,)))},
    ),
}  # fmt: skip


def in_space(values):
    """What is wrong for one number or three."""
    return [v for v in values if v != (1, 2, 3)] + [(1, 2)]


AXES_3D = in_space([v for v in PER_AXIS if v is not NOTHING])
VOLUME, KERNEL_3D = of((2, 4, 4, 4, 2)), of((3, 3, 3, 2, 1))
SPATIAL = {
    "kernel": array(X, of((3, 3, 3, 5, 5))),
    "strides": AXES_3D,
    "padding": PADDING,
    "dilation_rate": AXES_3D,
}
OPS["conv3d"] = Row(
    ops.conv3d,
    {"x": VOLUME, "kernel": KERNEL_3D},
    {"x": array(X, of((2, 4, 4, 4, 3)), of((2, 2, 2, 2, 2))), **SPATIAL},
)
OPS["conv3d_transpose"] = Row(
    ops.conv3d_transpose, {"y": of((2, 4, 4, 4, 1)), "kernel": KERNEL_3D},
    {"y": array(X, of((2, 4, 4, 4, 3))), **SPATIAL, "output_size": [0, -1, 2.5, "a", (1,), 99]},
)  # fmt: skip


# --- Layers, losses, optimizers ------------------------------------------------------------------------

INITIALIZER = ["glorrot", 3, None, lambda *_: None, lambda shape, *_: np.zeros((1,))]
POOLING = {"size": [*PER_AXIS, None], "strides": PER_AXIS, "padding": PADDING}
CONVOLVING = {
    "in_channels": SIZE, "filters": SIZE, "kernel_size": [*PER_AXIS, None], "strides": [*PER_AXIS, None],
    "padding": PADDING, "dilation_rate": [*PER_AXIS, None], "use_bias": FLAG, "kernel_initializer": INITIALIZER,
}  # fmt: skip
CONVOLVED = {"in_channels": 1, "filters": 1, "kernel_size": 3}

LAYERS = {
    **{name: Row(getattr(layers, name), {}, {}) for name in (
        "Flatten", "GlobalAveragePooling2D", "Layer", "MinibatchStdDev", "ReLU", "Sigmoid", "Softmax", "Tanh",
    )},
    "ELU": Row(layers.ELU, {}, {"alpha": number(-1.0)}),
    "LeakyReLU": Row(layers.LeakyReLU, {}, {"negative_slope": number(-1.0, 2.0)}),
    "AveragePooling2D": Row(layers.AveragePooling2D, {}, POOLING),
    "MaxPooling2D": Row(layers.MaxPooling2D, {}, POOLING),
    "BatchNormalization": Row(
        layers.BatchNormalization, {"channels": 2},
        {"channels": SIZE, "momentum": number(-0.1, 1.0), "epsilon": number(0.0, -1.0)},
    ),
    "LayerNormalization": Row(
        layers.LayerNormalization, {"features": 2}, {"features": SIZE, "epsilon": number(0.0, -1.0)}
    ),
    "Capsules": Row(
        layers.Capsules, {"in_capsules": 2, "in_dimensions": 2, "capsules": 2, "dimensions": 2},
        {"in_capsules": SIZE, "in_dimensions": SIZE, "capsules": SIZE, "dimensions": SIZE, "routings": SIZE,
         "routing_gradient": WORD},
    ),
    "PrimaryCapsules": Row(
        layers.PrimaryCapsules, {"in_channels": 1, "capsules": 1, "dimensions": 2, "kernel_size": 3},
        {"in_channels": SIZE, "capsules": SIZE, "dimensions": SIZE, "kernel_size": [*PER_AXIS, None],
         "strides": [*PER_AXIS, None]},
        "PrimaryCapsules|Conv2D",
    ),
    "Conv2D": Row(layers.Conv2D, CONVOLVED, CONVOLVING),
    "Conv2DTranspose": Row(layers.Conv2DTranspose, CONVOLVED, CONVOLVING),
    "Dense": Row(
        Dense, {"in_features": 2, "units": 2},
        {"in_features": SIZE, "units": SIZE, "use_bias": FLAG, "kernel_initializer": INITIALIZER},
    ),
    "Embedding": Row(
        layers.Embedding, {"input_dim": 2, "output_dim": 2}, {"input_dim": SIZE, "output_dim": SIZE}
    ),
    "Dropout": Row(layers.Dropout, {"rate": 0.5}, {"rate": number(-0.1, 1.0)}),
    "GaussianDropout": Row(layers.GaussianDropout, {"rate": 0.5}, {"rate": number(-0.1, 1.0)}),
    "GaussianNoise": Row(layers.GaussianNoise, {"stddev": 0.5}, {"stddev": number(-0.1)}),
    "Reshape": Row(layers.Reshape, {"shape": (2, 3)}, {"shape": [3, "a", None, (0,), (-1, -1), (2.5,), (-2,), NOTHING]}),
    "Sequential": Row(
        lambda layer: Sequential(Dense(2, 2), layer), {"layer": Dense(2, 2)}, {"layer": LAYER}, "Sequential"
    ),
    "SpectralNormalization": Row(
        layers.SpectralNormalization, {"layer": Dense(2, 2)}, {"layer": [*LAYER, layers.ReLU()]}
    ),
    "UpSampling2D": Row(layers.UpSampling2D, {}, {"size": [*PER_AXIS, None], "interpolation": WORD}),
    "squash": Row(layers.squash, {"x": X}, {"x": ARRAY, "axis": AXIS}, "squash|sum"),
}  # fmt: skip

CONVOLVING_3D = CONVOLVING | {key: [*AXES_3D, None] for key in ("kernel_size", "strides", "dilation_rate")}
LAYERS["Conv3D"] = Row(layers.Conv3D, CONVOLVED, CONVOLVING_3D)
LAYERS["Conv3DTranspose"] = Row(layers.Conv3DTranspose, CONVOLVED, CONVOLVING_3D)

#: what a layer is called with: the arguments that make it, a valid input, and wrong ones
CALLED = {
    "Dense": ((3, 2), X, [of((2, 4)), 3.0]),
    "Embedding": ((3, 2), np.array([0, 2]), [X, np.array([3]), np.array([-1])]),
    "Conv2D": ((2, 1, 3), IMAGE, [X, of((2, 4, 4, 3)), of((2, 2, 2, 2))]),
    "Conv2DTranspose": ((2, 1, 3), IMAGE, [X, of((2, 4, 4, 3))]),
    "BatchNormalization": ((3,), X, [of((2, 4)), 3.0, of((0, 3))]),
    "LayerNormalization": ((3,), X, [of((2, 4)), 3.0]),
    "Capsules": ((3, 2, 2, 2), of((2, 3, 2)), [X, of((2, 2, 3))]),
    "PrimaryCapsules": ((2, 1, 2, 3), IMAGE, [X, of((2, 4, 4, 3)), of((2, 2, 2, 2))]),
    "Flatten": ((), X, [3.0]),
    "Reshape": (((3, 1),), X, [3.0, of((2, 4))]),
    "MaxPooling2D": ((2,), IMAGE, [X, of((2, 1, 1, 2))]),
    "AveragePooling2D": ((2,), IMAGE, [X, of((2, 1, 1, 2))]),
    "UpSampling2D": ((2,), IMAGE, [X]),
    "GlobalAveragePooling2D": ((), IMAGE, [X]),
    "MinibatchStdDev": ((), X, [3.0, of((0, 3))]),
    **{name: ((), X, []) for name in ("ELU", "LeakyReLU", "ReLU", "Sigmoid", "Softmax", "Tanh")},
    **{name: ((0.5,), X, []) for name in ("Dropout", "GaussianDropout", "GaussianNoise")},
}
#: what else may speak for a layer: what it is made of
SPEAKERS = {
    "Conv2D": "conv2d", "PrimaryCapsules": "Conv2D|conv2d", "MaxPooling2D": "max_pool2d", "Tanh": "tanh",
    "AveragePooling2D": "average_pool2d", "UpSampling2D": "upsample2d", "BatchNormalization": "mean", "ReLU": "relu",
    "MinibatchStdDev": "mean", "ELU": "elu", "LeakyReLU": "leaky_relu", "Sigmoid": "sigmoid", "Softmax": "softmax",
}  # fmt: skip
for name, (made_with, valid, wrong) in CALLED.items():
    layer = getattr(layers, name)(*made_with)
    LAYERS[f"{name}.__call__"] = Row(
        lambda x, layer=layer: layer(x, training=True),
        {"x": valid},
        {"x": array(*wrong)},
        f"{name}|{SPEAKERS.get(name, name)}",
    )
LAYERS["Layer.load_state"] = Row(
    Dense(2, 2, use_bias=False).load_state, {"state": {"kernel": of((2, 2))}},
    {"state": [3, "a", None, {}, {"kernel": 3.0}, {"kernel": "a"}, {"other": 3.0}]},
    "Dense.load_state",
)  # fmt: skip
LAYERS["Layer.astype"] = Row(
    Dense(2, 2).astype,
    {"dtype": np.float32},
    {"dtype": ["a", None, int, 3, complex, np.float16]},
    "Dense.astype",
)


def critic(x):
    return ops.sum(x * x, axis=1)


LOGITS = of((4, 1))
PAIR = {"predictions": array(of((3, 1))), "targets": array(of((4,)), of((3, 1)))}
LOSSES = {
    "generator_loss": Row(losses.generator_loss, {"fake_logits": LOGITS}, {"fake_logits": array(NOTHING), "kind": WORD}, "generator_loss|mean"),
    "discriminator_loss": Row(
        losses.discriminator_loss, {"real_logits": LOGITS, "fake_logits": LOGITS},
        {"real_logits": array(NOTHING), "fake_logits": array(NOTHING), "kind": WORD}, "discriminator_loss|mean",
    ),
    "r1_penalty": Row(
        losses.r1_penalty, {"discriminator": critic, "real": X},
        {"discriminator": [*FUNCTION, lambda x: 3.0], "real": array(3.0, of((0, 3)))},
    ),
    "gradient_penalty": Row(
        losses.gradient_penalty, {"discriminator": critic, "real": X, "fake": X},
        {"discriminator": [*FUNCTION, lambda x: 3.0], "real": array(3.0, of((0, 3))), "fake": array(of((3, 3)))},
    ),
    "binary_cross_entropy": Row(
        losses.binary_cross_entropy, {"logits": LOGITS, "targets": 1.0},
        {"logits": array(NOTHING), "targets": array(of((4,)), nan)}, "binary_cross_entropy|mean",
    ),
    "softmax_cross_entropy": Row(
        losses.softmax_cross_entropy, {"logits": X, "labels": np.array([0, 2])},
        {"logits": array(3.0, of((0, 3)), of((3,))), "labels": array(np.array([0, 3]), np.array([0]), np.array([0.5, 1.0]))},
    ),
    **{name: Row(
        getattr(losses, name), {"predictions": LOGITS, "targets": LOGITS}, PAIR,
    ) for name in ("mean_squared_error", "mean_absolute_error")},
    "margin_loss": Row(
        losses.margin_loss, {"lengths": X, "one_hot": X},
        {"lengths": array(of((7,)), 3.0), "one_hot": array(of((7, 3)))},
    ),
}  # fmt: skip


def parameters():
    return Dense(2, 2).parameters()


PARAMETERS = [[], None, 3, "a", Dense(2, 2), [3], [None], NOTHING, parameters()[0], parameters()[:1] * 2]
STEPPED = {"parameters": parameters(), "learning_rate": 0.1}
SCHEDULE = {"start": number(0.0, -1.0), "steps": number(0, -1), "final": number(-0.1, 1.5)}
GRADIENTS = [of((2, 2)), of((2,))]
WRONG_STEP = [None, 3, "a", [], [None, None], [of((2, 2)), of((3,))], [of((2, 2)), "a"], NOTHING]


def adam():
    return optimizers.Adam(parameters(), 0.1)


OPTIMIZERS = {
    "Optimizer": Row(
        optimizers.Optimizer, STEPPED | {"slots": ["v"]},
        {"parameters": PARAMETERS, "learning_rate": RATE, "slots": [3, None, "v"]},
    ),
    "Adam": Row(
        optimizers.Adam, STEPPED,
        {"parameters": PARAMETERS, "learning_rate": RATE, "beta_1": number(-0.1, 1.0), "beta_2": number(-0.1, 1.0),
         "epsilon": number(-1.0), "clip_norm": [v for v in number(0.0, -1.0) if v is not None]},
    ),
    "SGD": Row(
        optimizers.SGD, STEPPED,
        {"parameters": PARAMETERS, "learning_rate": RATE, "momentum": number(-0.1, 1.0), "nesterov": FLAG},
    ),
    "RMSprop": Row(
        optimizers.RMSprop, STEPPED,
        {"parameters": PARAMETERS, "learning_rate": RATE, "rho": number(-0.1, 1.0), "epsilon": number(-1.0)},
    ),
    "Optimizer.step": Row(lambda grads: adam().step(grads), {"grads": GRADIENTS}, {"grads": WRONG_STEP}, "Adam.step"),
    "Optimizer.load_state": Row(
        lambda state: adam().load_state(state), {"state": adam().state()},
        {"state": [3, None, "a", {}, adam().state() | {"steps": -1}, adam().state() | {"m.0": "a"}]},
        "Adam.load_state",
    ),
    "linear_decay": Row(optimizers.linear_decay, {"start": 1.0, "steps": 10}, SCHEDULE),
    "cosine_decay": Row(optimizers.cosine_decay, {"start": 1.0, "steps": 10}, SCHEDULE),
    "update_ema": Row(
        optimizers.update_ema, {"average": Dense(2, 2), "source": Dense(2, 2), "decay": 0.9},
        {"average": [*LAYER, Dense(2, 3)], "source": [*LAYER, Dense(2, 3)], "decay": number(-0.1, 1.5)},
    ),
}  # fmt: skip


# --- Models --------------------------------------------------------------------------------------------

TWO_RATES = [0.1, "a", None, (0.1,), (0.1, 0.0), (0.1, nan), ("a", 0.1), (0.1, -1.0), NOTHING]
#: field of a model -> what is wrong for it
FIELDS = {
    **dict.fromkeys((
        "channels", "in_channels", "width", "latent_size", "r1_every", "critic_steps", "conditions", "kernel_size", "capsules", "dimensions",
        "classes", "class_dimensions", "routings", "filters", "strides", "recognition_units", "generation_units",
    ), SIZE),
    "image_size": [*SIZE, 30, 3], "size": [*SIZE, 18, 3],
    "image_shape": [3, None, "a", (28, 28), (0, 28, 1), (2.5, 28, 1), NOTHING],
    "g_hidden": [3, None, "a", (0,), (2.5,), NOTHING], "d_hidden": [3, None, "a", (0,), (2.5,), NOTHING],
    "decoder_units": [3, None, "a", (0, 1), (2,), NOTHING],
    "decay_steps": [0, -1, 2.5, "a", nan, NOTHING],
    "learning_rates": TWO_RATES, "betas": [0.1, "a", None, (0.1,), (0.1, 1.0), (-0.1, 0.5), (nan, 0), NOTHING],
    "learning_rate": RATE, "r1_weight": number(-1.0), "average_decay": number(-0.1, 1.0),
    "l1_weight": number(0.0, -1.0), "cycle_weight": number(-1.0), "identity_weight": number(-1.0),
    "penalty_weight": number(-1.0), "reconstruction_weight": number(-1.0), "std": number(0.0, -1.0),
    "noise": number(-1.0), "dropout": number(-1.0, 1.0), "smoothing": number(-0.1, 0.5),
    "reconstructed_share": number(-0.1, 1.1), "r1_weights": [0.1, "a", None, (0.1,), (0.1, -1.0), (0.1, nan), NOTHING],
    "categories": [*COUNT, 10**6], "max_shift": COUNT, "upsampling": WORD, "likelihood": WORD, "kind": WORD,
    "weights": [3, None, "a", (1.0, 1.0), (1.0, 1.0, 1.0, -1.0), (1.0, 1.0, 1.0, nan), NOTHING],
    "four": [3, "a", (Dense(2, 2),), NOTHING],
    "generator": [3, "a", Dense, NOTHING], "discriminator": [3, "a", Dense, NOTHING],
}  # fmt: skip
SMALL = {
    "GAN": {"generator": Dense(2, 3), "discriminator": Dense(3, 1), "latent_size": 2},
    "MLPGAN": {"image_shape": (4, 4, 1), "latent_size": 2, "g_hidden": (4,), "d_hidden": (4,)},
    "DCGAN": {"image_size": 8, "latent_size": 2, "width": 2, "categories": 0},
    "WGANGP": {"image_size": 8, "latent_size": 2, "width": 2, "categories": 0},
    "CapsGAN": {"image_size": 8, "latent_size": 2, "width": 2, "categories": 0, "capsules": 2, "dimensions": 2},
    "CapsNet": {
        "image_size": 28, "filters": 2, "capsules": 1, "dimensions": 2, "class_dimensions": 2, "routings": 1,
        "decoder_units": (2, 2),
    },
    "TransformingAutoencoder": {"image_size": 8, "capsules": 2},
    "AEGAN": {"image_size": 8, "latent_size": 2, "width": 2, "categories": 0},
    "GAN3D": {"size": 8, "latent_size": 2, "width": 2, "categories": 0},
    "ConditionalGAN": {"image_size": 8, "latent_size": 2, "width": 2, "conditions": 3},
    "ImageToImage": {"image_size": 8, "width": 2},
    "CycleGAN": {"image_size": 8, "width": 2},
    "VAE": {"image_size": 8, "latent_size": 2, "width": 2},
}  # fmt: skip
UNFIT = {"CapsNet": {"image_size": [30], "strides": []}, "TransformingAutoencoder": {"image_size": [30, 3]},
         "AEGAN": {"image_size": [3]}}  # fmt: skip


def same(a, b):
    return type(a) is type(b) and not isinstance(a, np.ndarray) and a == b


def fields_of(name, model):
    """Argument -> wrong values, without those that are right for this model."""
    import inspect

    fit = {"CapsNet": {"image_size": [30]}, "TransformingAutoencoder": {"image_size": [30, 3]}}.get(name, {})
    found = {}
    for field in inspect.signature(model).parameters:
        right = fit.get(field, [])
        found[field] = [v for v in FIELDS[field] if not any(same(v, r) for r in right)]
    return found


MODELS: dict[str, Row] = {"Model": Row(models.Model, {}, {})}
for name, settings in SMALL.items():
    kind = getattr(models, name)
    MODELS[name] = Row(kind, settings, fields_of(name, kind))


class Made(dict):
    """The models of SMALL, each made when it is first asked for."""

    def __missing__(self, name):
        self[name] = getattr(models, name)(**SMALL[name])
        return self[name]


MADE = Made()
SHAPE_OF = {
    "GAN": (3,), "MLPGAN": (4, 4, 1), "CapsNet": (28, 28, 1), "GAN3D": (8, 8, 8, 1),
    **dict.fromkeys(("DCGAN", "WGANGP", "CapsGAN", "TransformingAutoencoder", "AEGAN", "VAE"), (8, 8, 1)),
}  # fmt: skip
for name, shape in SHAPE_OF.items():
    batch = of((4, *shape))
    spoiled = batch.copy()
    spoiled[0] = nan
    wrong_images = [
        "a", None, 3, batch[0], batch[:0], spoiled, (127 * batch).astype(np.int8), of((4, 5, 5, 7)), [1.0], batch.astype(complex),
    ]  # fmt: skip
    if name == "CapsNet":
        labels = np.zeros(4, int)
        wrong_batch = [
            *wrong_images, (batch,), (spoiled, labels), (batch, labels + 10), (batch, labels[:3]), (batch, None),
            (batch, labels * 0.5), (None, labels), (batch, WORDS),
        ]  # fmt: skip
        batch = (batch, labels)
    else:
        wrong_batch = wrong_images
    MODELS[f"{name}.train_step"] = Row(
        lambda batch, name=name: MADE[name].train_step(batch),
        {"batch": batch},
        {"batch": wrong_batch},
        "GAN|Dense" if name == "GAN" else name,
    )
    latent = np.zeros((2, 2))
    MODELS[f"{name}.sample"] = Row(
        lambda n, noise=None, name=name: MADE[name].sample(n, noise), {"n": 2},
        {"n": SIZE, "noise": ["a", 3, np.zeros((3, 1)), np.full((2, MADE[name].latent_size), nan), NOTHING]}, "sample",
    )  # fmt: skip
for name in ("AEGAN", "VAE", "TransformingAutoencoder"):
    images = of((4, 8, 8, 1))
    wrong = ["a", None, 3, images[0], images[:0], images * nan, of((4, 5, 5, 7))]
    more = {"shifts": np.zeros((4, 2))} if name == "TransformingAutoencoder" else {}
    wrong_more = {"shifts": ["a", None, 3, np.zeros((3, 2)), np.full((4, 2), nan)]} if more else {}
    MODELS[f"{name}.reconstruct"] = Row(
        lambda images, name=name, **more: MADE[name].reconstruct(images, **more), {"images": images, **more},
        {"images": wrong, **wrong_more}, name,
    )  # fmt: skip
    if not more:
        MODELS[f"{name}.encode"] = Row(
            lambda images, name=name: MADE[name].encode(images), {"images": images}, {"images": wrong}, name
        )
MODELS["VAE.elbo"] = Row(
    lambda images, seed=0: MADE["VAE"].elbo(images, seed), {"images": of((4, 8, 8, 1))},
    {"images": ["a", None, of((4, 8, 8, 1))[:0]], "seed": COUNT}, "VAE",
)  # fmt: skip
MODELS["CapsNet.predict"] = Row(
    lambda images: MADE["CapsNet"].predict(images), {"images": of((2, 28, 28, 1))},
    {"images": ["a", None, of((2, 8, 8, 1))]}, "CapsNet",
)  # fmt: skip
CAPSULES = of((2, 10, 2))
MODELS["CapsNet.decode"] = Row(
    lambda v, labels=None: MADE["CapsNet"].decode(v, labels), {"v": CAPSULES},
    {"v": ["a", None, X, CAPSULES * nan], "labels": ["a", np.array([0, 10]), np.array([0])]}, "CapsNet",
)  # fmt: skip
LABELLED, LABELS = of((4, 8, 8, 1)), np.array([0, 1, 2, 0])
MODELS["ConditionalGAN.train_step"] = Row(
    lambda batch: MADE["ConditionalGAN"].train_step(batch), {"batch": (LABELLED, LABELS)},
    {"batch": ["a", None, 3, LABELLED, (LABELLED,), (LABELLED, LABELS + 3), (LABELLED, LABELS[:2]), (LABELLED, WORDS)]},
    "ConditionalGAN",
)  # fmt: skip
MODELS["ImageToImage.train_step"] = Row(
    lambda batch: MADE["ImageToImage"].train_step(batch), {"batch": (LABELLED, LABELLED)},
    {"batch": ["a", None, 3, LABELLED, (LABELLED,), (LABELLED, LABELLED[:2]), (LABELLED * nan, LABELLED), (None, LABELLED)]},
    "ImageToImage",
)  # fmt: skip
MODELS["ImageToImage.translate"] = Row(
    lambda x: MADE["ImageToImage"].translate(x), {"x": LABELLED},
    {"x": ["a", None, 3, LABELLED[0], LABELLED[:0], LABELLED * nan, of((4, 5, 5, 7))]}, "ImageToImage",
)  # fmt: skip
MODELS["CycleGAN.train_step"] = Row(
    lambda batch: MADE["CycleGAN"].train_step(batch), {"batch": (LABELLED, LABELLED)},
    {"batch": ["a", None, 3, LABELLED, (LABELLED,), (LABELLED * nan, LABELLED), (None, LABELLED), (LABELLED, LABELLED[:0])]},
    "CycleGAN",
)  # fmt: skip
for name in ("translate", "translate_back"):
    MODELS[f"CycleGAN.{name}"] = Row(
        lambda images, name=name: getattr(MADE["CycleGAN"], name)(images), {"images": LABELLED},
        {"images": ["a", None, 3, LABELLED[0], LABELLED[:0], LABELLED * nan, of((4, 5, 5, 7))]}, "CycleGAN",
    )  # fmt: skip
MODELS["Model.load_state"] = Row(
    lambda state: MADE["GAN"].load_state(state), {"state": MADE["GAN"].state()},
    {"state": [3, None, "a", {}, MADE["GAN"].state() | {"networks/generator/bias": "a"}]}, r"(GAN|Dense).load_state",
)  # fmt: skip


# --- Around the book -----------------------------------------------------------------------------------

POINTS = of((10, 2))
CLOUD = array(of((10, 3)), of((0, 2)), np.full((10, 2), nan), np.zeros(3), 3.0, POINTS * 1j)
REFERENCE = {"real": POINTS, "fake": POINTS}
PROBABILITIES = np.full((4, 2), 0.5)
DISTANCES = [*ARRAY, NOTHING, np.array([nan]), -np.ones(3)]
MIXTURE = {"n": COUNT, "radius": number(0.0, -1.0), "std": number(-1.0), "seed": [-1, 2.5, "a", nan]}
EPOCH = Batches(POINTS, 2)

DATA = {
    "Batches": Row(
        Batches, {"arrays": POINTS, "batch_size": 2},
        {"arrays": ["a", 3, None, [1.0], (), (POINTS, POINTS[:3]), NOTHING, np.float32(3), (POINTS, "a")],
         "batch_size": [*SIZE, 11], "shuffle": FLAG, "seed": COUNT, "drop_last": FLAG},
    ),
    "Batches.epoch": Row(
        EPOCH.epoch, {"epoch": 0}, {"epoch": COUNT, "start": [-1, 6, 2.5, "a", None, NOTHING]}, "Batches"
    ),
    "ring": Row(data.ring, {"n": 5}, MIXTURE | {"modes": SIZE}),
    "grid": Row(
        data.grid, {"n": 5},
        {"n": COUNT, "side": SIZE, "spacing": number(0.0, -1.0), "std": number(-1.0), "seed": MIXTURE["seed"]},
    ),
    "load_folder": Row(data.load_folder, {"folder": "pictures", "size": 8}, {"folder": PATH, "size": SIZE}),
    "load_voxels": Row(data.load_voxels, {"folder": "pictures"}, {"folder": PATH}),
    "solid_digits": Row(
        data.solid_digits, {"images": of((2, 28, 28, 1))},
        {"images": ["a", None, 3, of((2, 28, 28)), of((2, 16, 16, 1)), of((0, 28, 28, 1)), np.full((1, 28, 28, 1), nan)]},
    ),
    "load_mnist": Row(data.load_mnist, {}, {"split": [*WORD, "test"], "full": FLAG}),
}  # fmt: skip

DATA["load_faces"] = Row(data.load_faces, {}, {})
DATA["load_face_pairs"] = Row(data.load_face_pairs, {}, {})
DATA["load_fashion_mnist"] = Row(data.load_fashion_mnist, {}, {"split": WORD})

TRAINED = {"model": Regression(), "batches": Batches(of((8, 3)), 4), "epochs": 1, "out": "out"}
TRAINING = {
    "model": [3, "a", None, Dense(2, 2)], "batches": [3, None, of((8, 3)), [of((4, 3))]], "epochs": SIZE, "out": PATH,
    "resume": FLAG, "monitor": [3, "a"], "log_every": SIZE, "group": [3, "a"],
}  # fmt: skip
CHECKPOINT = {"model": [3, "a", None, Dense], "path": PATH}
TRAIN = {
    "fit": Row(training.fit, TRAINED, TRAINING | {"after_epoch": [3, "a"], "renamed": []}, "fit|Training"),
    "Training": Row(training.Training, TRAINED, TRAINING),
    "Monitor": Row(training.Monitor, {}, {"conditions": [3, "a", None, ["a"], [3]], "steps": COUNT}),
    "new_position": Row(training.new_position, {}, {}),
    "read_history": Row(read_history, {"path": "none.csv"}, {"path": PATH}),
    "save_checkpoint": Row(
        training.save_checkpoint, {"model": Regression(), "path": "a.npz"},
        CHECKPOINT | {"position": [3, "a", {}, [], training.new_position() | {"epoch": -1}]},
    ),
    "load_checkpoint": Row(training.load_checkpoint, {"model": Regression(), "path": "saved.npz"}, CHECKPOINT),
}  # fmt: skip

FAKE_MODEL = SimpleNamespace(latent_size=2, sample=lambda n, noise: np.zeros((n, 28, 28, 1), np.float32))
EVALUATION = {
    "Classifier": Row(evaluation.Classifier, {}, {}),
    "digit_classifier": Row(evaluation.digit_classifier, {}, {}),
    "Classifier.features": Row(
        evaluation.digit_classifier().features, {"images": of((2, 28, 28, 1))},
        {"images": ["a", None, of((2, 8, 8, 1)), of((0, 28, 28, 1)), of((2, 28, 28, 1)) * nan, np.zeros((2, 28, 28, 1), int)]},
        "classifier",
    ),
    "confident_share": Row(
        evaluation.confident_share, {"probabilities": PROBABILITIES},
        {"probabilities": array(NOTHING, of((3,)), PROBABILITIES * nan), "threshold": number(-0.1, 1.1)},
    ),
    "digit_shares": Row(
        evaluation.digit_shares, {"probabilities": PROBABILITIES},
        {"probabilities": array(NOTHING, of((3,)), PROBABILITIES * nan)},
    ),
    "frechet_distance": Row(evaluation.frechet_distance, REFERENCE, {"real": CLOUD, "fake": CLOUD}),
    "kernel_distance": Row(
        evaluation.kernel_distance, REFERENCE,
        {"real": CLOUD, "fake": CLOUD, "subset_size": [*SIZE, 1], "subsets": SIZE, "seed": COUNT},
    ),
    "precision_recall": Row(evaluation.precision_recall, REFERENCE, {"real": CLOUD, "fake": CLOUD, "k": [*SIZE, 10]}),
    "density_coverage": Row(evaluation.density_coverage, REFERENCE, {"real": CLOUD, "fake": CLOUD, "k": [*SIZE, 10]}),
    "different_bins": Row(
        evaluation.different_bins, REFERENCE | {"bins": 3},
        {"real": CLOUD, "fake": CLOUD, "bins": [*SIZE, 11], "significance": number(-1.0), "seed": COUNT},
    ),
    "nearest": Row(
        evaluation.nearest, {"points": POINTS, "training": POINTS}, {"points": CLOUD, "training": CLOUD}
    ),
    "memorisation": Row(
        evaluation.memorisation, {"fake_distances": np.ones(3), "real_distances": np.ones(3)},
        {"fake_distances": DISTANCES, "real_distances": DISTANCES},
    ),
    "modes_covered": Row(
        evaluation.modes_covered, {"samples": POINTS, "centres": POINTS, "std": 0.1},
        {"samples": CLOUD, "centres": CLOUD, "std": number(0.0, -1.0)},
    ),
    "evaluate": Row(
        evaluation.evaluate,
        {"samples": of((20, 28, 28, 1)), "training": of((40, 28, 28, 1)), "short": True},
        {"samples": ["a", None, 3, of((20, 8, 8, 1)), of((0, 28, 28, 1)), of((20, 28, 28, 1)) * nan],
         "training": ["unheard-of", 3, None, "", NOTHING, of((40, 8, 8, 1)), "subset"], "short": FLAG},
        "evaluate|classifier",
    ),
    "format_table": Row(evaluation.format_table, {"rows": []}, {"rows": [3, None, "a", [3], [("a", (1.0,), (1.0,))]]}),
    "shipped_distances": Row(evaluation.shipped_distances, {}, {"training": WORD}),
    "short_table": Row(
        evaluation.short_table, {"model": FAKE_MODEL, "samples": 500},
        {"model": [3, None, "a"], "samples": [*SIZE, 7], "training": WORD, "seed": COUNT}, "short_table|evaluate",
    ),
}  # fmt: skip

PICTURES = of((20, 8, 8, 1))
WRONG_PICTURES = [
    "a",
    None,
    3,
    PICTURES[0],
    PICTURES[:0],
    PICTURES * nan,
    of((20, 5, 5, 1)),
    np.zeros((20, 8, 8, 1), int),
]
EVALUATION["evaluate_pictures"] = Row(
    evaluation.evaluate_pictures, {"samples": PICTURES, "originals": of((40, 8, 8, 1))},
    {"samples": WRONG_PICTURES, "originals": WRONG_PICTURES},
)  # fmt: skip
EVALUATION["picture_table"] = Row(
    evaluation.picture_table, {"model": FAKE_MODEL, "originals": PICTURES},
    {"model": [3, None, "a"], "originals": WRONG_PICTURES, "samples": SIZE, "seed": COUNT}, "picture_table|evaluate_pictures",
)  # fmt: skip
EVALUATION["mean_distance"] = Row(
    evaluation.mean_distance, {"points": POINTS},
    {"points": array(of((0, 2)), np.full((10, 2), nan), np.zeros(3), 3.0), "seed": COUNT},
)  # fmt: skip
EVALUATION["nearest_other"] = Row(
    evaluation.nearest_other, {"points": POINTS, "chosen": np.array([0, 1])},
    {"points": array(of((0, 2)), np.full((10, 2), nan), np.zeros(3), 3.0), "chosen": ["a", None, 3, np.array([99]), np.array([0.5])]},
)  # fmt: skip

GRADCHECK = {
    "GradientError": Row(gradcheck.GradientError, {"message": "wrong"}, {"message": [], "facts": []}),
    **{name: Row(
        lambda f, point, name=name, **how: getattr(gradcheck, name)(f, point, **({"order": 1} | how)),
        {"f": ops.tanh, "point": [0.5]},
        {
            "f": [*FUNCTION, lambda x: 3.0, lambda x: np.ones(2)], "point": ["a", None, 3, [1], np.float32([1.0]), [nan]],
            "order": [0, 3, 1.5, "a", None], "step": number(0.0, -1.0), "tolerance": number(-1.0), "seed": COUNT,
        }, "check_grad",
    ) for name in ("check_grad", "worst_errors")},
}  # fmt: skip

SHAPE = [*SHAPES[:5], "a", NOTHING]
DEVICE = ["unheard-of", 3, None, NOTHING]
BACKEND = {
    "seed": Row(mg.seed, {"value": 0}, {"value": COUNT}),
    "use": Row(mg.use, {"device": "cpu"}, {"device": DEVICE}),
    "on": Row(mg.on, {"device": "cpu"}, {"device": DEVICE}),
    "module": Row(backend.module, {"device": "cpu"}, {"device": [d for d in DEVICE if d is not None]}),
    "to_numpy": Row(mg.to_numpy, {"value": X}, {"value": ["a", None, WORDS, Dense]}),
    "to_device": Row(
        backend.to_device,
        {"array": X},
        {"array": ["a", None, Dense], "like": [3, "a"]},
        "to_device|to_numpy|module_of",
    ),
    "asarray": Row(backend.asarray, {"value": [1.0]}, {"value": ARRAY}),
    "zeros": Row(backend.zeros, {"shape": (2,)}, {"shape": SHAPE}),
    "normal": Row(backend.normal, {"shape": (2,)}, {"shape": SHAPE}),
    "uniform": Row(backend.uniform, {"shape": (2,)}, {"shape": SHAPE}),
    "share": Row(backend.share, {"rank": 0, "size": 2}, {"rank": [*COUNT, 2], "size": SIZE}),
    "module_of": Row(backend.module_of, {"array": X}, {"array": [3.0, "a", None, [1.0]]}),
    "is_array": Row(
        backend.is_array, {"value": X}, {"value": []}
    ),  # False is the right answer to anything else
    "cuda_status": Row(backend.cuda_status, {}, {}),
    "synchronize": Row(backend.synchronize, {}, {}),
    "DeviceError": Row(backend.DeviceError, {}, {}),
}

VARIABLE = mg.Tensor([1.0, 2.0])
RESULT = (VARIABLE * VARIABLE).sum()
AUTOGRAD = {
    "Tensor": Row(mg.Tensor, {"data": [1.0]}, {"data": [*ARRAY, VARIABLE]}),
    "grad": Row(
        mg.grad, {"y": RESULT, "xs": VARIABLE},
        {"y": [*TENSOR, VARIABLE, mg.Tensor(3)], "xs": [*TENSOR[:4], [VARIABLE, 3.0], mg.Tensor(2.0)],
         "g": ["a", of((2,)), WORDS, {}], "create_graph": FLAG, "allow_unconnected": FLAG},
    ),
    "primitive": Row(mg.primitive, {"forward": lambda x: x}, {"forward": FUNCTION}),
    "no_grad": Row(mg.no_grad, {}, {}),
    "as_matrix": Row(
        mg.as_matrix, {"f": lambda x: 2 * x, "shape": (2,)},
        {"f": [*FUNCTION, lambda x: x + 1, lambda x: "a"], "shape": ["a", None, 2.5, (2.5,), (-2,), NOTHING]},
        "as_matrix|to_numpy",
    ),
    "trace": Row(mg.trace, {"loss": RESULT}, {"loss": [*TENSOR, VARIABLE]}, "trace|grad"),
    "cast": Row(
        autograd.cast, {"x": X, "dtype": np.float64}, {"x": ARRAY, "dtype": ["a", int, 3, complex, NOTHING]}
    ),
}  # fmt: skip

AUTOGRAD["graph"] = Row(
    lambda y, limit=9, x=VARIABLE: mg.graph(y, limit=limit, x=x), {"y": RESULT},
    {"y": TENSOR, "limit": SIZE, "x": [3, "a", None, NOTHING]}, "graph",
)  # fmt: skip

ROWS: dict[str, Row] = {
    f"{module}.{name}": row
    for module, rows in {
        "ops": OPS, "layers": LAYERS, "losses": LOSSES, "optimizers": OPTIMIZERS, "models": MODELS, "data": DATA,
        "training": TRAIN, "evaluation": EVALUATION, "gradcheck": GRADCHECK, "backend": BACKEND, "autograd": AUTOGRAD,
    }.items()
    for name, row in rows.items()
}  # fmt: skip

#: what other modules of the package call, and nobody else: it is given what they have checked
INSIDE = {
    "autograd.Primitive",  # primitive, as a class
    "autograd.ancestors",
    "backend.replaceable", "backend.register", "backend.shaped", "backend.is_numeric", "backend.at_most", "backend.fill_blocks",
    "backend.scatter_add",
    "optimizers.update_all", "optimizers.clipped", "optimizers.warm_up",
    "optimizers.move_average",  # update_ema by its old name
}  # fmt: skip

#: arguments of which any value will do
FREE = {
    "gradcheck.GradientError": {"message", "facts"},
    "training.fit": {"renamed"},
    "backend.is_array": {"value"},
    "backend.module": {"who"},
    "backend.asarray": {"who", "name"},
}
