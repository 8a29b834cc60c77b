"""Train a convolutional GAN on small drawn faces in colour.

    python examples/dcgan_faces.py                           two to four minutes on two CPU cores
    python examples/dcgan_faces.py --data FOLDER --image-size 32    on your own pictures
    python examples/dcgan_faces.py --quick                   a few seconds

The faces: minigan/data/faces.py; the networks: minigan/models/dcgan.py; the training step: minigan/models/gan.py.
"""

from minigan.models import DCGAN
from minigan.runs import Run, batches_for, image_grid, load_images, parse_run, run_parser

EPOCHS = 14  # over which the learning rates fall
BATCH_SIZE = 32


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE, data="faces"), "dcgan_faces")
    images = load_images(args)  # (N, 16, 16, 3) in [-1, 1]
    batches = batches_for(args, images)
    model = DCGAN(
        image_size=images.shape[1],
        channels=images.shape[-1],
        latent_size=64,
        width=48,
        categories=0,  # unlike digits, faces are not of ten kinds: each part is chosen by itself
        r1_weight=2.0,
        decay_steps=args.decay_epochs * len(batches),
    )
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, 16, 16, 3)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish()  # curves, an animation, a table of how new and how different the faces are


if __name__ == "__main__":
    main()
