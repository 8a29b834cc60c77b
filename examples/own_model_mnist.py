"""Train a model of one's own, which is not part of the package: a GAN that draws the digit that it is asked for.

    python examples/own_model_mnist.py              three minutes of CPU time
    python examples/own_model_mnist.py --quick      a few seconds
    python examples/generate.py runs/labelled_gan --model examples/own_model_mnist.py:LabelledGAN

After Mirza and Osindero 2014: both networks are told the class c, as a one-hot code,

    G: z, c -> x            D: x, c -> one logit: is x real, and is it a c?

Here the first numbers of z are the code, so that noise without a code draws a digit at random.  A row of the
samples is one digit.  The page docs/guide/conditional.md goes through it; minigan/models/conditional_gan.py is the
package's own way.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigan import layers as L
from minigan.autograd import grad
from minigan.backend import normal, to_device
from minigan.evaluation import digit_classifier
from minigan.losses import discriminator_loss, generator_loss, r1_penalty
from minigan.models import MLPGAN
from minigan.models.categorical import CategoricalCode
from minigan.models.mlp_gan import generator
from minigan.ops import concatenate, reshape
from minigan.optimizers import update_ema, warm_up
from minigan.runs import Run, batches_for, image_grid, load_labelled_digits, parse_run, run_parser

EPOCHS = 35  # over which the learning rates fall
BATCH_SIZE = 64


@dataclass(kw_only=True, eq=False)
class LabelledGAN(MLPGAN):
    """G: z (N, latent_size), whose first numbers are the code -> x;  D: x and the code -> one logit (N, 1)."""

    classes: int = 10

    name = "labelled_gan"

    def build(self) -> tuple[L.Layer, L.Layer]:
        G = L.Sequential(
            CategoricalCode(self.classes), generator(self.latent_size, self.g_hidden, self.image_shape)
        )
        pixels, (first, second) = int(np.prod(self.image_shape)), self.d_hidden
        return G, L.Sequential(
            L.Dense(pixels + self.classes, first), L.LeakyReLU(0.2),
            L.Dense(first, second), L.LeakyReLU(0.2), L.MinibatchStdDev(), L.Dense(second + 1, 1),
        )  # fmt: skip

    def code(self, labels: np.ndarray) -> np.ndarray:
        """The one-hot code (N, classes) of labels (N,)."""
        return np.eye(self.classes, dtype=np.float32)[labels]

    def train_step(self, batch) -> dict[str, Any]:
        """One step of D and one of G on images x (N, H, W, C) and their labels (N,)."""
        images, labels = batch
        x, c = to_device(self.checked(images)), to_device(self.code(labels))
        z = concatenate([c, normal((len(x), self.latent_size - self.classes))], axis=1)  # (N, latent_size)
        fake = self.G(z, training=True)

        d_loss = discriminator_loss(self.logits(x, c), self.logits(fake.data, c))
        if self.d_optimizer.steps % self.r1_every == 0:
            d_loss += self.r1_every * self.r1_weight / 2 * r1_penalty(lambda x: self.logits(x, c), x)
        self.d_optimizer.step(grad(d_loss, self.D.parameters()))

        g_loss = generator_loss(self.logits(fake, c))
        self.g_optimizer.step(grad(g_loss, self.G.parameters()))
        update_ema(self.average, self.G, warm_up(self.average_decay, self.g_optimizer.steps))
        return {"d_loss": d_loss.data, "g_loss": g_loss.data}

    def logits(self, x, c):
        """D's logits (N, 1) of images x with the codes c."""
        return self.D(concatenate([reshape(x, (len(x), -1)), c], axis=1), training=True)

    def sample_of(self, label: int, n: int, seed: int = 0) -> np.ndarray:
        """n images (n, H, W, C) of one class."""
        noise = np.random.default_rng(seed).standard_normal((n, self.latent_size))
        noise[:, : self.classes] = self.code(np.full(n, label))
        return self.sample(n, noise)


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE), "labelled_gan")
    batches = batches_for(args, load_labelled_digits(args.full))  # images (N, 28, 28, 1), labels (N,)
    model = LabelledGAN(decay_steps=args.decay_epochs * len(batches))
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        run.noise[:, : model.classes] = model.code(np.arange(100) // 10)  # a row of the samples is one digit
        for epoch in run.epochs():
            for batch in run.batches(epoch):
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    read = [digit_classifier().predict_proba(model.sample_of(d, 200)).argmax(axis=1) for d in range(10)]
    print(f"of the digits asked for, {np.mean(np.array(read).T == np.arange(10)):.1%} are read as such")
    run.finish()  # curves, an animation, how good the digits are


if __name__ == "__main__":
    main()
