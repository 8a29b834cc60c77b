"""Train a convolutional GAN on handwritten digits, or on other images.

    python examples/dcgan_mnist.py                          six minutes of CPU time
    python examples/dcgan_mnist.py --upsampling nearest     with UpSampling2D and Conv2D in the generator
    python examples/dcgan_mnist.py --data fashion           on photographs of clothes; or on a folder of pictures
    python examples/dcgan_mnist.py --quick                  a few seconds

The networks: minigan/models/dcgan.py; the training step: minigan/models/gan.py.
"""

from minigan.models import DCGAN
from minigan.runs import Run, batches_for, image_grid, load_images, parse_run, run_parser

EPOCHS = 12  # over which the learning rates fall
BATCH_SIZE = 32


def main() -> None:
    parser = run_parser(__doc__, EPOCHS, BATCH_SIZE, data="mnist")
    parser.add_argument(
        "--upsampling", default="transpose", choices=("transpose", "nearest"), help="how images grow in G"
    )
    args = parse_run(parser, "dcgan")
    images = load_images(args)  # (N, H, W, C) in [-1, 1]
    batches = batches_for(args, images)
    model = DCGAN(
        image_size=images.shape[1],
        channels=images.shape[-1],
        upsampling=args.upsampling,
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
