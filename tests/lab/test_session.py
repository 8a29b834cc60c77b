"""A session keeps every state: going back, going on and a log lead to the same numbers, bit for bit."""

import numpy as np
import pytest

import minigan as mg
from minigan import backend
from minigan.lab.frame import frame, partners, point, still
from minigan.lab.knobs import Settings
from minigan.lab.model import surface
from minigan.lab.session import Session
from minigan.models.gan import diagnostics

KINDS = [
    {},
    {"data": "grid", "packing": 2, "r1_weight": 0.5, "optimizer": "rmsprop", "kind": "hinge"},
    {"data": "moons", "input_noise": 0.1, "slope_weight": 1.0, "noise": "uniform", "latent_size": 3, "d_steps": 3},
    {"batch_std": "on", "average_decay": 0.9, "packing": 2},
    {"data": "drawn", "points": [[0.5, 0.5], [-1, 0]], "optimizer": "sgd", "beta_1": 0.5, "activation": "tanh"},
]  # fmt: skip


def small(**settings):
    return Session(Settings(**{"width": 8, "batch": 12} | settings))


@pytest.mark.parametrize("settings", KINDS)
def test_training_goes_on_from_an_earlier_state_bit_for_bit(settings):
    session = small(**settings)
    session.act("b", 4)
    early = session.digest()
    session.act("d")
    session.act("g", 2)
    late = session.digest()
    session.go_to(4)
    assert session.digest() == early
    session.act("d")
    session.act("g", 2)
    assert session.digest() == late


@pytest.mark.parametrize("settings", KINDS)
def test_a_log_leads_to_the_same_state_also_when_knobs_were_turned(settings):
    session = small(**settings)
    session.act("b", 3)
    assert session.change({"g_rate": 0.01, "r1_weight": 0.25})
    assert session.change({"g_rate": 0.02, "batch": 24})
    session.act("g", 2)
    assert session.change({"kind": "wasserstein"})
    log = session.log()
    assert log == [
        ["b", 3], ["change", {"g_rate": 0.02, "r1_weight": 0.25, "batch": 24}], ["g", 2],
        ["change", {"kind": "wasserstein"}],
    ]  # fmt: skip
    other = Session()
    other.replay(session.first_settings, log)
    assert other.digest() == session.digest()


def test_what_lay_ahead_is_forgotten_when_training_goes_on_from_an_earlier_state():
    session = small()
    session.act("b", 5)
    session.change({"g_rate": 0.1})
    session.go_to(2)
    assert (session.now, session.last) == (2, 5)
    session.act("d")
    assert (session.now, session.last) == (3, 3)
    assert session.log() == [["b", 2], ["d", 1]]
    assert session.settings.g_rate == Settings.g_rate


def test_a_state_brings_the_settings_back_that_it_was_made_with():
    session = small(kind="hinge")
    session.act("b", 2)
    session.change({"kind": "minimax"})
    session.act("b", 2)
    session.go_to(1)
    assert session.settings.kind == session.model.s.kind == "hinge"
    session.go_to(4)
    assert session.settings.kind == session.model.s.kind == "minimax"


def test_a_knob_of_the_networks_begins_anew():
    session = small()
    session.act("b", 3)
    assert not session.change({"width": 9})
    assert (session.now, session.last) == (0, 0)
    session.act("b", 3)
    assert not session.change({"seed": 1})
    sgd = small(optimizer="sgd")
    sgd.act("b", 1)
    assert not sgd.change({"beta_1": 0.5}), "without velocities, momentum cannot go on"


def test_the_memory_of_the_states_is_bounded_and_the_oldest_go_first():
    session = Session(Settings(width=8, batch=12), room=200_000)
    session.act("b", 100)
    kept = len(session.moments)
    assert 2 <= kept < 60
    session.act("b", 20)
    assert len(session.moments) == kept and session.oldest == 120 - kept + 1
    with pytest.raises(ValueError, match="is not kept, expected"):
        session.go_to(session.oldest - 1)
    session.go_to(session.oldest)
    assert frame(session)["curves"]["moment"] == [session.oldest]


