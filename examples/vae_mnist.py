"""Train a variational autoencoder on handwritten digits.

    python examples/vae_mnist.py                           about two minutes on two CPU cores
    python examples/vae_mnist.py --latent-size 2           with a map of the whole latent plane
    python examples/vae_mnist.py --quick                   a few seconds

Beside the samples it draws

    reconstructions.png    real images x, each with what the decoder makes of E(x) to the right of it
    walk.png               from one real image to another through the latent space, a walk in each row;
                           with two latent dimensions, the images over the plane, at equal steps of probability

and prints the ELBO in nats: of the test images with --full, otherwise of a tenth that is held out.
The model: minigan/models/vae.py.
"""

from statistics import NormalDist

import numpy as np

from minigan.models import VAE
from minigan.models.vae import LIKELIHOODS
from minigan.runs import Run, batches_for, image_grid, labelled, parse_run, positive, run_parser, split_images

EPOCHS = 20
BATCH_SIZE = 64
PAIRS, COLUMNS = 50, 5  # pairs in reconstructions.png, and in one row of it
WALKS, STEPS = 12, 12  # rows of walk.png, and images in a row


def main() -> None:
    parser = run_parser(__doc__, EPOCHS, BATCH_SIZE, decay=False, data="mnist")
    parser.add_argument("--latent-size", type=positive, default=16, help="dimensions of z")
    parser.add_argument("--likelihood", default="bernoulli", choices=LIKELIHOODS, help="p(x|z)")
    args = parse_run(parser, "vae")
    images, unseen = split_images(args)  # (N, H, W, C) in [-1, 1]
    model = VAE(
        image_size=images.shape[1],
        channels=images.shape[-1],
        latent_size=args.latent_size,
        likelihood=args.likelihood,
    )
    batches = batches_for(args, images)
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, H, W, C)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish(finish(model, unseen))


def finish(model: VAE, x: np.ndarray) -> dict[str, np.ndarray]:
    """Print the ELBO of images x that the model was not trained on, and draw them."""
    print(f"test ELBO ({model.likelihood}): {model.elbo(x):.2f} nats")
    shown = x[:PAIRS]
    pairs = np.stack([shown, model.reconstruct(shown)], axis=1).reshape(-1, *x.shape[1:])
    if model.latent_size == 2:
        steps = [NormalDist().inv_cdf((i + 0.5) / STEPS) for i in range(STEPS)]
        z = np.array([(a, b) for b in reversed(steps) for a in steps])  # (STEPS * STEPS, 2)
        title = "The latent plane, z_1 to the right and z_2 upwards, at equal steps of probability"
    else:
        start, end = model.encode(x[:WALKS]), model.encode(x[WALKS : 2 * WALKS])
        t = np.linspace(0, 1, STEPS)[:, np.newaxis]  # (STEPS, 1)
        z = np.concatenate([(1 - t) * a + t * b for a, b in zip(start, end, strict=True)])
        title = "In each row, a walk through the latent space between the encodings of two real images"
    grids = (
        image_grid(pairs, columns=2 * COLUMNS, scale=3),
        image_grid(model.sample(len(z), z), STEPS, scale=3),
    )
    return {
        "reconstructions": labelled(grids[0], "", columns=["image", "drawn"] * COLUMNS),
        "walk": labelled(grids[1], title),
    }


if __name__ == "__main__":
    main()
