"""The failures of docs/failure-modes.md, each as settings that provoke it, and what cures it."""

from __future__ import annotations

from typing import Any, NamedTuple

#: as on that page: no momentum, rates that stay
FINE: dict[str, Any] = {"decay_steps": 0}


class Cure(NamedTuple):
    """What is changed while the GAN learns on; or `anew`, where ruined networks would recover too slowly."""

    name: str
    settings: dict[str, Any]
    text: str
    anew: bool = False


class Preset(NamedTuple):
    """Settings, the number of the frame in which one sees what they do, and the cures."""

    name: str
    settings: dict[str, Any]
    text: str
    signal: str
    cures: tuple[Cure, ...] = ()


PRESETS = (
    Preset(
        "It works",
        {"seed": 1},
        "The rates fall over 3,000 steps. All modes have samples most of the time. Each of the other presets "
        "changes a setting.",
        "modes",
    ),
    Preset(
        "Diminished gradients",
        FINE | {"d_steps": 5, "kind": "minimax"},
        "Five steps of D for each of G, and G minimises log(1 - D): watch the gradient at G, which stays small.",
        "g_gradient",
        (Cure("non-saturating loss", {"kind": "non_saturating"}, "G minimises -log D: the gradient is larger."),),
    ),
    Preset(
        "Mode collapse",
        FINE | {"g_steps": 10},
        "Ten steps of G for each of D: the generated points flow together and run after D. Watch the diversity.",
        "diversity",
        (
            Cure("equal steps", {"g_steps": 1}, "One step of G for each of D: the points spread again."),
        ),
    ),
    Preset(
        "Imbalance",
        FINE | {"seed": 1, "d_rate": 3e-5},
        "The rate of D is a hundredth of G's: D is out of date. Watch its accuracy, which is often below a half.",
        "d_accuracy",
        (Cure("equal rates", {"d_rate": 3e-3}, "The rates are equal: D follows G again."),),
    ),
    Preset(
        "Non-convergence",
        FINE | {"beta_1": 0.9, "beta_2": 0.999},
        "Adam's usual momentum of 0.9: the points circle around, and few modes have samples.",
        "modes",
        (Cure("no momentum", {"beta_1": 0.0, "beta_2": 0.99}, "Without momentum the modes are found."),),
    ),
    Preset(
        "Sensitivity",
        FINE | {"g_rate": 3e-2, "d_rate": 3e-2},
        "Both rates are ten times as high: few modes have samples, and not for long.",
        "modes",
        (
            Cure(
                "lower rates",
                {"g_rate": 3e-3, "d_rate": 3e-3},
                "Begun anew with a tenth of the rates: most modes are found, and stay.",
                anew=True,
            ),
        ),
    ),
)  # fmt: skip


def as_list() -> list[dict[str, Any]]:
    """The presets as the page gets them."""
    return [preset._asdict() | {"cures": [cure._asdict() for cure in preset.cures]} for preset in PRESETS]
