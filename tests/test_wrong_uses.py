"""Wrong uses: each ends at once in one sentence that names who speaks, what came, and what was expected.

The table is in wrong_uses.py; a public name without a row in it fails here.
"""

import inspect
import re
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest
from training_tools import Regression
from wrong_uses import FREE, INSIDE, ROWS, Row, number

import minigan
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
from minigan.training import save_checkpoint

MODULES = (ops, layers, losses, optimizers, models, data, training, evaluation, gradcheck, backend, autograd)
PACKAGE = Path(minigan.__file__).parent

#: one of these must be in a message: what was expected
EXPECTATION = re.compile(
    r"expect|must|\bbut\b|differ|does not|other sizes|could be there|not (linear|a Tensor|an array)|use y.sum\(\)|groups of|has sizes|has no|missing|only|\bneeds?\b"
)


def complaint(who, call, arguments):
    """Why the outcome of a wrong call is not what it should be; the empty string if it is."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            returned = call(**arguments)
    except Exception as error:  # noqa: BLE001 - which one is what is asked
        message, raised = str(error), Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        if PACKAGE not in raised.parents:
            return f"a bare {type(error).__name__} from {raised.name}: {message}"
        if "\n" in message or len(message) > 400:
            return f"not one sentence: {message}"
        if not re.match(rf"({who})\b", message):
            return f"does not name {who}: {message}"
        if not EXPECTATION.search(message):
            return f"does not say what was expected: {message}"
        return ""
    return f"accepted: {returned!r:.60}"


def wrong_calls(row):
    """(argument, value, all arguments) of every wrong use in a row."""
    for name, values in row.wrong.items():
        for value in values:
            yield name, value, row.valid | {name: value}


def shown(value):
    shape = getattr(value, "shape", None)
    return f"an array of shape {shape}" if isinstance(shape, tuple) and shape else f"{value!r:.50}"


def complaints(key, row):
    who = row.who or key.split(".", 1)[1]
    found = [
        (name, value, complaint(who, row.call, arguments)) for name, value, arguments in wrong_calls(row)
    ]
    return [f"{key}({name}={shown(value)}): {what}" for name, value, what in found if what]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_checkpoint(Regression(), "saved.npz")
    (tmp_path / "pictures").mkdir()
    device = backend._chosen
    yield
    backend._chosen = device


@pytest.mark.parametrize("key", ROWS)
def test_a_wrong_use_ends_in_one_sentence(key):
    assert complaints(key, ROWS[key]) == []


#: there are no pictures to load here, one would be downloaded, and the tables take long; all have tests of their own
ELSEWHERE = (
    "data.load_folder",
    "data.load_voxels",
    "data.load_fashion_mnist",
    "evaluation.short_table",
    "evaluation.picture_table",
)


@pytest.mark.parametrize("key", [key for key in ROWS if key not in ELSEWHERE])
def test_the_use_that_the_others_differ_from_is_right(key):
    with np.errstate(all="ignore"):
        ROWS[key].call(**ROWS[key].valid)


# --- Nothing is left out -------------------------------------------------------------------------------


def public(modules):
    """module.name -> every callable that the modules promise, by __all__ or by a name without an underscore."""
    found = {}
    for module in modules:
        names = getattr(module, "__all__", None) or [
            name for name, f in vars(module).items()
            if not name.startswith("_") and getattr(f, "__module__", None) == module.__name__
            or isinstance(f, autograd.Primitive) and f.plain.__module__ == module.__name__
        ]  # fmt: skip
        short = module.__name__.removeprefix("minigan.")
        found |= {
            f"{short}.{name}": getattr(module, name) for name in names if callable(getattr(module, name))
        }
    return found


def missing(names, rows):
    """What of the public callables, and of their arguments, has no row and no wrong value."""
    found = []
    for key, f in names.items():
        if key in INSIDE:
            continue
        if key not in rows:
            found.append(key)
            continue
        try:
            arguments = set(inspect.signature(getattr(f, "plain", f)).parameters)
        except ValueError:  # an exception of Python's kind
            arguments = set()
        row = rows[key]
        if row.who != key.split(".")[1] and not row.who:
            nothing_wrong = {a for a in arguments if not row.wrong.get(a)} - FREE.get(key, set())
            found += [f"{key}: {a}" for a in sorted(nothing_wrong)]
    return found


def test_every_public_name_and_argument_has_wrong_uses():
    names = public(MODULES)
    assert len(names) > 150
    assert missing(names, ROWS) == []
    cover = {name for name in minigan.__all__ if callable(getattr(minigan, name))}
    assert cover <= {key.split(".")[1] for key in ROWS}


def test_what_is_left_out_exists():
    assert set(public(MODULES)) >= INSIDE


# --- The walker objects --------------------------------------------------------------------------------


def too_kind(rate=0.5):
    return rate


def mute(rate=0.5):
    raise ValueError("wrong")


def bare(rate=0.5):
    return float(rate) + len(rate)


def test_a_callable_that_accepts_everything_or_says_nothing_is_noticed():
    for f in (too_kind, mute, bare):
        row = Row(f, {}, {"rate": number(-1.0)})
        assert len(complaints(f"here.{f.__name__}", row)) == len(row.wrong["rate"])
    good = Row(layers.Dropout, {}, {"rate": number(-1.0)})
    assert complaints("layers.Dropout", good) == []
    assert "does not name Dropping" in complaints("layers.Dropping", good)[0]


def test_a_new_public_name_or_argument_without_a_row_is_noticed():
    assert missing({"ops.cosh": too_kind}, ROWS) == ["ops.cosh"]
    assert missing({"ops.cosh": too_kind}, {"ops.cosh": Row(too_kind, {}, {})}) == ["ops.cosh: rate"]
    assert missing({"ops.cosh": too_kind}, {"ops.cosh": Row(too_kind, {}, {"rate": [None]})}) == []