def test_the_random_numbers_of_the_package_are_left_alone():
    mg.seed(5)
    before = backend.generator.bit_generator.state
    session = small()
    session.act("b", 2)
    assert backend.generator.bit_generator.state == before
    first = session.digest()
    mg.seed(7)
    other = small()
    other.act("b", 2)
    assert other.digest() == first


def test_the_digest_notices_a_weight_the_noise_and_the_settings():
    session = small()
    session.act("b", 1)
    digest = session.digest()
    session.model.G.parameters()[0].data[0, 0] += 1e-6
    assert session.digest() != digest
    session.go_to(1)
    assert session.digest() == digest
    session.data.random()
    assert session.digest() != digest


def test_a_training_that_diverges_stops_at_the_last_finite_state():
    session = small(kind="wasserstein", optimizer="sgd", g_rate=1.0, d_rate=1.0)
    with pytest.raises(FloatingPointError, match="are not finite"):
        session.act("b", 500)
    assert session.now == session.last > 0
    assert all(np.isfinite(array).all() for array in session.model.state().values())
    frame(session)


def test_the_numbers_of_a_step_are_those_of_the_package():
    session, seen = small(), {}
    model = session.model
    with session.randomness():
        real = np.random.default_rng(0).standard_normal((12, 2)).astype(np.float32)
        z = model.noise(12)
        model.noise = lambda n: z
        fake = model.G(z)
        d_real, d_fake = model.D(real), model.D(fake)
        seen = model.d_step(real)
    expected = diagnostics(real, fake, d_real, d_fake, fake.data)
    for name in ("D(x)", "D(G(z))", "d_accuracy", "diversity"):
        assert seen[name] == pytest.approx(float(expected[name]), rel=1e-5)


def test_each_setting_of_the_step_changes_the_step():
    digests = set()
    changes = [{}, {"kind": "hinge"}, {"r1_weight": 1.0}, {"slope_weight": 1.0}, {"input_noise": 0.5}, {"packing": 2}, {"batch_std": "on"},
               {"g_rate": 0.1}, {"d_rate": 0.1}, {"beta_1": 0.9}, {"d_steps": 2}, {"g_steps": 2}, {"decay_steps": 2},
               {"optimizer": "sgd"}, {"optimizer": "rmsprop"}, {"noise": "uniform"}, {"activation": "relu"},
               {"hidden": 3}, {"latent_size": 1}, {"data": "spiral"}, {"spread": 0.1}, {"seed": 1}, {"batch": 10}]  # fmt: skip
    for change in changes:
        session = small(**change)
        session.act("b", 2)
        digests.add(b"".join(a.tobytes() for a in session.model.D.arrays()))
    assert len(digests) == len(changes)


def test_warnings_are_those_of_the_monitor_and_go_back_with_the_states():
    session = small(d_rate=1e-6, g_rate=1e-6, spread=0.0)
    session.model.D.parameters()[-1].data[:] = (
        5.0  # D says "real" to everything, so it is right half of the time
    )
    for p in session.model.G.parameters():
        p.data[:] = 0  # G draws one point
    session.act("b", 210)
    given = frame(session)["warnings"]
    assert len(given) == 1 and "G repeats itself" in given[0][1]
    session.go_to(given[0][0] - 1)
    assert frame(session)["warnings"] == []
    session.act("b", 2)
    assert frame(session)["warnings"] == given


def test_a_frame_says_what_the_networks_say():
    session = small(r1_weight=0.5)
    session.act("b", 3)
    found, fixed = frame(session), still(session)
    fake = session.model.G(session.z).data
    np.testing.assert_allclose(found["fake"], fake, atol=1e-3)
    corner = np.array([[-2 + 0.05, 2 - 0.05]], np.float32)  # the upper left pixel
    p = 1 / (1 + np.exp(-session.model.D(corner).data[0, 0]))
    assert found["surface"][0] == pytest.approx(255 * p, abs=1)
    assert len(found["surface"]) == 1600 and len(found["arrows"]) == len(fixed["real"]) == 300
    assert found["curves"]["moment"] == [1, 2, 3] and found["modes"]["of"] == 8


