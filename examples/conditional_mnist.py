"""Train a conditional GAN on handwritten digits: it draws the digit that it is asked for.

    python examples/conditional_mnist.py             about two minutes on two CPU cores
    python examples/conditional_mnist.py --quick     a few seconds

Every picture of samples has a column for each digit, 0 to 9.  At the end it prints how many of 2,000 samples the
classifier of minigan/evaluation reads as the digit that was asked for, and the same of real test images.
The networks and the training step: minigan/models/conditional_gan.py.
"""

import numpy as np

from minigan.evaluation import digit_classifier
from minigan.evaluation.classifier import about
from minigan.models import ConditionalGAN
from minigan.runs import Run, batches_for, image_grid, load_labelled_digits, parse_run, run_parser

EPOCHS = 4  # over which the learning rates fall
BATCH_SIZE = 32
SAMPLES = 2000  # that the classifier reads


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE), "conditional")
    images, labels = load_labelled_digits(args.full)  # (N, 28, 28, 1) in [-1, 1] and (N,)
    batches = batches_for(args, (images, labels))
    model = ConditionalGAN(decay_steps=args.decay_epochs * len(batches))
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # images (N, 28, 28, 1) and labels (N,)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))  # without labels: 0 to 9 in turn
    if not args.quick:
        print(how_often_as_asked(model))
    run.finish()  # curves, an animation, how good the digits are


def how_often_as_asked(model: ConditionalGAN) -> str:
    labels = np.arange(SAMPLES) % 10
    noise = np.random.default_rng(0).standard_normal((SAMPLES, model.latent_size))
    p = digit_classifier().predict_proba(model.sample(SAMPLES, noise, labels))  # (SAMPLES, 10)
    right = p.argmax(axis=1) == labels
    each = " ".join(f"{100 * right[labels == digit].mean():.0f}" for digit in range(10))
    return (
        f"read as the digit asked for, %: {100 * right.mean():.1f} of samples ({each} of 0 to 9); "
        f"{100 * about()['accuracy']:.1f} of real test images"
    )


if __name__ == "__main__":
    main()
