"""Train a capsule GAN on handwritten digits: DCGAN's generator against a discriminator of capsules.

    python examples/capsgan_mnist.py             about four minutes on two CPU cores
    python examples/capsgan_mnist.py --quick     a few seconds

The networks and the training step: minigan/models/capsgan.py.  What comes of it can be compared with a DCGAN
by letting each of the two discriminators judge the other's images: examples/compare_gans.py.
"""

from minigan.models import CapsGAN
from minigan.runs import load_digits, parse_run, run, run_parser

EPOCHS = 14  # 4,368 steps, over which the learning rates fall
BATCH_SIZE = 32


def main() -> None:
    args = parse_run(run_parser(__doc__.split("\n")[0], EPOCHS, BATCH_SIZE), "capsgan")
    images = load_digits(args.full)  # (N, 28, 28, 1) in [-1, 1]
    run(args, CapsGAN(), images)


if __name__ == "__main__":
    main()
