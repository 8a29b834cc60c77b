"""What the tests of training share: a small model with everything that a checkpoint must keep, and its history."""

import signal

import numpy as np

import minigan as mg
from minigan import backend
from minigan.autograd import grad
from minigan.data import Batches
from minigan.layers import BatchNormalization, Dense, Dropout, Sequential, Tanh
from minigan.losses import mean_squared_error
from minigan.optimizers import SGD, Adam
from minigan.training import fit, read_history

EXAMPLES = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
STEPS = 5  # in an epoch


def batches():
    return Batches(EXAMPLES, batch_size=8, seed=3)


class Regression:
    """x -> x through a bottleneck, with everything that must survive: slots of two optimizers, running
    statistics, dropout and noise from the generator.

    at  step number -> what happens in that step
    """

    def __init__(self, at=None, features=3):
        mg.seed(5)
        self.encoder = Sequential(
            Dense(features, 4), BatchNormalization(4, momentum=0.8), Tanh(), Dropout(0.3)
        )
        self.decoder = Dense(4, features)
        self.networks = {"encoder": self.encoder, "decoder": self.decoder}
        self.optimizers = {
            "encoder": Adam(self.encoder.parameters(), 0.01),
            "decoder": SGD(self.decoder.parameters(), 0.05, momentum=0.9),
        }
        self.at = at or {}
        self.seen = []  # the batches

    def train_step(self, x):
        self.seen.append(x)
        loss = mean_squared_error(
            self.decoder(self.encoder(x, training=True)), x + backend.normal(x.shape) * 0.1
        )
        weights = [self.encoder.parameters(), self.decoder.parameters()]
        gradients = grad(loss, [*weights[0], *weights[1]])
        self.optimizers["encoder"].step(gradients[: len(weights[0])])
        self.optimizers["decoder"].step(gradients[len(weights[0]) :])
        happening = self.at.get(len(self.seen))
        return (happening and happening()) or {"loss": loss.data, "half": loss.data / 2}


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def everything(model):
    """All bits that the next step depends on."""
    parts = [*model.networks.items(), *model.optimizers.items()]
    return [
        [(name, key, array.tobytes()) for name, part in parts for key, array in part.state().items()],
        backend.generator.bit_generator.state,
    ]


def history(folder):
    """The rows without the column that measures time."""
    return [
        {name: number for name, number in row.items() if name != "seconds"}
        for row in read_history(folder / "history.csv")
    ]


def straight(folder, epochs=4, log_every=2):
    model = Regression()
    assert fit(model, batches(), epochs, folder, log_every=log_every) is True
    return model, everything(model), history(folder)
