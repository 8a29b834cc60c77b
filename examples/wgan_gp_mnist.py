"""Train a Wasserstein GAN with gradient penalty on handwritten digits.

    python examples/wgan_gp_mnist.py
    python examples/wgan_gp_mnist.py --quick     a few seconds

D estimates the distance between real and generated digits.  It takes one step for each of G, so it is behind the
best D, and the curve of its estimate stays small instead of falling.  The model: minigan/models/wgan_gp.py.
"""

from minigan.models import WGANGP
from minigan.runs import Run, batches_for, image_grid, load_images, parse_run, run_parser

EPOCHS = 8  # over which the learning rates fall
BATCH_SIZE = 32


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE, data="mnist"), "wgan_gp")
    images = load_images(args)  # (N, H, W, C) in [-1, 1]
    batches = batches_for(args, images)
    model = WGANGP(
        image_size=images.shape[1],
        channels=images.shape[-1],
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
