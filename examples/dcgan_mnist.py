"""Train a convolutional GAN on handwritten digits.

    python examples/dcgan_mnist.py                          about three minutes on two CPU cores
    python examples/dcgan_mnist.py --upsampling nearest     with UpSampling2D and Conv2D in the generator
    python examples/dcgan_mnist.py --quick                  a few seconds

The networks: minigan/models/dcgan.py; the training step: minigan/models/gan.py.
"""

from minigan.models import DCGAN
from minigan.runs import Run, batches_for, image_grid, load_digits, parse_run, run_parser

EPOCHS = 14  # over which the learning rates fall
BATCH_SIZE = 32


def main() -> None:
    parser = run_parser(__doc__, EPOCHS, BATCH_SIZE)
    parser.add_argument(
        "--upsampling", default="transpose", choices=("transpose", "nearest"), help="how images grow in G"
    )
    args = parse_run(parser, "dcgan")
    images = load_digits(args.full)  # (N, 28, 28, 1) in [-1, 1]
    batches = batches_for(args, images)
    model = DCGAN(upsampling=args.upsampling, decay_steps=args.decay_epochs * len(batches))
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, 28, 28, 1)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish()  # curves, an animation, how good the digits are


if __name__ == "__main__":
    main()
