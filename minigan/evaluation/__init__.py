"""How good are these digits?  A classifier, the metrics, and the table."""

from minigan.evaluation.metrics import *  # noqa: F403
from minigan.evaluation.table import SIZES, evaluate, format_table, print_short_table, shipped_distances

__all__ = ["SIZES", "evaluate", "format_table", "print_short_table", "shipped_distances"]
