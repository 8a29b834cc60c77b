"""The optimizers: steps worked by hand, twenty steps beside PyTorch, schedules, and averages of networks."""

import math

import numpy as np
import pytest
from device_tools import assert_agree, there
from hypothesis import given
from layer_tools import randomised

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.gradcheck.strategies import seeds
from minigan.layers import BatchNormalization, Dense, Sequential
from minigan.optimizers import (
    SGD,
    Adam,
    Optimizer,
    RMSprop,
    cosine_decay,
    linear_decay,
    move_average,
    update_ema,
    warm_up,
)

#: every optimizer in every mode: name -> (parameters) -> optimizer
MAKERS = {
    "SGD": lambda ps: SGD(ps, 0.1),
    "momentum": lambda ps: SGD(ps, 0.1, momentum=0.9),
    "Nesterov": lambda ps: SGD(ps, 0.1, momentum=0.9, nesterov=True),
    "RMSprop": lambda ps: RMSprop(ps, 0.01),
    "Adam": lambda ps: Adam(ps, 0.01),
    "Adam clipped": lambda ps: Adam(ps, 0.01, clip_norm=1.0),
}
every_optimizer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def steps(make, gradients, start, dtype=np.float64):
    """The parameter after each step along these gradients."""
    p = Tensor(np.array(start, dtype))
    optimizer, path = make([p]), []
    for g in gradients:
        optimizer.step([np.array(g, dtype)])
        path.append(p.data.copy())
    return np.array(path)


# --- Two steps worked by hand, from p = 1 along the gradients 2 and then -1 --------------------------


@pytest.mark.parametrize(
    ("make", "first", "second"),
    [
        (lambda ps: SGD(ps, 0.1), 1 - 0.2, 1 - 0.2 + 0.1),
        # v = -0.2, then 0.5 · -0.2 + 0.1 = 0
        (lambda ps: SGD(ps, 0.1, momentum=0.5), 1 - 0.2, 1 - 0.2 + 0),
        # p + μ v - η g: 1 - 0.1 - 0.2, then + 0.5 · 0 + 0.1
        (lambda ps: SGD(ps, 0.1, momentum=0.5, nesterov=True), 0.7, 0.8),
        # s = 0.25 · 4 = 1: p - 0.1 · 2/√(1 + 3);  s = 0.75 + 0.25 = 1: p + 0.1 · 1/√(1 + 3)
        (lambda ps: RMSprop(ps, 0.1, rho=0.75, epsilon=3.0), 0.9, 0.95),
        # m = 0.5 · 2 = 1, v = 0.25 · 4 = 1, η̂ = 0.1 √0.25/0.5 = 0.1: p - 0.1 · 1/(1 + 0.5)
        # m = 0.5 - 0.5 = 0: no step
        (lambda ps: Adam(ps, 0.1, beta_1=0.5, beta_2=0.75, epsilon=0.5), 1 - 0.1 / 1.5, 1 - 0.1 / 1.5),
        # m = 0.2 → v = 0.4, η̂ = 0.1 √0.1/0.1;  m = 0.18 - 0.1 = 0.08, v = 0.36 + 0.1, η̂ = 0.1 √0.19/0.19
        (
            lambda ps: Adam(ps, 0.1, beta_1=0.9, beta_2=0.9, epsilon=0.0),
            1 - 0.1 * 0.1**0.5 / 0.1 * 0.2 / 0.4**0.5,
            1 - 0.1 * 0.1**0.5 / 0.1 * 0.2 / 0.4**0.5 - 0.1 * 0.19**0.5 / 0.19 * 0.08 / 0.46**0.5,
        ),
    ],
    ids=["SGD", "momentum", "Nesterov", "RMSprop", "Adam", "Adam without epsilon"],
)
def test_two_steps_worked_by_hand(make, first, second):
    np.testing.assert_allclose(steps(make, [2.0, -1.0], 1.0), [first, second], rtol=1e-14)


