"""A GAN of minigan once more in PyTorch: the same layers, weights and training step, for a comparison.

    ours = DCGAN()
    theirs = TorchGAN(ours)        # starts from the weights of ours
    theirs.train_step(images)      # images (N, H, W, C) in [-1, 1], as for ours

Three things differ: PyTorch keeps images as (N, C, H, W); the variance that it averages for inference is
divided by N - 1; and its ε in Adam is added to √v̂, not to √v.  minigan's step also computes the diagnostics
of `minigan.models.gan`, which nothing is trained with, and PyTorch's does not.
"""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from minigan import layers as L
from minigan.interchange import to_torch
from minigan.models.categorical import CategoricalCode
from minigan.models.gan import GAN
from minigan.models.model import CHUNK
from minigan.optimizers import warm_up


class OneHotCode(nn.Module):
    """z (N, latent_size): the largest of the first numbers becomes 3, the others of them 0."""

    def __init__(self, categories: int):
        super().__init__()
        self.categories = categories

    def forward(self, z):
        first, rest = z[:, : self.categories], z[:, self.categories :]
        return torch.cat([3 * (first == first.amax(1, keepdim=True)).to(z.dtype), rest], 1)


class StdDev(nn.Module):
    """x (N, C, ...) -> (N, C + 1, ...): the mean standard deviation over the batch as a further channel."""

    def forward(self, x):
        s = (x.var(0, correction=0) + 1e-8).sqrt().mean()
        return torch.cat([x, s.expand(len(x), 1, *x.shape[2:])], 1)


def counterpart(layer: L.Layer, axes: int) -> nn.Module:
    """The layer of PyTorch that does the same with an input of so many axes; its weights are other ones."""
    match layer:
        case CategoricalCode():
            return OneHotCode(layer.categories)
        case L.Dense():
            return nn.Linear(layer.in_features, layer.units, layer.use_bias)
        case L.Conv2D() | L.Conv2DTranspose():
            kind = nn.ConvTranspose2d if layer.transposed else nn.Conv2d
            (kernel, _), (stride, _) = layer.kernel_size, layer.strides
            padding = (
                kernel - stride + 1
            ) // 2  # "same" for an image whose sides are multiples of the stride
            return kind(layer.in_channels, layer.filters, kernel, stride, padding, bias=layer.use_bias)
        case L.BatchNormalization():
            kind = nn.BatchNorm1d if axes == 2 else nn.BatchNorm2d
            return kind(layer.channels, layer.epsilon, 1 - layer.momentum)
        case L.MinibatchStdDev():
            return StdDev()
        case L.Flatten():
            return nn.Flatten()
        case L.Reshape():
            height, width, channels = layer.shape
            return nn.Unflatten(1, (channels, height, width))
        case L.ReLU():
            return nn.ReLU()
        case L.LeakyReLU():
            return nn.LeakyReLU(layer.negative_slope)
        case L.Tanh():
            return nn.Tanh()
    raise TypeError(f"no counterpart of {layer!r}")


def twin(network: L.Sequential, shape: tuple[int, ...]) -> nn.Sequential:
    """The same network with the same weights, for inputs (N, *shape), of images (N, C, H, W)."""
    x, modules, state, last = np.zeros((2, *shape), np.float32), [], to_torch(network), -1
    flat = None  # the order of H·W·C numbers in which they are C·H·W, from Flatten to the next Dense
    for i, layer in enumerate(network.layers):
        modules.append(counterpart(layer, x.ndim))
        if isinstance(layer, L.Reshape):
            for name in {f"{last}.weight", f"{last}.bias"} & set(state):
                state[name] = state[name][channels_first(layer.shape)]
        elif isinstance(layer, L.Flatten):
            flat = channels_first(x.shape[1:])
        elif isinstance(layer, L.Dense):
            last = i
            if flat is not None:
                state[f"{i}.weight"], flat = state[f"{i}.weight"][:, flat], None
        x = np.asarray(getattr(y := layer(x), "data", y))
    torch_network = nn.Sequential(*modules)
    torch_network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in state.items()})
    return torch_network


def channels_first(shape: tuple[int, ...]) -> np.ndarray:
    """The indices of numbers in the order H, W, C that put them into the order C, H, W."""
    return np.moveaxis(np.arange(np.prod(shape)).reshape(shape), -1, 0).reshape(-1)


class TorchGAN:
    """The GAN of PyTorch that `model` is in minigan, with its settings; `train_step` and `sample` as there.

    fused  Adam's fused kernel, PyTorch's fastest on a CPU
    """

    def __init__(self, model: GAN, fused: bool = True):
        self.settings, self.steps = model, 0
        self.G = twin(model.G, (model.latent_size,))
        self.D = twin(model.D, model.G(np.zeros((2, model.latent_size), np.float32)).shape[1:])
        self.average = copy.deepcopy(self.G).eval()
        self.rates = [model.schedule(rate) for rate in model.learning_rates]
        self.g_optimizer, self.d_optimizer = (
            torch.optim.Adam(network.parameters(), 1.0, model.betas, eps=1e-7, fused=fused)
            for network in (self.G, self.D)
        )

    def noise(self, n: int) -> torch.Tensor:
        return torch.randn(n, self.settings.latent_size)

    def penalty(self, real: torch.Tensor):
        """r1_every · γ/2 · ‖∇D(x)‖² at every r1_every-th step; 0 in between."""
        model = self.settings
        if not model.r1_weight or self.steps % model.r1_every:
            return 0.0
        x = real.detach().requires_grad_()
        (slopes,) = torch.autograd.grad(self.D(x).sum(), x, create_graph=True)
        return model.r1_every * model.r1_weight / 2 * slopes.square().sum() / len(x)

    def train_step(self, images: np.ndarray) -> dict[str, float]:
        real = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
        fake = self.G(self.noise(len(real)))
        d_loss = F.softplus(-self.D(real)).mean() + F.softplus(self.D(fake.detach())).mean()
        self.update(self.d_optimizer, self.rates[1], d_loss + self.penalty(real))
        g_loss = F.softplus(-self.D(fake)).mean()
        self.update(self.g_optimizer, self.rates[0], g_loss)
        self.steps += 1
        decay = warm_up(self.settings.average_decay, self.steps)
        with torch.no_grad():
            torch._foreach_lerp_(arrays(self.average), arrays(self.G), 1 - decay)
        return {"d_loss": d_loss.item(), "g_loss": g_loss.item()}

    def update(self, optimizer, rate, loss) -> None:
        """A step of the optimizer down this loss, of which only the gradients for its parameters are taken."""
        (group,) = optimizer.param_groups
        group["lr"] = rate(self.steps) if callable(rate) else rate
        optimizer.zero_grad()
        loss.backward(inputs=group["params"])
        optimizer.step()

    def sample(self, n: int, noise: np.ndarray) -> np.ndarray:
        """n images (n, H, W, C) from noise (n, latent_size), by the moving average of G."""
        chunks = torch.from_numpy(noise.astype(np.float32)).split(CHUNK)
        with torch.no_grad():
            return torch.cat([self.average(z) for z in chunks]).permute(0, 2, 3, 1).numpy()


def arrays(network: nn.Module) -> list[torch.Tensor]:
    """The weights and the running statistics, but not PyTorch's counts of batches."""
    return [*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())]
