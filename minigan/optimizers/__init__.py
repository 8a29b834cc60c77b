"""What to do with a gradient: optimizers, learning rates that change, and averages of networks.

Read `base`, `schedules` and `adam`; then `sgd` and `ema`.
"""

from minigan.optimizers.adam import Adam
from minigan.optimizers.base import Optimizer, update_all
from minigan.optimizers.ema import move_average, update_ema, warm_up
from minigan.optimizers.schedules import cosine_decay, linear_decay
from minigan.optimizers.sgd import SGD, RMSprop

__all__ = [
    "SGD", "Adam", "Optimizer", "RMSprop", "cosine_decay", "linear_decay", "move_average", "update_all", "update_ema",
    "warm_up",
]  # fmt: skip
