"""How good are these digits?  A classifier, the metrics, and the table."""

from minigan.evaluation.classifier import Classifier, digit_classifier
from minigan.evaluation.metrics import (
    confident_share,
    density_coverage,
    different_bins,
    digit_shares,
    frechet_distance,
    kernel_distance,
    mean_distance,
    memorisation,
    modes_covered,
    nearest,
    nearest_other,
    precision_recall,
)
from minigan.evaluation.table import (
    SHORT,
    SIZES,
    evaluate,
    evaluate_pictures,
    format_table,
    picture_table,
    shipped_distances,
    short_table,
)

__all__ = [
    "SHORT",
    "SIZES",
    "Classifier",
    "confident_share",
    "density_coverage",
    "different_bins",
    "digit_classifier",
    "digit_shares",
    "evaluate",
    "evaluate_pictures",
    "format_table",
    "frechet_distance",
    "kernel_distance",
    "mean_distance",
    "memorisation",
    "modes_covered",
    "nearest",
    "nearest_other",
    "picture_table",
    "precision_recall",
    "shipped_distances",
    "short_table",
]
