"""Make minigan/data/generator_NAME.npz, a trained generator that minigan ships, from the folder of a run.

    python tools/make_generators.py faces RUN       RUN is the folder that examples/dcgan_faces.py has filled
    python tools/make_generators.py digits RUN      that of examples/conditional_mnist.py

The file keeps the moving average of G as float16, and the command, version and seed of the run.
"""

import argparse
from pathlib import Path

import numpy as np

from minigan.runs.folder import load_run, read_config
from minigan.runs.shipped import PLACE, SHIPPED, save_generator

EXAMPLES = {"faces": "dcgan_faces.py", "digits": "conditional_mnist.py"}
FLAGS = ("epochs", "decay_epochs", "batch_size", "seed")  # that decide the weights


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a trained generator that minigan ships.")
    parser.add_argument("name", choices=SHIPPED)
    parser.add_argument("run", type=Path, help="folder of the finished run")
    parser.add_argument("--output", type=Path, help="the file (default: the one that is shipped)")
    arguments = parser.parse_args()
    config = read_config(arguments.run)
    words = [f"--{flag.replace('_', '-')} {config['flags'][flag]}" for flag in FLAGS]
    about = {
        "command": f"python examples/{EXAMPLES[arguments.name]} {' '.join(words)}",
        "minigan": config["version"],
        "numpy": np.__version__,
    }
    output = arguments.output or PLACE / f"generator_{arguments.name}.npz"
    save_generator(output, load_run(arguments.run), about)
    print(f"wrote {output}, {output.stat().st_size:,} bytes: {about['command']}")


if __name__ == "__main__":
    main()
