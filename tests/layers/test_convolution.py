"""Networks of convolutions: with batch normalization, and under a gradient penalty."""

import re

import numpy as np
import pytest
from layer_tools import check_layer, check_weights, in_float64, randomised

import minigan as mg
from minigan.autograd import ancestors, grad
from minigan.gradcheck.strategies import normal
from minigan.layers import (
    ELU,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    LeakyReLU,
    Sequential,
    Tanh,
)
from minigan.losses import gradient_penalty, r1_penalty
from minigan.ops.convolution import convolution_kernel_gradient


def float64(network, seed=0):
    """The network with normal weights in float64, small enough that nothing saturates."""
    state = in_float64(network).state()
    network.load_state({k: 0.5 * normal([seed, i], a.shape) for i, (k, a) in enumerate(state.items())})
    return network


def made_by(result):
    """The names of all primitives that a result was computed with."""
    return [t.recipe[0].name for t in ancestors(result) if t.recipe]


# --- Convolution and batch normalization -------------------------------------------------------------


def test_batch_normalization_of_images_is_that_of_all_their_pixels():
    images, pixels = (randomised(BatchNormalization(3), np.float64) for _ in range(2))
    x = normal(0, (4, 5, 2, 3))
    for training in (True, False):
        y = images(x, training).data
        np.testing.assert_allclose(y.reshape(-1, 3), pixels(x.reshape(-1, 3), training).data, rtol=1e-12)
    for name, buffer in images.state().items():
        np.testing.assert_allclose(buffer, pixels.state()[name], rtol=1e-12)
        assert buffer.shape == (3,)
    assert len(images.parameters()) == 2


def test_batch_normalization_of_images_refuses_other_channels_by_name():
    with pytest.raises(ValueError, match=r"BatchNormalization\(3\) got an input of shape \(4, 5, 2, 1\)"):
        BatchNormalization(3)(np.zeros((4, 5, 2, 1)), training=True)


@pytest.mark.parametrize("training", [False, True])
def test_a_stack_of_convolutions_is_right_to_second_order(training):
    network = Sequential(
        Conv2DTranspose(2, 2, (2, 3), strides=2, padding="same"),
        BatchNormalization(2),
        ELU(),
        Conv2D(2, 1, (3, 2), strides=(2, 1), padding="same"),
        Tanh(),
        GlobalAveragePooling2D(),
    )
    check_layer(randomised(network, np.float64), normal(0, (2, 2, 3, 2)), training=training)


def test_state_names_shapes_and_round_trip():
    def network():
        return Sequential(Conv2D(1, 2, (3, 2)), BatchNormalization(2), Conv2DTranspose(2, 3, 4, strides=2))

    first, second = randomised(network()), network()
    assert {name: a.shape for name, a in first.state().items()} == {
        "layers.0.kernel": (3, 2, 1, 2),
        "layers.0.bias": (2,),
        "layers.1.gamma": (2,),
        "layers.1.beta": (2,),
        "layers.1.moving_mean": (2,),
        "layers.1.moving_variance": (2,),
        "layers.2.kernel": (4, 4, 3, 2),
        "layers.2.bias": (3,),
    }
    second.load_state(first.state())
    x = normal(0, (2, 5, 4, 1)).astype(np.float32)
    np.testing.assert_array_equal(first(x).data, second(x).data)
    with pytest.raises(ValueError, match="layers.0.kernel has shape"):
        second.load_state(first.state() | {"layers.0.kernel": np.zeros((3, 3, 1, 2))})


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv2D(1, 2, 3), "Conv2D(1, 2, (3, 3))"),
        (Conv2D(1, 2, (3, 2), (2, 1), "same"), "Conv2D(1, 2, (3, 2), strides=(2, 1), padding='same')"),
        (Conv2DTranspose(3, 2, 4, 2, 1), "Conv2DTranspose(3, 2, (4, 4), strides=(2, 2), padding=1)"),
    ],
)
def test_repr_says_what_was_asked_for(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize("kind", [Conv2D, Conv2DTranspose])
@pytest.mark.parametrize("shape", [(2, 5, 5, 3), (5, 5, 2), (2, 5), ()])
def test_images_that_do_not_fit_are_refused_by_the_layer(kind, shape):
    with pytest.raises(ValueError, match=rf"{kind.__name__}\(2, 3.*shape {re.escape(str(shape))}, expected"):
        kind(2, 3, 3)(np.zeros(shape, np.float32))


# --- Gradient penalties through convolutions ---------------------------------------------------------


def discriminator(activation):
    return float64(
        Sequential(
            Conv2D(1, 3, 3, strides=2, padding="same"),
            activation,
            Conv2D(3, 2, (2, 3), padding="same"),
            activation,
            Flatten(),
            Dense(12, 1),
        )
    )


def penalty_of(kind, network):
    real, fake = normal(10, (2, 4, 5, 1)), normal(11, (2, 4, 5, 1))
    if kind == "r1":
        return r1_penalty(network, real)
    mg.seed(3)  # the same points between real and fake every time
    return gradient_penalty(network, real, fake)


@pytest.mark.usefixtures("few_directions")
@pytest.mark.parametrize("kind", ["wgan-gp", "r1"])
@pytest.mark.parametrize("activation", [Tanh(), LeakyReLU(0.2)], ids=repr)
def test_penalties_through_a_convolutional_discriminator_are_right_in_every_weight(kind, activation):
    """That gradient is a second derivative of the discriminator; smooth ones are checked to the third."""
    step = 1e-3 if isinstance(activation, Tanh) else 1e-5  # LeakyReLU has kinks: keep clear of them
    network = discriminator(activation)
    check_weights(lambda: penalty_of(kind, network), network, order=1 + (step == 1e-3), step=step)


class Calls:
    """Counts the calls of a primitive's forward."""

    def __init__(self, monkeypatch, op):
        self.count, forward = 0, op.forward

        def counting(*args, **keywords):
            self.count += 1
            return forward(*args, **keywords)

        monkeypatch.setattr(op, "forward", counting)

    def during(self, f):
        before = self.count
        result = f()
        return result, self.count - before


@pytest.mark.parametrize("kind", ["wgan-gp", "r1"])
def test_the_inner_gradient_of_a_penalty_computes_no_kernel_gradient(kind, monkeypatch):
    network = discriminator(LeakyReLU())
    calls = Calls(monkeypatch, convolution_kernel_gradient)
    penalty, inside = calls.during(lambda: penalty_of(kind, network))
    assert inside == 0
    assert "convolution_kernel_gradient" not in made_by(penalty)
    weights = network.parameters()
    gradients, outside = calls.during(lambda: grad(penalty, weights, allow_unconnected=True))
    assert outside >= 2  # one for each of the two kernels at least
    assert all(np.any(g) for g, w in zip(gradients, weights, strict=True) if w.ndim > 1)


def test_training_with_a_penalty_brings_the_slopes_to_one():
    """A hundred steps on the penalty alone: ‖∇D‖ ends near 1 between real and fake."""
    network = discriminator(LeakyReLU())
    real, fake = normal(10, (8, 4, 5, 1)), normal(11, (8, 4, 5, 1))
    optimizer = mg.optimizers.Adam(network.parameters(), learning_rate=0.02)
    first = float(gradient_penalty(network, real, fake))
    for _ in range(100):
        loss = gradient_penalty(network, real, fake)
        optimizer.step(grad(loss, network.parameters(), allow_unconnected=True))
    assert float(loss) < 0.05 < first