def test_the_first_step_of_adam_has_the_length_of_the_learning_rate():
    moved = steps(lambda ps: Adam(ps, 0.01), [[5.0, -0.003, 1e4]], [0.0, 0, 0])
    np.testing.assert_allclose(moved[0], [-0.01, 0.01, -0.01], rtol=2e-3)


@every_optimizer
@given(seed=seeds)
def test_steps_follow_the_equations_of_the_docstring(make, seed):
    """The textbook form, one number at a time, against what runs in place, on whole arrays."""
    optimizer = make([Tensor([0.0])])
    gradients = np.random.default_rng(seed).normal(size=12)
    lr, p, v, m, expected = optimizer.learning_rate, 1.0, 0.0, 0.0, []
    for t, g in enumerate(gradients, 1):
        if isinstance(optimizer, SGD):
            v = optimizer.momentum * v - lr * g
            p += optimizer.momentum * v - lr * g if optimizer.nesterov else v
        elif isinstance(optimizer, RMSprop):
            v = optimizer.rho * v + (1 - optimizer.rho) * g * g
            p -= lr * g / math.sqrt(v + optimizer.epsilon)
        else:
            if optimizer.clip_norm:
                g *= min(1, optimizer.clip_norm / abs(g))
            b1, b2 = optimizer.beta_1, optimizer.beta_2
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            p -= lr * math.sqrt(1 - b2**t) / (1 - b1**t) * m / (math.sqrt(v) + optimizer.epsilon)
        expected.append(p)
    np.testing.assert_allclose(steps(make, gradients, 1.0), expected, rtol=1e-10)


# --- Beside PyTorch ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "peer"),
    [
        (lambda ps: SGD(ps, 0.1), lambda t, ps: t.SGD(ps, 0.1)),
        (lambda ps: SGD(ps, 0.1, momentum=0.9), lambda t, ps: t.SGD(ps, 0.1, momentum=0.9)),
        (
            lambda ps: SGD(ps, 0.1, momentum=0.9, nesterov=True),
            lambda t, ps: t.SGD(ps, 0.1, momentum=0.9, nesterov=True),
        ),
        # PyTorch adds ε outside the root, Keras inside: with a tiny ε they are the same
        (
            lambda ps: RMSprop(ps, 0.01, epsilon=1e-60),
            lambda t, ps: t.RMSprop(ps, 0.01, alpha=0.9, eps=1e-30),
        ),
        # PyTorch adds ε after dividing by √(1 - β₂ᵗ), this form before: with a tiny ε they are the same
        (lambda ps: Adam(ps, 0.01, epsilon=1e-30), lambda t, ps: t.Adam(ps, 0.01, eps=1e-30)),
        (
            lambda ps: Adam(ps, 2e-4, beta_1=0.5, beta_2=0.9, epsilon=1e-30),
            lambda t, ps: t.Adam(ps, 2e-4, betas=(0.5, 0.9), eps=1e-30),
        ),
    ],
    ids=["SGD", "momentum", "Nesterov", "RMSprop", "Adam", "Adam with other betas"],
)
def test_twenty_steps_agree_with_pytorch(make, peer):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=shape) for shape in ((3, 4), (4,), ())]
    ours = [Tensor(a.copy()) for a in map(np.asarray, starts)]
    theirs = [torch.tensor(a, requires_grad=True) for a in starts]
    optimizer, other = make(ours), peer(torch.optim, theirs)
    for _ in range(20):
        gradients = [rng.normal(size=a.shape) for a in map(np.asarray, starts)]
        optimizer.step([np.asarray(g) for g in gradients])
        for t, g in zip(theirs, gradients, strict=True):
            t.grad = torch.tensor(g)
        other.step()
    for p, t in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, t.detach().numpy(), rtol=1e-12)


