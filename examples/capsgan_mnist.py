"""Train a capsule GAN on handwritten digits: DCGAN's generator against a discriminator of capsules.

    python examples/capsgan_mnist.py             about four minutes on two CPU cores
    python examples/capsgan_mnist.py --quick     a few seconds

The networks and the training step: minigan/models/capsgan.py.  What comes of it can be compared with a DCGAN
by letting each of the two discriminators rate the other's images: examples/compare_gans.py.
"""

from minigan.models import CapsGAN
from minigan.runs import Run, batches_for, image_grid, load_images, parse_run, run_parser

EPOCHS = 14  # over which the learning rates fall
BATCH_SIZE = 32


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE, data="mnist"), "capsgan")
    images = load_images(args)  # (N, H, W, C) in [-1, 1]
    batches = batches_for(args, images)
    steps = args.decay_epochs * len(batches)
    model = CapsGAN(image_size=images.shape[1], channels=images.shape[-1], decay_steps=steps)
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, H, W, C)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish()  # curves, an animation, how good the images are


if __name__ == "__main__":
    main()
