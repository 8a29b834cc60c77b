"""What the page draws of one state: points, the surface of D, arrows, the grid that G has warped, and numbers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from minigan.autograd import no_grad
from minigan.lab.model import arrows, surface
from minigan.lab.plane import centres, draw, modes
from minigan.lab.session import SHOWN, Session
from minigan.ops import sigmoid

SIDE = 40  # points of the surface of D in each direction
LIMIT = 2.0  # of the square that is drawn
LINES = 13  # of the grid of z in each direction
PARTNERS = 4  # packs with real points over which D is averaged, if it sees several points at once
CURVES = ("d_loss", "g_loss", "D(x)", "D(G(z))", "d_accuracy", "g_gradient", "diversity")


def still(session: Session) -> dict[str, Any]:
    """What does not change from moment to moment: real points, the z of the generated ones, the centres."""
    s = session.settings
    found = centres(s)
    return {
        "settings": s.as_dict(),
        "real": points(draw(s, SHOWN, np.random.default_rng(s.seed + 1))),
        "z": points(session.z),
        "centres": None if found is None else points(found),
    }


def frame(session: Session, since: int = 0) -> dict[str, Any]:
    """The present moment, and the curves of the moments after `since`: what JSON can say, and arrays."""
    model, s = session.model, session.settings
    mates = partners(session)
    grid = z_grid(s.noise) if s.latent_size == 2 else session.z[:0]
    with no_grad(), np.errstate(all="ignore"):
        x = model.generate(
            np.concatenate([session.z, grid, session.z_counted])
        )  # at once, which takes less time
        fake, warped, counted = np.split(x, [SHOWN, SHOWN + len(grid)])  # (SHOWN, 2), (LINES², 2), (1000, 2)
        found = centres(s)
        covered = None if found is None else modes(counted, found, s.spread)
        p = sigmoid(surface(model, np.concatenate([square(), fake]), mates, fake))  # (SIDE² + SHOWN,)
    with np.errstate(all="ignore"):
        moved = arrows(model, fake, mates)
    return {
        "moment": session.now,
        "oldest": session.oldest,
        "last": session.last,
        "steps": [model.d_optimizer.steps, model.g_optimizer.steps],
        "rates": [model.d_optimizer.rate, model.g_optimizer.rate],
        "fake": points(fake),
        "surface": np.nan_to_num(255 * p[: SIDE**2]).round().astype(np.uint8),
        "arrows": points(moved),
        "d_fake": np.nan_to_num(p[SIDE**2 :]),
        "grid": points(warped),
        "modes": covered and {"covered": covered[0], "of": len(found), "kl": round(covered[1], 4)},  # type: ignore[arg-type]
        "curves": curves(session, since),
        "warnings": [list(said) for said in session.warnings if said[0] <= session.now],
        "log": session.log(),
        "start": session.first_settings.differences(),
    }


def partners(session: Session) -> np.ndarray:
    """Real points beside which D sees a single one (PARTNERS, m - 1, 2)."""
    s = session.settings
    n = PARTNERS * (s.packing - 1)
    return (
        draw(s, n, np.random.default_rng(7)).reshape(PARTNERS, s.packing - 1, 2) if n else np.zeros((0, 0, 2))
    )


@cache
def square() -> np.ndarray:
    """The points (SIDE², 2) at which D's surface is drawn: the middles of its pixels, from the upper left."""
    ticks = LIMIT * ((2 * np.arange(SIDE, dtype=np.float32) + 1) / SIDE - 1)
    x, y = np.meshgrid(ticks, ticks[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


@cache
def z_grid(noise: str) -> np.ndarray:
    """A square grid of z (LINES², 2), row by row: the middle 95 % of a normal z, or all of a uniform one."""
    limit = 2.0 if noise == "normal" else 1.0
    x, y = np.meshgrid(*[np.linspace(-limit, limit, LINES, dtype=np.float32)] * 2)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def curves(session: Session, since: int) -> dict[str, list]:
    """The numbers of the moments after `since` that are kept, up to the present one."""
    first = max(since + 1, session.oldest, 1)
    kept = [session.moments[i - session.oldest].numbers for i in range(first, session.now + 1)]
    columns = {name: numbers([row.get(name, np.nan) for row in kept]) for name in CURVES}
    return {"moment": list(range(first, session.now + 1))} | columns


def point(session: Session, index: int) -> dict[str, Any]:
    """A generated point: its z, where it is, D's output and the gradient that reaches it."""
    if not 0 <= index < SHOWN:
        raise ValueError(f"point: index is {index}, expected 0 to {SHOWN - 1}")
    one, mates = slice(index, index + 1), partners(session)
    with no_grad():
        fake = session.model.generate(session.z)
        logit = surface(session.model, fake[one], mates, fake)
    moved = arrows(session.model, fake, mates)[index]
    return {
        "index": index,
        "z": numbers(session.z[index]),
        "x": numbers(fake[index]),
        "logit": float(logit[0]),
        "D": float(sigmoid(logit)[0]),
        "gradient": numbers(-moved),
    }


def numbers(values: Any) -> list[float | None]:
    """Floats that JSON has a word for; null for what is not finite."""
    return [round(float(x), 4) if np.isfinite(x) else None for x in values]


def points(x: np.ndarray) -> np.ndarray:
    """Points (N, D), far away where they are not finite."""
    return np.nan_to_num(x, nan=99, posinf=99, neginf=-99).clip(-99, 99)