def test_clipping_agrees_with_pytorch_where_it_clips_each_parameter_by_itself():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    p, t = Tensor(np.zeros((3, 4))), torch.zeros(3, 4, dtype=torch.float64, requires_grad=True)
    optimizer, other = Adam([p], 0.01, epsilon=1e-30, clip_norm=1.5), torch.optim.Adam([t], 0.01, eps=1e-30)
    for _ in range(10):
        g = rng.normal(size=(3, 4)) * rng.choice([0.1, 1, 10])
        optimizer.step([g])
        t.grad = torch.tensor(g)
        torch.nn.utils.clip_grad_norm_([t], 1.5)
        other.step()
    np.testing.assert_allclose(p.data, t.detach().numpy(), rtol=1e-5)  # PyTorch adds 1e-6 to the norm


# --- Shapes, chunks, memory --------------------------------------------------------------------------


@every_optimizer
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4)])
def test_parameters_of_any_shape(make, shape):
    p = Tensor(np.ones(shape))
    optimizer = make([p])
    for _ in range(2):
        optimizer.step([np.full(shape, 0.1)])
    assert p.shape == shape and (p.data < 1).all()


@every_optimizer
def test_the_gradient_of_a_scalar_parameter_can_be_a_numpy_scalar(make):
    p = Tensor(2.0)
    make([p]).step([grad(p * p, p)])
    assert p.shape == () and p.dtype == np.float32 and p.data < 2


LAYOUTS = {
    "transposed": lambda g: np.ascontiguousarray(g.T).T,
    "reversed": lambda g: np.ascontiguousarray(g[::-1])[::-1],
    "every other column": lambda g: np.repeat(g, 2, axis=1)[:, ::2],
    "read-only": lambda g: _locked(g.copy()),
}


def _locked(g):
    g.flags.writeable = False
    return g


@every_optimizer
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_gradients_of_any_memory_layout(make, layout):
    gradients = np.random.default_rng(0).normal(size=(3, 4, 5))
    expected = steps(make, gradients, np.zeros((4, 5)))
    p = Tensor(np.zeros((4, 5)))
    optimizer = make([p])
    for g, after in zip(gradients, expected, strict=True):
        strewn = layout(g)
        optimizer.step([strewn])
        np.testing.assert_allclose(p.data, after, rtol=1e-12)
        np.testing.assert_array_equal(strewn, g)  # and what came in is left alone


@every_optimizer
def test_a_gradient_that_was_broadcast_is_read_and_never_written(make):
    p = Tensor(np.ones((4, 5)))
    g = grad((p * 0.1).sum(), p)  # every element is the same one, in the same place
    make([p]).step([g])
    assert len(np.unique(p.data)) == 1 and p.data[0, 0] < 1


@every_optimizer
def test_one_gradient_for_two_parameters(make):
    p, q = Tensor(np.ones(3)), Tensor(np.ones(3))
    g = grad(((p + q) * 0.1).sum(), [p, q])
    make([p, q]).step(g)
    assert p.data.tolist() == q.data.tolist() == steps(make, [0.1], 1.0).tolist() * 3


@every_optimizer
@pytest.mark.parametrize("layout", ["transposed", "reversed", "every other column"])
def test_parameters_of_any_memory_layout_are_trained(make, layout):
    gradients = np.random.default_rng(0).normal(size=(3, 4, 5))
    expected = steps(make, gradients, np.zeros((4, 5)))
    p = Tensor(LAYOUTS[layout](np.zeros((4, 5))))
    optimizer = make([p])
    for g in gradients:
        optimizer.step([g])
    np.testing.assert_allclose(p.data, expected[-1], rtol=1e-12)


@every_optimizer
def test_gradients_that_can_be_differentiated_again_are_taken_for_their_numbers(make):
    p = Tensor(np.ones(3))
    make([p]).step([grad((p * 0.1).sum(), p, create_graph=True)])
    assert isinstance(p.data, np.ndarray)
    np.testing.assert_array_equal(p.data, np.repeat(steps(make, [0.1], 1.0), 3))


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_stays(make, dtype):
    p = Tensor(np.ones((2, 3), dtype))
    optimizer = make([p])
    for _ in range(3):
        optimizer.step([np.full((2, 3), 0.5, dtype)])
    assert p.dtype == dtype
    assert {a.dtype for slot in optimizer.slots.values() for a in slot} <= {np.dtype(dtype)}


