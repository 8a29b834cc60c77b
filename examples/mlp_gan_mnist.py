"""Train a GAN of fully connected layers on handwritten digits, and watch the digits appear.

    python examples/mlp_gan_mnist.py              one to two minutes on two CPU cores
    python examples/mlp_gan_mnist.py --quick      a few seconds
    python examples/mlp_gan_mnist.py --help       all flags

The model and its training step: minigan/models/mlp_gan.py.
"""

from minigan.models import MLPGAN
from minigan.runs import load_digits, parse_run, run, run_parser

EPOCHS = 35  # 5,460 steps, over which the learning rates fall
BATCH_SIZE = 64


def main() -> None:
    args = parse_run(run_parser(__doc__.split("\n")[0], EPOCHS, BATCH_SIZE), "mlp_gan")
    images = load_digits(args.full)  # (N, 28, 28, 1) in [-1, 1]
    run(args, MLPGAN(), images)


if __name__ == "__main__":
    main()
