"""Train a convolutional GAN on handwritten digits.

    python examples/dcgan_mnist.py                          about three minutes on two CPU cores
    python examples/dcgan_mnist.py --upsampling nearest     with UpSampling2D and Conv2D in the generator
    python examples/dcgan_mnist.py --quick                  a few seconds

The networks: minigan/models/dcgan.py; the training step: minigan/models/gan.py.
"""

from minigan.models import DCGAN
from minigan.runs import load_digits, parse_run, run, run_parser

EPOCHS = 14  # 4,368 steps, over which the learning rates fall
BATCH_SIZE = 32


def main() -> None:
    parser = run_parser(__doc__.split("\n")[0], EPOCHS, BATCH_SIZE)
    parser.add_argument(
        "--upsampling", default="transpose", choices=("transpose", "nearest"), help="how images grow in G"
    )
    args = parse_run(parser, "dcgan")
    images = load_digits(args.full)  # (N, 28, 28, 1) in [-1, 1]
    run(args, DCGAN(upsampling=args.upsampling), images)


if __name__ == "__main__":
    main()
