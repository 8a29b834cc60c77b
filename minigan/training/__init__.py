"""Training: the loop, its checkpoints and history, what it warns about, and several processes."""

from minigan.training.checkpoint import load_checkpoint, new_position, save_checkpoint
from minigan.training.fit import Training, fit
from minigan.training.history import read_history
from minigan.training.monitor import Monitor

__all__ = ["Monitor", "Training", "fit", "load_checkpoint", "new_position", "read_history", "save_checkpoint"]
