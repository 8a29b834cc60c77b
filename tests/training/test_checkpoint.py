"""Checkpoints: they bring back everything, appear whole or not at all, and what is none is refused by name."""

import json
import os

import numpy as np
import pytest
from training_tools import Regression, batches, everything

import minigan as mg
from minigan.data import Batches
from minigan.models import MLPGAN, storage
from minigan.training import fit, load_checkpoint, new_position, save_checkpoint


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)


def test_a_checkpoint_brings_back_everything(tmp_path):
    model, twin = Regression(), Regression()
    for x in batches().epoch(0):
        model.train_step(x)
    save_checkpoint(model, tmp_path / "a.npz")
    expected = everything(model)
    mg.seed(99)
    position = load_checkpoint(twin, tmp_path / "a.npz")
    assert everything(twin) == expected
    assert position == new_position()
    assert os.listdir(tmp_path) == ["a.npz"]


@pytest.mark.parametrize("culprit", ["write_array", "replace", "fsync"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one_valid(tmp_path, monkeypatch, culprit, error):
    path = tmp_path / "checkpoint.npz"
    model = Regression()
    save_checkpoint(model, path)
    expected, content = everything(model), path.read_bytes()
    for x in batches().epoch(0):
        model.train_step(x)

    def fail(*args, **keywords):
        if culprit == "write_array":
            args[0].write(b"half a file")
        raise error

    monkeypatch.setattr(np.lib.format if culprit == "write_array" else os, culprit, fail)
    with pytest.raises(type(error)):
        save_checkpoint(model, path)
    monkeypatch.undo()
    assert path.read_bytes() == content
    twin = Regression()
    load_checkpoint(twin, path)
    assert everything(twin) == expected
    save_checkpoint(model, path)  # and the next one is written over the ruins
    load_checkpoint(twin, path)
    assert everything(twin) == everything(model)


def write_npz(path, **arrays):
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def header(**changes):
    facts = {"format": storage.FORMAT, "position": new_position(), "generator": {}}
    return text(json.dumps(facts | changes))


def text(header):
    """A header as it is in the file."""
    return np.frombuffer(header.encode(), np.uint8)


FOREIGN = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no checkpoint\n" * 100),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-400]),
    "beginning only": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "one byte flipped": lambda path: flip_a_byte(path),
    "no header": lambda path: write_npz(path, weights=np.ones(3)),
    "header is no JSON": lambda path: write_npz(path, header=text("{")),
    "header is a list": lambda path: write_npz(path, header=text("[1, 2]")),
    "header says too little": lambda path: write_npz(path, header=text('{"format": 2}')),
    "format 1": lambda path: write_npz(path, header=np.array('{"format": 1}')),
    "another format": lambda path: write_npz(path, header=header(format=99)),
    "no weights": lambda path: write_npz(path, header=header()),
    "one array": lambda path: np.save(open(path, "wb"), np.ones(3)),  # noqa: SIM115
    "pickle": lambda path: write_npz(path, header=np.array([{"format": 1}], dtype=object)),
}


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    place = content.index(b"layers.0.kernel.npy") + 19 + 128 + 8  # inside the numbers of the first kernel
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("spoil", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_no_checkpoint_is_refused_and_named(tmp_path, spoil):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(Regression(), path)
    spoil(path)
    model = Regression()
    expected = everything(model)
    with pytest.raises(ValueError, match=r"checkpoint\.npz"):
        load_checkpoint(model, path)
    assert everything(model) == expected
    with pytest.raises(ValueError, match=r"checkpoint\.npz"):
        fit(model, batches(), 1, tmp_path, resume=True)


def test_the_checkpoint_of_another_model_is_refused_and_the_part_named(tmp_path):
    save_checkpoint(Regression(features=2), tmp_path / "checkpoint.npz")
    with pytest.raises(ValueError, match=r"checkpoint\.npz: .*encoder/layers\.0\.kernel"):
        load_checkpoint(Regression(), tmp_path / "checkpoint.npz")


def test_nothing_to_resume_is_an_error_in_words(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*checkpoint\.npz"):
        fit(Regression(), batches(), 1, tmp_path, resume=True)


POSITIONS = [
    None,
    [],
    {},
    {"step": -1},
    {"step": 1.5},
    {"epoch": True},
    {"epoch": None},
    {"seconds": 10**400},
    {"epoch": 10**9},
    {"step": 10**400, "step_in_epoch": 10**400},
    {"step": 5},
    {"step": 5, "step_in_epoch": 6},
    {"sums": []},
    {"sums": {"loss": 10**400}, "counts": {"loss": 1}, "step": 5, "step_in_epoch": 5},
    {"counts": {"loss": 9}, "sums": {"loss": 1.0}, "step": 5, "step_in_epoch": 5},
    {"more": 1},
    {"seconds": -1.0},
    {"sums": {"loss": 1.0}},
    {"counts": {"loss": 1}},
    {"sums": {"loss": "x"}, "counts": {"loss": 1}},
    {"sums": {"loss": 1.0}, "counts": {"loss": 0}},
]


def spoiled(path, **changes):
    """Write the checkpoint again with these changes of its header."""
    with np.load(path) as file:
        arrays = dict(file)
    facts = json.loads(bytes(arrays.pop("header")))
    write_npz(path, header=text(json.dumps(facts | changes)), **arrays)


@pytest.mark.parametrize("change", POSITIONS, ids=str)
def test_a_position_that_cannot_be_is_refused_and_nothing_is_changed(tmp_path, change):
    path, model = tmp_path / "checkpoint.npz", Regression()
    for x in batches().epoch(0):
        model.train_step(x)
    save_checkpoint(model, path)
    spoiled(path, position=new_position() | change if change else change)
    fresh = Regression()
    expected = everything(fresh)
    with pytest.raises(ValueError, match=r"checkpoint\.npz .*position"):
        load_checkpoint(fresh, path)
    assert everything(fresh) == expected


def pcg64(**changes):
    numbers = {name: changes.pop(name) for name in ("state", "inc") if name in changes}
    state = np.random.default_rng(0).bit_generator.state
    return state | {"state": state["state"] | numbers} | changes


@pytest.mark.parametrize(
    "generator",
    [None, {}, 3, [], {"bit_generator": "MT19937"}, {"bit_generator": "PCG64", "state": None},
     pcg64(state=10**400), pcg64(state=-1), pcg64(state=1.5), pcg64(state="1"), pcg64(inc=2**128), pcg64(inc=4),
     pcg64(has_uint32=2**70), pcg64(uinteger=-1), pcg64(uinteger=2**40), pcg64(more=1)],
)  # fmt: skip
def test_a_random_generator_that_cannot_be_is_refused_and_nothing_is_changed(tmp_path, generator):
    path, model = tmp_path / "checkpoint.npz", Regression()
    for x in batches().epoch(0):
        model.train_step(x)
    save_checkpoint(model, path)
    spoiled(path, generator=generator)
    fresh = Regression()
    expected = everything(fresh)
    with pytest.raises(ValueError, match=r"checkpoint\.npz"):
        load_checkpoint(fresh, path)
    assert everything(fresh) == expected


def test_a_part_that_refuses_its_state_late_leaves_the_others_as_they_were(tmp_path, monkeypatch):
    path, model = tmp_path / "checkpoint.npz", Regression()
    for x in batches().epoch(0):
        model.train_step(x)
    save_checkpoint(model, path)
    fresh = Regression()
    expected, optimizer = everything(fresh), fresh.optimizers["decoder"]
    original = optimizer.load_state

    def load_state(state):
        if int(state["steps"]):
            raise ValueError("not these")
        original(state)

    monkeypatch.setattr(optimizer, "load_state", load_state)
    with pytest.raises(ValueError, match=r"checkpoint\.npz does not fit this model: not these"):
        load_checkpoint(fresh, path)
    assert everything(fresh) == expected


def test_the_settings_of_another_model_are_noticed(tmp_path):
    path = tmp_path / "checkpoint.npz"
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=3)
    save_checkpoint(model, path)
    twin = MLPGAN(image_shape=(4, 4, 1), latent_size=3)
    load_checkpoint(twin, path)
    other = MLPGAN(image_shape=(4, 4, 1), latent_size=3, r1_weight=7.0)
    with pytest.raises(ValueError, match=r"checkpoint\.npz does not fit this model: it has settings "):
        load_checkpoint(other, path)


def test_a_checkpoint_of_other_batches_is_not_resumed(tmp_path):
    fit(Regression(), batches(), 1, tmp_path)
    with pytest.raises(
        ValueError, match=r"checkpoint\.npz was made with other batches than these, 4 in an epoch"
    ):
        fit(Regression(), Batches(np.zeros((40, 3), np.float32), 10), 2, tmp_path, resume=True)


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_a_number_that_is_none_is_refused_by_name(tmp_path, number):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(Regression(), path)
    with np.load(path) as file:
        arrays = dict(file)
    facts = bytes(arrays.pop("header")).decode().replace('"seconds": 0.0', f'"seconds": {number}')
    assert number in facts
    write_npz(path, header=text(facts), **arrays)
    with pytest.raises(ValueError, match=r"checkpoint\.npz"):
        load_checkpoint(Regression(), path)


def test_a_sum_that_is_not_finite_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "checkpoint.npz"
    position = new_position() | {"step": 1, "step_in_epoch": 1, "sums": {"loss": np.float32("inf")}}
    with pytest.raises(FloatingPointError, match="loss is not finite: training has diverged"):
        save_checkpoint(Regression(), path, position | {"counts": {"loss": 1}})
    assert list(tmp_path.iterdir()) == []