# --- Clipping ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clip_norm_scales_a_long_gradient_down_and_leaves_a_short_one(dtype):
    came = [[3.0, 4.0], [0.3, -0.4], [0.0, 0.0], [-30.0, 40.0]]
    clipped = [[0.6, 0.8], [0.3, -0.4], [0.0, 0.0], [-0.6, 0.8]]
    np.testing.assert_allclose(
        steps(MAKERS["Adam clipped"], came, [0.0, 0.0], dtype),
        steps(MAKERS["Adam"], clipped, [0.0, 0.0], dtype),
        rtol=1e-5 if dtype is np.float32 else 1e-13,
    )


def test_clip_norm_looks_at_each_parameter_by_itself():
    make = MAKERS["Adam clipped"]
    p, q = Tensor(np.zeros(1)), Tensor(np.zeros(1))
    optimizer = make([p, q])
    for small in (0.5, -0.2):
        optimizer.step([np.array([100.0]), np.array([small])])
    np.testing.assert_allclose(q.data, steps(MAKERS["Adam"], [0.5, -0.2], 0.0)[-1], rtol=1e-12)


# --- State -------------------------------------------------------------------------------------------


@every_optimizer
def test_going_on_from_a_loaded_state_is_bit_identical(make):
    rng = np.random.default_rng(0)
    gradients = [[rng.normal(size=s).astype(np.float32) for s in ((3, 4), ())] for _ in range(10)]

    def parameters():
        return [Tensor(np.ones((3, 4), np.float32)), Tensor(np.ones((), np.float32))]

    straight = parameters()
    optimizer = make(straight)
    for g in gradients:
        optimizer.step(g)

    first = parameters()
    optimizer = make(first)
    for g in gradients[:5]:
        optimizer.step(g)
    state = optimizer.state()
    second = [Tensor(p.data.copy()) for p in first]
    for g in gradients[5:]:
        optimizer.step(g)  # the state is a copy, so this does not reach it
    resumed = make(second)
    resumed.load_state(state)
    for array in state.values():
        array += 1  # nor does this reach the resumed one
    for g in gradients[5:]:
        resumed.step(g)
    for p, q in zip(straight, second, strict=True):
        assert p.data.tobytes() == q.data.tobytes()


def test_the_state_of_adam_is_its_slots_and_its_steps():
    optimizer = Adam([Tensor([1.0, 2.0]), Tensor(3.0)])
    optimizer.step([np.array([1.0, 0.0], np.float32), np.float32(2)])
    state = optimizer.state()
    assert list(state) == ["steps", "learning_rate", "m.0", "m.1", "v.0", "v.1"]
    assert state["steps"] == 1
    np.testing.assert_allclose(state["m.0"], [0.1, 0], rtol=1e-6)
    np.testing.assert_allclose(state["v.1"], 0.004, rtol=1e-4)


@pytest.mark.parametrize(
    "other",
    [
        lambda: SGD([Tensor([1.0])], 0.1, momentum=0.9),
        lambda: Adam([Tensor([1.0]), Tensor([1.0])]),
        lambda: Adam([Tensor([1.0, 2.0])]),
    ],
    ids=["another kind", "another number", "another shape"],
)
def test_a_state_of_another_optimizer_is_refused(other):
    optimizer = Adam([Tensor([1.0])])
    with pytest.raises(ValueError, match=r"Adam\.load_state: .*another optimizer or model"):
        optimizer.load_state(other().state())
    assert optimizer.steps == 0


# --- Errors ------------------------------------------------------------------------------------------


