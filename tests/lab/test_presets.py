"""Each preset fails in the way that it says, and its cure helps: seed by seed the same numbers."""

import numpy as np
import pytest

from minigan.lab.frame import CURVES, frame
from minigan.lab.knobs import Settings
from minigan.lab.presets import PRESETS
from minigan.lab.session import Session

STEPS = 600  # before the cure, and after it


def signal(session, name):
    """The mean of a number over the last 300 steps; of the modes over six moments of these."""
    if name != "modes":
        column = frame(session, session.now - 300)["curves"][name]
        return float(np.mean([number for number in column if number is not None]))
    last, found = session.now, []
    for moment in range(last - 250, last + 1, 50):
        session.go_to(moment)
        found.append(frame(session, moment)["modes"]["covered"])
    return float(np.mean(found))


def test_there_are_six_whose_settings_can_be_and_whose_numbers_are_on_the_page():
    assert len(PRESETS) == 6
    for preset in PRESETS:
        settings = Settings.of(preset.settings)
        assert preset.signal in (*CURVES, "modes")
        for cure in preset.cures:
            assert settings.changed(cure.settings) != settings


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_does_what_it_says(preset):
    session = Session(Settings.of(preset.settings))
    session.act("b", STEPS)
    before = signal(session, preset.signal)
    if not preset.cures:
        assert before >= 7
        return
    cure = preset.cures[0]
    if cure.anew:
        session.start(session.settings.changed(cure.settings))
    else:
        session.change(cure.settings)
    session.act("b", STEPS)
    after = signal(session, preset.signal)
    worst, best = {
        "Diminished gradients": (10, 12),
        "Mode collapse": (0.4, 0.9),
        "Imbalance": (0.45, 0.6),
        "Non-convergence": (3, 6),
        "Sensitivity": (4, 6),
    }[preset.name]
    assert before < worst and after > best, (before, after)
