"""Warnings: each is given once, when its numbers have been bad for long enough, and not to a healthy run."""

import numpy as np
import pytest

import minigan as mg
from minigan.data import Batches, load_mnist
from minigan.models import MLPGAN
from minigan.models.gan import diagnostics
from minigan.training import fit
from minigan.training.monitor import CONDITIONS, STEPS, Monitor

HEALTHY = {"d_accuracy": 0.7, "g_gradient": 0.1, "diversity": 0.95, "d_loss": 1.3}
SICK = {  # the first words of a warning -> the numbers that call for it
    "D wins": {"d_accuracy": 0.995},
    "G learns nothing": {"g_gradient": 0.0009},
    "D is left behind": {"d_accuracy": 0.1},
    "G repeats itself": {"diversity": 0.4},
}


def history(*parts, every=50):
    """Rows every few steps, from (number of steps, numbers that differ from those of a healthy run)."""
    rows, step = [], 0
    for steps, numbers in parts:
        for _ in range(steps // every):
            step += every
            rows.append({"step": step, "epoch": 1} | HEALTHY | numbers)
    return rows


def told(rows, monitor=None):
    """[(step, first words of the warning)]"""
    monitor = monitor or Monitor()
    return [(row["step"], text.split(":")[0]) for row in rows for text in monitor(row)]


def test_there_is_a_sick_history_for_every_warning():
    assert list(SICK) == [condition.warning.split(":")[0] for condition in CONDITIONS]


@pytest.mark.parametrize("words", SICK)
@pytest.mark.parametrize("every", [10, 50, 200])
def test_it_is_given_once_after_200_sick_steps(words, every):
    rows = history((400, {}), (800, SICK[words]), (400, {}), (800, SICK[words]), every=every)
    assert told(rows) == [(400 + STEPS, words)]


@pytest.mark.parametrize("words", SICK)
def test_one_good_row_starts_the_count_anew(words):
    sick = SICK[words]
    assert told(history((400, {}), (150, sick), (50, {}), (150, sick))) == []
    assert told(history((400, {}), (150, sick), (50, {}), (200, sick))) == [(800, words)]


def test_a_healthy_history_gets_no_warning():
    assert told(history((5000, {}))) == []
    edge = {"d_accuracy": 0.99, "g_gradient": 0.001, "diversity": 0.5}  # on the limit is not beyond it
    assert told(history((400, {}), (5000, edge))) == []


def test_the_small_gradient_is_compared_with_the_first_one():
    assert told(history((50, {"g_gradient": 1.0}), (500, {"g_gradient": 0.009}))) == [
        (250, "G learns nothing")
    ]
    assert told(history((500, {"g_gradient": 0.009}))) == []


def test_several_warnings_at_once_and_none_for_numbers_that_are_not_there():
    both = SICK["D wins"] | SICK["G repeats itself"]
    assert told(history((500, both))) == [(200, "D wins"), (200, "G repeats itself")]
    assert told([{"step": step, "loss": 0.0} for step in range(50, 1000, 50)]) == []


def test_a_warning_says_for_how_long():
    assert "for 100 steps" in next(iter(Monitor(steps=100)({"step": 100} | HEALTHY | {"d_accuracy": 1.0})))


# --- In a training -----------------------------------------------------------------------------------


class Scripted:
    """A model that reports the numbers of a list, whatever the batch."""

    def __init__(self, rows):
        self.networks, self.optimizers, self.rows = {}, {}, iter(rows)

    def train_step(self, batch):
        return next(self.rows)


def test_fit_prints_each_warning_once_also_across_an_interruption(tmp_path, capsys):
    sick = {"d_accuracy": 1.0, "diversity": 0.9}
    batches = Batches(np.zeros((300, 1), np.float32), 1)
    fit(Scripted([sick] * 300), batches, 1, tmp_path, monitor=Monitor())
    fit(Scripted([sick] * 300), batches, 2, tmp_path, resume=True, monitor=Monitor())
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1 and "D wins: its accuracy has been above 99 % for 200 steps" in warnings[0]


@pytest.mark.parametrize(("d_rate", "words"), [(2.5e-3, []), (1e-30, ["G learns nothing"])])
def test_the_mlp_gan_gets_no_warning_unless_its_discriminator_stands_still(d_rate, words, tmp_path, capsys):
    images, _ = load_mnist()
    mg.seed(1)
    model = MLPGAN(learning_rates=(5e-3, d_rate))
    fit(model, Batches(images[:1760], 8), 1, tmp_path, monitor=Monitor(), log_every=5)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    found = {line.split(": ")[1] for line in said} - {"D is left behind"}  # that hangs on its first weights
    assert found == set(words)


# --- The numbers --------------------------------------------------------------------------------------


def test_the_diagnostics_of_three_images_counted_by_hand():
    real, fake = np.array([[0.0], [2.0], [4.0]]), np.array([[1.0], [1.0], [4.0]])
    g = np.array([[1.0], [-2.0], [2.0]]) / 3
    found = diagnostics(real, fake, np.array([[1.0], [2.0], [-1.0]]), np.array([[-1.0], [3.0], [0.5]]), g)
    assert found["d_accuracy"] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert found["g_gradient"] == pytest.approx(np.sqrt((1 + 4 + 4) / 3))  # of the losses of single images
    assert found["diversity"] == pytest.approx(np.sqrt(2 / (8 / 3)))


def test_the_diagnostics_at_their_ends():
    x, ones = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32), np.ones((50, 1), np.float32)
    wins = diagnostics(x, x, ones, -ones, 0 * x)
    assert (wins["d_accuracy"], wins["g_gradient"], wins["diversity"]) == (1, 0, pytest.approx(1))
    fooled = diagnostics(x, x[:1].repeat(50, axis=0), -ones, ones, x)
    assert (fooled["d_accuracy"], fooled["diversity"]) == (0, pytest.approx(0, abs=1e-6))
    assert all(number.dtype == np.float32 for number in (*wins.values(), *fooled.values()))