@every_optimizer
def test_gradients_that_do_not_fit_are_refused_before_anything_changes(make):
    p, q = Tensor(np.ones(2)), Tensor(np.ones(3))
    optimizer = make([p, q])
    for wrong in ([np.ones(2)], [np.ones(2)] * 3, [np.ones(2), np.ones(2)], [np.ones(2), np.ones((3, 1))]):
        with pytest.raises(ValueError, match=rf"{type(optimizer).__name__}\.step: .*gradient"):
            optimizer.step(wrong)
    assert optimizer.steps == 0 and p.data.tolist() == [1, 1] and q.data.tolist() == [1, 1, 1]
    assert not any(a.any() for slot in optimizer.slots.values() for a in slot)


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam])
@pytest.mark.parametrize("rate", [0, -1.0, float("nan")])
def test_a_learning_rate_that_does_not_learn_is_refused(kind, rate):
    with pytest.raises(ValueError, match=f"{kind.__name__}: learning_rate is {rate}"):
        kind([Tensor([1.0])], rate)


def test_arrays_are_no_parameters():
    with pytest.raises(TypeError, match="Adam: parameter 1 is a ndarray, expected a Tensor"):
        Adam([Tensor([1.0]), np.ones(1)])


def test_the_abstract_optimizer_says_so():
    optimizer = Optimizer([Tensor([1.0])], 0.1, [])
    with pytest.raises(TypeError, match="abstract"):
        optimizer.step([np.ones(1, np.float32)])


# --- What they are for -------------------------------------------------------------------------------


@every_optimizer
def test_they_find_the_minimum_of_a_quadratic(make):
    """L = ½ (p - a)ᵀ diag(1, 4) (p - a)."""
    a, curvature = np.array([1.0, -2.0]), np.array([1.0, 4.0])
    p = Tensor(np.zeros(2))
    optimizer = make([p])
    for _ in range(600):
        loss = (0.5 * curvature * (p - a) * (p - a)).sum()
        optimizer.step([grad(loss, p)])
    np.testing.assert_allclose(p.data, a, atol=0.02)


# --- Moving averages of networks ---------------------------------------------------------------------


def test_the_moving_average_worked_by_hand():
    average, source = Dense(1, 1), Dense(1, 1)
    average.kernel.data[:], source.kernel.data[:] = 1, 3
    average.bias.data[:], source.bias.data[:] = 0, -4
    update_ema(average, source, decay=0.75)
    assert (average.kernel.data.item(), average.bias.data.item()) == (1.5, -1)
    assert (source.kernel.data.item(), source.bias.data.item()) == (3, -4)


def test_the_moving_average_includes_the_running_statistics():
    def network():
        return Sequential(Dense(2, 3), BatchNormalization(3))

    average, source = randomised(network(), seed=1), randomised(network(), seed=2)
    before = average.state()
    update_ema(average, source, decay=0.9)
    for name, array in average.state().items():
        np.testing.assert_allclose(array, 0.9 * before[name] + 0.1 * source.state()[name], rtol=1e-6)
        assert array.dtype == np.float32


def test_the_moving_average_keeps_its_parameters_and_leaves_the_source():
    average, source = randomised(Dense(2, 3), seed=1), randomised(Dense(2, 3), seed=2)
    before = source.state()
    update_ema(average, source, decay=0.0)
    for name, array in source.state().items():
        assert array.tobytes() == before[name].tobytes()
        np.testing.assert_allclose(average.state()[name], array, rtol=1e-6)
    source.kernel.data += 1
    assert not np.array_equal(average.kernel.data, source.kernel.data)


@pytest.mark.parametrize("betas", [(1.0, 0.9), (-0.1, 0.9), (0.9, 1.0), (0.9, 2.0)])
def test_adam_refuses_a_beta_that_never_forgets_or_changes_sign(betas):
    with pytest.raises(ValueError, match="Adam: beta_[12] is"):
        Adam([Tensor([1.0])], 1e-3, *betas)


# --- On every device ---------------------------------------------------------------------------------


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_device_takes_the_same_steps_and_remembers_the_same(make, dtype, device):
    rng = np.random.default_rng(0)
    starts, *gradients = [[rng.normal(size=s).astype(dtype) for s in ((3, 4), (1,))] for _ in range(4)]

    def after_three_steps():
        parameters = [Tensor(a.copy()) for a in there(starts)]
        optimizer = make(parameters)
        for g in gradients:
            optimizer.step(there(g))
        return [*(p.data for p in parameters), *(a for slot in optimizer.slots.values() for a in slot)]

    with mg.on("cpu"):
        expected = after_three_steps()
    assert_agree(after_three_steps(), expected)


