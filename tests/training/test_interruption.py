"""Signals: each of three ends a training after its step, and what was ignored before stays ignored."""

import signal

import pytest
from training_tools import Regression, batches

from minigan.training import Training, load_checkpoint
from minigan.training.interruption import SIGNALS, signals_noted


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_each_signal_is_noted_once_and_the_next_does_what_it_did_before(number):
    came = []
    before = signal.signal(number, lambda *_: came.append(number))
    try:
        with signals_noted() as noted:
            assert noted() == 0
            signal.raise_signal(number)
            assert noted() == number and came == []
            signal.raise_signal(number)
            assert came == [number]
        signal.raise_signal(number)
        assert came == [number, number]
    finally:
        signal.signal(number, before)


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals_noted() as noted:
            signal.raise_signal(signal.SIGINT)
            assert noted() == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("step", [1, 5, 7, 10])
def test_the_with_block_ends_after_the_step_with_the_checkpoint_saved(tmp_path, step):
    model = Regression(at={step: lambda: signal.raise_signal(signal.SIGTERM)})
    with Training(model, batches(), 2, tmp_path) as training:
        for epoch in training.epochs():
            for batch in training.batches(epoch):
                training.log(model.train_step(batch))
    assert training.interrupted == signal.SIGTERM and len(model.seen) == step
    assert load_checkpoint(Regression(), tmp_path / "checkpoint.npz")["step"] == step


def test_a_signal_between_two_epochs_ends_it_there(tmp_path):
    model = Regression()
    with Training(model, batches(), 3, tmp_path) as training:
        for epoch in training.epochs():
            for batch in training.batches(epoch):
                training.log(model.train_step(batch))
            signal.raise_signal(signal.SIGINT)
    assert training.interrupted == signal.SIGINT and len(model.seen) == 5
    assert load_checkpoint(Regression(), tmp_path / "checkpoint.npz")["epoch"] == 1


def looped(out, log, leave):
    model = Regression()
    with Training(model, batches(), 1, out) as training:
        for epoch in training.epochs():
            for batch in training.batches(epoch):
                metrics = model.train_step(batch)
                if log:
                    training.log(metrics)
                if leave:
                    break


def test_a_loop_that_forgets_to_log_or_leaves_an_epoch_early_is_told_so(tmp_path):
    with pytest.raises(RuntimeError, match="once after every batch"):
        looped(tmp_path / "a", log=False, leave=False)
    with pytest.raises(RuntimeError, match="before all of its batches were logged"):
        looped(tmp_path / "b", log=True, leave=True)
    looped(tmp_path / "c", log=True, leave=False)
