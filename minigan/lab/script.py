"""A session as a script of the package: the same networks, the same steps, the same numbers, to the bit."""

from __future__ import annotations

from typing import Any

from minigan.lab.knobs import Settings
from minigan.lab.plane import SCALE
from minigan.lab.session import Session

ACTIVATIONS = {"relu": "ReLU()", "leaky_relu": "LeakyReLU()", "tanh": "Tanh()", "elu": "ELU()",
               "sigmoid": "Sigmoid()"}  # fmt: skip
WORDS = {"b": "train", "d": "d_steps_only", "g": "g_steps_only"}
VARIABLES = ("batch", "kind", "d_steps", "g_steps", "r1_weight", "slope_weight", "input_noise")
OF_OPTIMIZERS = {"g_rate", "d_rate", "beta_1", "beta_2", "decay_steps", "d_steps", "g_steps"}


def of(session: Session) -> str:
    """The script that leads to the present state of the session."""
    s, log = session.first_settings, session.log()
    every = [s]
    for what, value in log:
        if what == "change":
            every.append(every[-1].changed(value))
    used = {name for name in VARIABLES if any(getattr(one, name) != off(name) for one in every)}
    falls = any(one.decay_steps for one in every)
    return "\n".join([*head(s, used, falls), *networks(s), *steps(s, used, log), *run(s, log)]) + "\n"


def off(name: str) -> Any:
    """The value of a setting that asks for nothing, so that the script need not speak of it."""
    return {"d_steps": 1, "g_steps": 1, "r1_weight": 0, "slope_weight": 0, "input_noise": 0}.get(name)