# --- Schedules ---------------------------------------------------------------------------------------


def test_the_linear_decay_by_hand():
    rate = linear_decay(0.2, 4, final=0.25)
    assert [rate(step) for step in range(6)] == pytest.approx([0.2, 0.15, 0.1, 0.05, 0.05, 0.05])
    assert linear_decay(0.2, 4)(4) == linear_decay(0.2, 4)(9) == 0
    assert linear_decay(3.0, 2, final=1.0)(5) == 3.0


def test_the_cosine_decay_by_hand():
    rate = cosine_decay(0.2, 4, final=0.01)
    half = (1 + math.sqrt(0.5)) / 2
    assert [rate(step) for step in range(6)] == pytest.approx(
        [0.2, 0.2 * half, 0.1, 0.2 * (1 - half), 0.002, 0.002]
    )


@pytest.mark.parametrize("decay", [linear_decay, cosine_decay])
@pytest.mark.parametrize(
    "wrong", [(0.0, 5, 0.1), (0.1, 0, 0.1), (0.1, -3, 0.1), (0.1, 5, 1.5), (0.1, 5, -0.1), ("a", 5, 0)]
)
def test_a_schedule_without_sense_is_refused(decay, wrong):
    with pytest.raises((ValueError, TypeError), match=f"{decay.__name__}: (start|steps|final) is "):
        decay(*wrong)


def test_a_step_has_the_rate_of_the_steps_taken_before_it():
    p, asked = Tensor(np.zeros(1)), []
    optimizer = SGD([p], lambda step: asked.append(step) or 10.0**-step)
    for _ in range(3):
        optimizer.step([np.ones(1)])
    assert asked == [0, 1, 2] and p.data == pytest.approx(-1.11) and optimizer.rate == 0.01


@every_optimizer
def test_a_number_as_learning_rate_is_a_schedule_that_stays(make):
    gradients = np.random.default_rng(0).normal(size=(5, 3))
    constant = make([Tensor(np.zeros(1))]).learning_rate

    def with_schedule(parameters):
        optimizer = make(parameters)
        optimizer.learning_rate = lambda step: constant
        return optimizer

    assert np.array_equal(steps(make, gradients, np.zeros(3)), steps(with_schedule, gradients, np.zeros(3)))


def test_two_halves_of_a_training_with_a_schedule_are_the_whole():
    gradients = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)

    def make(p):
        return Adam([p], linear_decay(0.1, 8, final=0.1))

    whole, first = Tensor(np.ones(3, np.float32)), Tensor(np.ones(3, np.float32))
    optimizer, before = make(whole), make(first)
    for g in gradients:
        optimizer.step([g])
    for g in gradients[:5]:
        before.step([g])
    assert "learning_rate" not in before.state()  # it is made again from the settings of a model
    second = Tensor(first.data.copy())
    after = make(second)
    after.load_state(before.state())
    for g in gradients[5:]:
        after.step([g])
    assert whole.data.tobytes() == second.data.tobytes()


def test_a_learning_rate_that_was_changed_by_hand_is_in_the_state():
    optimizer = Adam([Tensor([1.0])], 0.1)
    optimizer.learning_rate = 0.001
    other = Adam([Tensor([1.0])], 0.1)
    other.load_state(optimizer.state())
    assert other.learning_rate == 0.001


# --- What cannot be optimized, and states from outside ------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ([], ValueError, "at least one parameter"),
        (Dense(2, 1), TypeError, "parameters is a Dense, expected layer.parameters"),
        (Tensor([1.0, 2.0]), TypeError, "parameters is a Tensor"),
        (None, TypeError, "parameters is a NoneType"),
        ([[1.0]], TypeError, "parameter 0 is a list, expected a Tensor"),
        ([Tensor([1, 2])], TypeError, "parameter 0 is of int64, expected a Tensor of floating-point"),
    ],
)
def test_what_are_no_parameters_is_refused(parameters, error, message):
    with pytest.raises(error, match=f"Adam: .*{message}"):
        Adam(parameters)


