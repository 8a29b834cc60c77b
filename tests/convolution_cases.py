"""Convolutions to try, in any number of spatial axes: images, kernels, results, strides, padding, dilation."""

from dataclasses import dataclass
from typing import Any

import loops
from hypothesis import strategies as st

from minigan import ops
from minigan.gradcheck.strategies import arrays, integers, layouts, normal
from minigan.ops.convolution import convolution, convolution_kernel_gradient, convolution_transpose
from minigan.ops.window import window


def whole(seed, shape):
    """Small integers as floats, whose products and sums are exact."""
    return integers(seed, shape).astype(float)


@dataclass
class Case:
    """An image x, a kernel w and a result y of its convolution, any of which may be strewn in memory."""

    x: Any
    w: Any
    y: Any
    strides: tuple[int, ...]
    padding: Any
    dilation: tuple[int, ...]

    @property
    def how(self):
        return self.strides, self.padding, self.dilation

    @property
    def at(self):
        return window("test", self.x.shape[1:-1], self.w.shape[:-2], *self.how)

    def convolution(self, x, w):
        public = {4: ops.conv2d, 5: ops.conv3d}.get(self.x.ndim)
        return public(x, w, *self.how) if public else convolution(x, w, at=self.at)

    def transpose(self, y, w):
        public = {4: ops.conv2d_transpose, 5: ops.conv3d_transpose}.get(self.x.ndim)
        if public:
            return public(y, w, self.strides, self.padding, self.x.shape[1:-1], self.dilation)
        return convolution_transpose(y, w, at=self.at)

    def kernel_gradient(self, x, y):
        return convolution_kernel_gradient(x, y, at=self.at)

    def all_three(self):
        """The three operations, each of two of x, w and y."""
        return (
            self.convolution(self.x, self.w),
            self.transpose(self.y, self.w),
            self.kernel_gradient(self.x, self.y),
        )


@st.composite
def cases(draw, kind=normal, side=5, batch=(0, 2), axes=2, few_taps=False):
    """Every window: kernels larger and smaller than the stride or than the image, padding of any kind and
    larger than the kernel; more channels than filters and fewer, so that all ways to compute are taken.

    few_taps  only kernels with two or three taps for each pixel between the strides, and no dilation
    """

    def sizes(most):
        return draw(st.tuples(*[st.integers(1, most)] * axes))

    kernel, strides, dilation, image = sizes(4), sizes(3), sizes(2), sizes(side)
    if few_taps:
        kernel, dilation = tuple(draw(st.integers(s + 1, 3 * s)) for s in strides), (1,) * axes
    some = st.integers(0, 5 if axes < 3 else 2)
    padding = draw(st.sampled_from(["valid", "same"]) | some | st.tuples(*[st.tuples(some, some)] * axes))
    along = enumerate(zip(image, kernel, strides, dilation, strict=True))
    around = [sum(loops.sides(padding, axis, *each)) for axis, each in along]
    missing = [  # make the image larger where otherwise there would be no output
        max(d * (k - 1) + 1 - n - p, 0) for n, k, d, p in zip(image, kernel, dilation, around, strict=True)
    ]
    if padding != "same":
        image = tuple(n + m for n, m in zip(image, missing, strict=True))
    result = tuple(
        loops.outputs(n + sum(loops.sides(padding, axis, n, k, s, d)), k, s, d)
        for axis, (n, k, s, d) in enumerate(zip(image, kernel, strides, dilation, strict=True))
    )
    n, c, f = (draw(st.integers(*limits)) for limits in (batch, (1, 3), (1, 3)))
    shapes = [(n, *image, c), (*kernel, c, f), (n, *result, f)]
    x, w, y = (draw(arrays(shape, kind, layouts)) for shape in shapes)
    return Case(x, w, y, strides, padding, dilation)