@pytest.mark.parametrize("packing", [1, 2])
def test_an_arrow_points_to_where_the_loss_of_g_falls(packing):
    session = small(packing=packing)
    session.act("b", 5)
    from minigan.lab.model import arrows
    from minigan.losses import generator_loss

    mates = partners(session)[:1]
    x = np.array([[0.3, -0.4]], np.float32)

    def loss(x):
        return float(generator_loss(surface(session.model, x.astype(np.float32), mates, session.z)[:, None]))

    slope = [(loss(x + e) - loss(x - e)) / 2e-2 for e in (np.array([[1e-2, 0]]), np.array([[0, 1e-2]]))]
    np.testing.assert_allclose(
        arrows(session.model, x, mates)[0], [-slope[0], -slope[1]], rtol=0.05, atol=1e-3
    )


def test_a_point_is_told_with_its_z():
    session = small()
    found = point(session, 3)
    np.testing.assert_allclose(found["z"], session.z[3], atol=1e-4)
    np.testing.assert_allclose(found["x"], session.model.G(session.z[3:4]).data[0], atol=1e-4)
    with pytest.raises(ValueError, match="index is 300"):
        point(session, 300)


def test_an_unknown_action_is_refused():
    with pytest.raises(ValueError, match="action is 'x'"):
        Session().act("x")


def test_what_is_drawn_is_the_moving_average_of_g_where_there_is_one():
    session, plain = small(average_decay=0.9), small()
    expected = [array.copy() for array in session.model.G.arrays()]
    for step in range(1, 6):
        session.act("b")
        decay = min(0.9, step / (9 + step))
        expected = [
            decay * a + (1 - decay) * b for a, b in zip(expected, session.model.G.arrays(), strict=True)
        ]
    for a, b in zip(session.model.average.arrays(), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    plain.act("b", 5)
    assert np.array_equal(session.model.G.arrays()[0], plain.model.G.arrays()[0]), "it changes no training"
    np.testing.assert_allclose(frame(session)["fake"], session.model.average(session.z).data, atol=1e-5)
    assert np.abs(frame(session)["fake"] - frame(plain)["fake"]).max() > 1e-3
    np.testing.assert_allclose(frame(plain)["fake"], plain.model.G(plain.z).data, atol=1e-5)


@pytest.mark.parametrize("packing", [1, 2])
def test_with_the_std_of_the_batch_the_surface_is_d_in_a_batch_of_generated_points(packing):
    session = small(batch_std="on", packing=packing)
    session.act("b", 5)
    model, found = session.model, frame(session)
    fake = model.G(session.z).data
    if packing == 1:
        expected = 1 / (1 + np.exp(-model.D(fake).data[:, 0]))
        np.testing.assert_allclose(found["d_fake"], expected, rtol=1e-4)
        told = point(session, 4)
        assert told["D"] == pytest.approx(expected[4], rel=1e-4)
        np.testing.assert_allclose(told["gradient"], -np.asarray(found["arrows"][4]), atol=1e-3)
    few, many = fake[:2], np.concatenate([fake[:2], 3 * fake[2:]])
    with mg.no_grad():
        one, other = (surface(model, few, partners(session), batch) for batch in (fake, many))
    assert np.abs(one - other).max() > 1e-4, "D sees how much they vary"


@pytest.mark.parametrize("n", [0, -1, 2.5, "1", None, True])
def test_a_number_of_actions_or_a_moment_without_sense_is_refused(n):
    session = Session()
    with pytest.raises((TypeError, ValueError), match=f"Session.act: n is {n!r}, expected an integer"):
        session.act("b", n)
    if n != 0:
        with pytest.raises(
            (TypeError, ValueError), match=f"Session.go_to: moment is {n!r}, expected an integer"
        ):
            session.go_to(n)
    assert session.now == 0