def test_one_parameter_twice_is_refused():
    layer = Dense(2, 1)
    with pytest.raises(ValueError, match="SGD: expected .* each of them once"):
        SGD([*layer.parameters(), layer.kernel], 0.1)


@every_optimizer
@pytest.mark.parametrize("grads", [None, [None], np.ones((1, 2)), [[1.0, 2.0]], 3.0])
def test_what_are_no_gradients_is_refused(make, grads):
    optimizer = make([Tensor(np.ones(2))])
    with pytest.raises(ValueError, match=r"step: .*expected (a list of 1 gradients|an array of shape)"):
        optimizer.step(grads)
    assert optimizer.steps == 0


@every_optimizer
def test_a_parameter_that_cannot_be_written_is_refused_before_anything_changes(make):
    p, q = Tensor(np.ones(2)), Tensor(_locked(np.ones(2)))
    optimizer = make([p, q])
    with pytest.raises(ValueError, match="step: parameter 1 is read-only"):
        optimizer.step([np.ones(2), np.ones(2)])
    assert optimizer.steps == 0 and p.data.tolist() == [1, 1]
    assert not any(a.any() for slot in optimizer.slots.values() for a in slot)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("steps", np.array(-1)),
        ("steps", np.array(1.0)),
        ("steps", np.array(1 + 0j)),
        ("learning_rate", np.array(np.nan)),
        ("learning_rate", np.array(-0.1)),
        ("m.0", np.array([np.inf], np.float32)),
        ("v.0", np.array([-1.0], np.float32)),
        ("v.0", np.array([1], np.int32)),
        ("m.0", np.array([1j], np.complex64)),
    ],
)
def test_a_state_that_cannot_be_is_refused_by_name_and_changes_nothing(name, array):
    optimizer = Adam([Tensor([1.0])])
    optimizer.step([np.ones(1, np.float32)])
    before = {key: a.tobytes() for key, a in optimizer.state().items()}
    with pytest.raises(ValueError, match=rf"Adam\.load_state: {name} is no array of finite numbers"):
        optimizer.load_state(optimizer.state() | {name: array})
    assert {key: a.tobytes() for key, a in optimizer.state().items()} == before


def test_a_loaded_state_keeps_the_precision_of_the_optimizer():
    optimizer = Adam([Tensor([1.0])])
    optimizer.load_state(
        {k: a.astype(np.float64) if a.dtype.kind == "f" else a for k, a in optimizer.state().items()}
    )
    assert optimizer.slots["m"][0].dtype == np.float32


def test_rmsprop_adds_epsilon_inside_the_root_as_keras_does():
    moved = steps(lambda ps: RMSprop(ps, 0.1, rho=0.9), [[1e-5, 1.0]], [0.0, 0.0])[0]
    s = 0.1 * np.array([1e-10, 1.0])
    np.testing.assert_allclose(moved, -0.1 * np.array([1e-5, 1.0]) / np.sqrt(s + 1e-7), rtol=1e-12)


# --- Averages ----------------------------------------------------------------------------------------


def test_the_decay_of_an_average_is_smaller_at_first():
    assert [warm_up(0.75, step) for step in (1, 3, 27, 100)] == [0.1, 0.25, 0.75, 0.75]
    assert warm_up(0.0, 5) == 0.0


def test_the_old_name_of_the_moving_average_warns():
    average, source = randomised(Dense(2, 3), seed=1), randomised(Dense(2, 3), seed=2)
    with pytest.warns(DeprecationWarning, match="move_average is now called update_ema"):
        move_average(average, source, decay=0.0)
    np.testing.assert_allclose(average.kernel.data, source.kernel.data, rtol=1e-6)
