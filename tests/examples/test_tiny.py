"""tiny.py: its gradients and its training step are those of the package, and it draws itself."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigan as mg
from minigan import layers, ops
from minigan.models import GAN, gan

tiny = pytest.importorskip("tiny", reason="the examples are not installed beside the package")
FILE = Path(tiny.__file__)

# --- The gradients ------------------------------------------------------------------------------------

#: name -> how many operands, with tiny, with minigan
OPERATIONS = {
    "add": (2, lambda a, b: a + b, lambda a, b: a + b),
    "multiply": (2, lambda a, b: a * b, lambda a, b: a * b),
    "matmul": (2, lambda a, b: a @ b, lambda a, b: a @ b),
    "negative": (1, lambda a: -a, lambda a: -a),
    "transpose": (1, lambda a: a.T, lambda a: a.T),
    "scale": (1, lambda a: a * 0.5, lambda a: a * 0.5),
    "shift": (
        1,
        lambda a: a + np.array([[0.25], [-0.5], [0.125]]),
        lambda a: a + np.array([[0.25], [-0.5], [0.125]]),
    ),
    "leaky_relu": (1, tiny.leaky_relu, ops.leaky_relu),
    "sigmoid": (1, tiny.sigmoid, ops.sigmoid),
    "softplus": (1, tiny.softplus, ops.softplus),
}
#: what the graphs begin with: matrices, a row, a column and a number, which are repeated where they meet
SHAPES = [(3, 3), (3, 3), (1, 3), (3,), (3, 1), ()]


def build(kind, leaves, program):
    """A number, made from the leaves by a program: a list of (operation, numbers of its operands)."""
    values, total = list(leaves), tiny.total if kind == 1 else ops.sum
    for name, operands in program:
        arguments = [values[i % len(values)] for i in operands]
        if name in ("matmul", "transpose"):  # of matrices only
            arguments = [value if value.data.shape == (3, 3) else values[0] for value in arguments]
        values.append(OPERATIONS[name][kind](*arguments) * 0.7)
    return total(values[-1]) + total(values[-2] * values[-3])


def squares(tensors, total):
    """The sum of the squares of all their numbers."""
    first, *others = [total(t * t) for t in tensors]
    for number in others:
        first = first + number
    return first


def operands(name):
    count = OPERATIONS[name][0]
    return st.tuples(st.just(name), st.lists(st.integers(0, 99), min_size=count, max_size=count))


@given(
    program=st.lists(st.sampled_from(sorted(OPERATIONS)).flatmap(operands), max_size=9),
    seed=st.integers(0, 999),
)
def test_the_gradients_of_random_graphs_are_those_of_the_package_at_both_orders(program, seed):
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(-1, 1, shape) for shape in SHAPES]
    ours, theirs = ([kind(np.array(a)) for a in arrays] for kind in (tiny.Tensor, mg.Tensor))
    y, expected = build(1, ours, program), build(2, theirs, program)
    np.testing.assert_allclose(y.data, expected.data, rtol=1e-12)

    first = tiny.grad(y, ours)
    expected = mg.grad(expected, theirs, create_graph=True, allow_unconnected=True)
    for g, e in zip(first, expected, strict=True):
        assert g.data.shape == e.shape
        np.testing.assert_allclose(g.data, e.data, rtol=1e-9, atol=1e-11)

    second = tiny.grad(squares(first, tiny.total), ours)
    expected = mg.grad(squares(expected, ops.sum), theirs, allow_unconnected=True)
    for g, e in zip(second, expected, strict=True):
        np.testing.assert_allclose(g.data, e, rtol=1e-8, atol=1e-10)


def test_only_what_lies_on_the_path_is_computed():
    def refuse(g):
        raise AssertionError("nobody asked for this gradient")

    x, w = tiny.Tensor(2.0), tiny.Tensor(3.0)
    y = tiny.Tensor(6.0, [(x, lambda g: g * w), (w, refuse)])
    assert [g.data for g in tiny.grad(y, [x])] == [3.0]
    with pytest.raises(AssertionError):
        tiny.grad(y, [w])


# --- The training step --------------------------------------------------------------------------------


def test_ten_training_steps_leave_the_weights_of_the_package(monkeypatch):
    rng, sizes = np.random.default_rng(0), {"G": [2, 8, 8, 2], "D": [2, 8, 8, 1]}
    ours, theirs = {}, {}
    for name, (a, b, c, d) in sizes.items():
        ours[name] = tiny.Network(sizes[name], rng)
        theirs[name] = layers.Sequential(
            layers.Dense(a, b), layers.LeakyReLU(), layers.Dense(b, c), layers.LeakyReLU(), layers.Dense(c, d)
        )
        theirs[name].astype(np.float64)
        for p, q in zip(ours[name].parameters, theirs[name].parameters(), strict=True):
            q.data = p.data.copy()
    g_adam, d_adam = (tiny.Adam(ours[name].parameters) for name in "GD")
    settings = {"learning_rates": (0.01, 0.01), "betas": (0.0, 0.99), "r1_weight": 0.1, "r1_every": 1}
    model = GAN(theirs["G"], theirs["D"], 2, **settings)
    for _ in range(10):
        x, z = rng.standard_normal((2, 16, 2))
        monkeypatch.setattr(gan, "normal", lambda shape, z=z: z)
        d_loss, g_loss = tiny.train_step(ours["G"], ours["D"], g_adam, d_adam, x, z, rate=0.01, gamma=0.1)
        expected = model.train_step(x)
        assert abs(g_loss - expected["g_loss"]) < 1e-9
        assert abs(d_loss - expected["d_loss"]) < 1e-9
    for name in "GD":
        for p, q in zip(ours[name].parameters, theirs[name].parameters(), strict=True):
            np.testing.assert_allclose(p.data, q.data, rtol=1e-6, atol=1e-9)


# --- The modes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        (tiny.CENTRES, 8),
        (np.repeat(tiny.CENTRES, 3, axis=0)[:-2], 8),  # the last one has a third of what the others have
        (np.repeat(tiny.CENTRES, 50, axis=0)[:-49], 7),
        (tiny.CENTRES[:3], 3),
        (tiny.CENTRES * 1.14, 8),
        (tiny.CENTRES * 1.16, 0),  # further than 3 std
        (np.zeros((9, 2)), 0),
    ],
    ids=["all", "one is rare", "one is too rare", "three", "beside", "too far", "in the middle"],
)
def test_a_mode_is_found_if_enough_samples_are_near(samples, found):
    assert tiny.modes(samples)[1] == found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_all_eight_modes_are_found(seed):
    assert run("--seed", str(seed)).splitlines()[-1].startswith("8 of 8 modes; ")


# --- The file and its picture -------------------------------------------------------------------------


def run(*flags):
    done = subprocess.run(
        [sys.executable, FILE, *flags],
        capture_output=True,
        check=True,
        timeout=300,
        text=True,
        env=os.environ | LIMITS,
    )
    return done.stdout


LIMITS = {"PYTHONPATH": "", "OPENBLAS_NUM_THREADS": "1"}  # the package is not needed


def test_the_file_has_at_most_200_lines_and_needs_numpy_only():
    source = FILE.read_text()
    assert len(source.splitlines()) <= 200
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    assert names - set(sys.stdlib_module_names) == {"numpy"}


def test_in_a_pipe_the_pictures_follow_each_other_in_plain_characters():
    text = run("--steps", "8")
    lines = text.splitlines()
    assert text.isascii() and "\x1b" not in text
    assert max(map(len, lines)) < 80
    assert [line.split(":")[0].strip() for line in lines if "loss" in line] == [
        "step 2",
        "step 4",
        "step 6",
        "step 8",
    ]
    assert " of 8 modes; " in lines[-1]


def test_in_a_terminal_each_picture_takes_the_place_of_the_last():
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, FILE, "--steps", "3"], stdout=follower, env=os.environ | LIMITS
    ) as process:
        os.close(follower)
        text = b""
        try:
            while piece := os.read(leader, 4096):
                text += piece
        except OSError:  # the other side is closed
            pass
    os.close(leader)
    assert process.returncode == 0
    first, *others = text.decode().split("\x1b[21A")
    assert len(others) == 2
    assert first.count("\n") == 21  # and so with the last line it fits into 24


def test_help_and_a_seed():
    assert "--seed" in run("--help")
    assert run("--steps", "2", "--seed", "1") == run("--steps", "2", "--seed", "1") != run("--steps", "2")
