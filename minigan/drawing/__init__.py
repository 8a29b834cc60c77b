"""Drawing: graphs, curves, Tensors and networks as SVG and HTML, for a notebook and for the report of a run.

Here are only the methods `_repr_html_` that a notebook looks for; what they draw with is loaded on first use.
"""

from minigan.autograd import Tensor
from minigan.layers import Layer


def _repr_html_(thing) -> str:
    from minigan.drawing.html import html_of

    return html_of(thing)


def attach() -> None:
    """Let a notebook show Tensors and layers; models take the method over from layers."""
    for kind in (Tensor, Layer):
        kind._repr_html_ = _repr_html_  # type: ignore[union-attr]