def head(s: Settings, used: set[str], falls: bool) -> list[str]:
    """Imports, the settings that are used, and the two random generators: of noise, and of data."""
    optimizer = {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop"}[s.optimizer]
    losses = ["discriminator_loss", "generator_loss"]
    losses += [
        name
        for key, name in (("slope_weight", "gradient_penalty"), ("r1_weight", "r1_penalty"))
        if key in used
    ]
    mixture = s.data in ("ring", "grid")
    layers = {"Dense", "Sequential", ACTIVATIONS[s.activation][:-2]} | (
        {"MinibatchStdDev"} if s.batch_std == "on" else set()
    )
    of_optimizers = [
        optimizer,
        *(["linear_decay"] if falls else []),
        *(["update_ema", "warm_up"] if s.average_decay else []),
    ]
    return [
        '"""A GAN that learns in the plane, as the laboratory trained it."""',
        "",
        *(["import copy", ""] if s.average_decay else []),
        "import numpy as np",
        "",
        "import minigan as mg",
        "from minigan.backend import normal" + (", uniform" if s.noise == "uniform" else ""),
        *([f"from minigan.data import {s.data}"] if mixture else
          ["from minigan.lab.knobs import Settings", "from minigan.lab.plane import draw"]),
        f"from minigan.layers import {', '.join(sorted(layers))}",
        f"from minigan.losses import {', '.join(sorted(losses))}",
        f"from minigan.optimizers import {', '.join(of_optimizers)}",
        "",
        *[f"{name} = {getattr(s, name)!r}" for name in VARIABLES if name in used],
        *([] if mixture else [f"data = Settings.of({Settings.of({n: getattr(s, n) for n in ('data', 'spread', 'points')}).differences()!r})"]),
        f"mg.seed({s.seed})",
        f"rng = np.random.default_rng({s.seed})",
        "",
    ]  # fmt: skip


def networks(s: Settings) -> list[str]:
    """G, D and their optimizers."""
    lines = []
    for name, n_in, n_out in (("G", s.latent_size, 2), ("D", 2 * s.packing, 1)):
        lines += [f"{name} = Sequential("]
        for i in range(s.hidden):
            lines += [f"    Dense({s.width if i else n_in}, {s.width}), {ACTIVATIONS[s.activation]},"]
        std = name == "D" and s.batch_std == "on"
        lines += [
            f"    MinibatchStdDev(), Dense({s.width + 1}, 1)," if std else f"    Dense({s.width}, {n_out}),",
            ")",
        ]
    lines += ["average = copy.deepcopy(G)"] if s.average_decay else []
    return lines + [optimizer(s, "G"), optimizer(s, "D"), ""]


def rate(s: Settings, network: str) -> str:
    number, steps = (s.g_rate, s.g_steps) if network == "G" else (s.d_rate, s.d_steps)
    return f"linear_decay({number}, {steps * s.decay_steps}, final=0.05)" if s.decay_steps else f"{number}"


def optimizer(s: Settings, network: str) -> str:
    arguments = {
        "adam": f"Adam({network}.parameters(), {rate(s, network)}, {s.beta_1}, {s.beta_2})",
        "sgd": f"SGD({network}.parameters(), {rate(s, network)}, momentum={s.beta_1})",
        "rmsprop": f"RMSprop({network}.parameters(), {rate(s, network)}, rho={s.beta_2})",
    }
    return f"{network.lower()}_optimizer = {arguments[s.optimizer]}"


def steps(s: Settings, used: set[str], log: list[list[Any]]) -> list[str]:
    """The functions: data, noise, a step of D, a step of G, and a step of both."""
    draw = {
        "ring": f"ring(n, std={s.spread}, seed=rng)",
        "grid": f"np.float32({float(SCALE):.2f}) * grid(n, std={s.spread / float(SCALE)!r}, seed=rng)",
    }.get(s.data, "draw(data, n, rng)")
    z = f"normal((n, {s.latent_size}))" if s.noise == "normal" else f"2 * uniform((n, {s.latent_size})) - 1"
    real, fake = ("blurred(real)", "blurred(fake)") if "input_noise" in used else ("real", "fake")
    x, g = (f"{x}.reshape((batch // {s.packing}, -1))" if s.packing > 1 else x for x in (real, fake))
    lines = ["", "def noise(n):", f"    return {z}", "", ""]
    if "input_noise" in used:
        blurred = "x + input_noise * normal(x.shape) if input_noise else x"
        lines += ["def blurred(x):", f"    return {blurred}", "", ""]
    lines += ["def d_step(real):", "    fake = G(noise(len(real))).data"]
    lines += [f"    x = {x}", f"    g = {g}"]
    lines += ["    loss = discriminator_loss(D(x), D(g), kind)"]
    for key, term in (("r1_weight", "r1_weight / 2 * r1_penalty(D, x)"),
                      ("slope_weight", "slope_weight * gradient_penalty(D, x, g)")):  # fmt: skip
        if key in used:
            lines += [f"    if {key}:", f"        loss = loss + {term}"]
    lines += ["    d_optimizer.step(mg.grad(loss, D.parameters()))", "    return float(loss)", "", ""]
    lines += ["def g_step():", "    fake = G(noise(batch))"]
    lines += [f"    loss = generator_loss(D({g}), kind)"]
    lines += ["    g_optimizer.step(mg.grad(loss, G.parameters()))"]
    if s.average_decay:
        lines += [f"    update_ema(average, G, warm_up({s.average_decay}, g_optimizer.steps))"]
    lines += ["    return float(loss)", "", ""]
    lines += ["def data_of(n):", f"    return {draw}", "", ""]
    return lines + whole_step(used, log)


def whole_step(used: set[str], log: list[list[Any]]) -> list[str]:
    parts, several = ("d_steps", "g_steps"), bool({"d_steps", "g_steps"} & used)
    lines = ["def train(steps):", "    for step in range(steps):"]
    if several:
        lines += [f"        n_d, n_g = {', '.join(name if name in used else '1' for name in parts)}"]
        lines += [
            "        for real in np.split(data_of(n_d * batch), n_d):",
            "            d_loss = d_step(real)",
        ]
        lines += ["        for _ in range(n_g):", "            g_loss = g_step()"]
    else:
        lines += ["        d_loss = d_step(data_of(batch))", "        g_loss = g_step()"]
    lines += [
        "        if step % 100 == 0:",
        '            print(f"step {step}: {d_loss:.3f} and {g_loss:.3f}")',
        "",
    ]
    return [*lines, ""]


def run(s: Settings, log: list[list[Any]]) -> list[str]:
    """What was done, in its order."""
    lines = []
    for what, value in log:
        if what == "b":
            lines += [f"train({value})"]
        elif what in ("d", "g"):
            call = "d_step(data_of(batch))" if what == "d" else "g_step()"
            lines += [f"for _ in range({value}):", f"    {call}"]
        else:
            s = s.changed(value)
            lines += [f"{name} = {new!r}" for name, new in value.items() if name in VARIABLES]
            lines += changed_optimizers(s) if OF_OPTIMIZERS & set(value) else []
    return lines


def changed_optimizers(s: Settings) -> list[str]:
    lines = [f"{n.lower()}_optimizer.learning_rate = {rate(s, n)}" for n in "GD"]
    if s.optimizer == "adam":
        lines += ["for optimizer in (g_optimizer, d_optimizer):"]
        lines += [f"    optimizer.beta_1, optimizer.beta_2 = {s.beta_1}, {s.beta_2}"]
    names = {"sgd": ("momentum", s.beta_1), "rmsprop": ("rho", s.beta_2)}
    if s.optimizer in names:
        name, value = names[s.optimizer]
        lines += [f"g_optimizer.{name} = d_optimizer.{name} = {value}"]
    return lines
