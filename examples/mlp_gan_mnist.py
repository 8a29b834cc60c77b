"""Train a GAN of fully connected layers on handwritten digits, and watch the digits appear.

    python examples/mlp_gan_mnist.py              one to two minutes on two CPU cores
    python examples/mlp_gan_mnist.py --quick      a few seconds
    python examples/mlp_gan_mnist.py --help       all flags

The model and its training step: minigan/models/mlp_gan.py.
"""

from minigan.models import MLPGAN
from minigan.runs import Run, batches_for, image_grid, load_digits, parse_run, run_parser

EPOCHS = 35  # over which the learning rates fall
BATCH_SIZE = 64


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE), "mlp_gan")
    images = load_digits(args.full)  # (N, 28, 28, 1) in [-1, 1]
    batches = batches_for(args, images)
    model = MLPGAN(decay_steps=args.decay_epochs * len(batches))
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, 28, 28, 1)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish()  # curves, an animation, how good the digits are


if __name__ == "__main__":
    main()
