"""Runs: the flags that the examples share, the folder that they fill, and how to open it again."""

import sys

try:
    from minigan.runs.data import images_of_run, load_images, split_images
    from minigan.runs.digits import (
        batches_for,
        full_if_possible,
        load_digits,
        load_labelled_digits,
        split_digits,
        split_labelled_digits,
    )
    from minigan.runs.flags import (
        absolute_path,
        model_class,
        natural,
        parse_run,
        parse_with_device,
        positive,
        run_parser,
    )
    from minigan.runs.folder import MODELS, load_run, new_folder
    from minigan.runs.pictures import image_grid, labelled, plot_history, save_animation, save_image
    from minigan.runs.run import Run
    from minigan.runs.shipped import SHIPPED, load_shipped
    from minigan.runs.solids import save_turning, solid_grid
except KeyboardInterrupt:  # while an example begins: nothing is lost
    print("stopped before it began")
    sys.exit(130)

__all__ = [
    "MODELS",
    "SHIPPED",
    "Run",
    "absolute_path",
    "batches_for",
    "full_if_possible",
    "image_grid",
    "images_of_run",
    "labelled",
    "load_digits",
    "load_images",
    "load_labelled_digits",
    "load_run",
    "load_shipped",
    "model_class",
    "natural",
    "new_folder",
    "parse_run",
    "parse_with_device",
    "plot_history",
    "positive",
    "run_parser",
    "save_animation",
    "save_image",
    "save_turning",
    "solid_grid",
    "split_digits",
    "split_images",
    "split_labelled_digits",
]
