"""The source on the page is that of the loaded package, and the lines that are lit are those that ran."""

from pathlib import Path

import numpy as np
import pytest

import minigan
from minigan.autograd import ancestors, grad
from minigan.lab import graph, source
from minigan.lab.knobs import Settings
from minigan.lab.session import Session


@pytest.mark.parametrize("name", source.NAMES)
def test_the_lines_are_those_of_the_file(name):
    found = source.of(name)
    lines = (Path(minigan.__file__).parents[1] / found["file"]).read_text().split("\n")
    first = found["first"] - 1
    assert found["lines"] == lines[first : first + len(found["lines"])]


def test_a_primitive_is_shown_with_its_derivative():
    assert any("leaky_relu.defvjp" in line for line in source.of("leaky_relu")["lines"])


def test_what_is_not_in_the_table_is_not_shown():
    with pytest.raises(ValueError, match="name is 'os', expected one of"):
        source.of("os")


@pytest.mark.parametrize("action", ["d", "g"])
def test_a_slow_step_is_the_same_step(action):
    fast, slow = Session(Settings(width=8)), Session(Settings(width=8))
    fast.act(action)
    lines = source.lines_run(slow, action)
    assert slow.digest() == fast.digest()
    text = {
        i: line
        for i, line in enumerate(source.of(f"{action}_step")["lines"], source.of(f"{action}_step")["first"])
    }
    ran = [text[step["line"]].strip() for step in lines]
    assert ran[0] == "s = self.s" and ran[-1].startswith("return")
    made = {name: words for step in lines for name, words in step["made"].items()}
    assert made["fake"].startswith("(100, 2)") and made["gradients"].startswith("6 arrays")
    assert float(made["loss"]) == pytest.approx(slow.moments[-1].numbers[f"{action}_loss"], abs=1e-4)


def test_a_line_that_does_not_run_is_not_lit():
    def lit(**settings):
        session = Session(Settings(width=8, **settings))
        lines, found = source.lines_run(session, "d"), source.of("d_step")
        return [found["lines"][step["line"] - found["first"]] for step in lines]

    assert not any("r1_penalty" in line for line in lit())
    assert any("r1_penalty" in line for line in lit(r1_weight=1.0))


@pytest.mark.parametrize("of", ["d", "g"])
def test_the_graph_has_a_box_for_every_tensor_with_the_norm_of_its_gradient(of):
    session = Session(Settings(width=8, packing=2))
    boxes, loss = graph.of(session, of)["boxes"], graph.loss_of(session, of)
    tensors = [t for t in ancestors(loss) if t.dtype.kind == "f"]
    assert len(boxes) == len(tensors)
    for box, gradient in zip(boxes, grad(loss, tensors), strict=True):
        assert float(box["norm"]) == pytest.approx(float(np.linalg.norm(gradient)), rel=0.01)
    assert all(parent < i for i, box in enumerate(boxes) for parent in box["from"])
    assert {"D 0", "D 5"} <= {box["op"] for box in boxes}
    assert any("dy/dx" in box["formula"] for box in boxes)
