"""Train a Wasserstein GAN with gradient penalty on handwritten digits.

    python examples/wgan_gp_mnist.py
    python examples/wgan_gp_mnist.py --quick     a few seconds

The curve to watch is the estimated distance between real and generated digits: unlike the losses of other
GANs it falls while the digits get better.  The model: minigan/models/wgan_gp.py.
"""

from minigan.models import WGANGP
from minigan.runs import load_digits, parse_run, run, run_parser

EPOCHS = 25
BATCH_SIZE = 64


def main() -> None:
    args = parse_run(run_parser(__doc__.split("\n")[0], EPOCHS, BATCH_SIZE), "wgan_gp")
    images = load_digits(args.full)  # (N, 28, 28, 1) in [-1, 1]
    run(args, WGANGP(), images)


if __name__ == "__main__":
    main()
