"""Training: the loop, its checkpoints and history, what it warns about, and several processes."""

from minigan.training.fit import fit, load_checkpoint, read_history, save_checkpoint

__all__ = ["fit", "load_checkpoint", "read_history", "save_checkpoint"]
