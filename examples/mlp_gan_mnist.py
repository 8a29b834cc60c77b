"""Train a GAN of fully connected layers on handwritten digits, and watch the digits appear.

    python examples/mlp_gan_mnist.py              two to four minutes on two CPU cores
    python examples/mlp_gan_mnist.py --quick      a few seconds
    python examples/mlp_gan_mnist.py --help       all flags

The model and its training step: minigan/models/mlp_gan.py.
"""

from minigan.models import MLPGAN
from minigan.runs import Run, batches_for, image_grid, load_images, parse_run, run_parser

EPOCHS = 35  # over which the learning rates fall
BATCH_SIZE = 64


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE, data="mnist"), "mlp_gan")
    images = load_images(args)  # (N, H, W, C) in [-1, 1]
    batches = batches_for(args, images)
    model = MLPGAN(
        image_shape=images.shape[1:],
        categories=20,  # z begins with a choice between 20 categories, and
        d_hidden=(512, 256),  # D is wider than by default: with both, more digits can be read
        decay_steps=args.decay_epochs * len(batches),
    )
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, H, W, C)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish()  # curves, an animation, how good the images are


if __name__ == "__main__":
    main()
