"""graph: what is in its data, which calls of layers are found, and what the picture says."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

import minigan as mg
from minigan.drawing.svg import boxes_of
from minigan.layers import BatchNormalization, Dense, LeakyReLU, ReLU, Sequential
from minigan.models import MLPGAN


def texts(svg):
    """All that can be read in a picture, which must be well-formed."""
    return [
        e.text for e in ElementTree.fromstring(svg).iter() if e.text and e.tag.endswith(("text", "title"))
    ]


@pytest.fixture
def small():
    x, w = mg.Tensor(np.array(0.5)), mg.Tensor(np.array(2.0))
    a = x * w
    return mg.graph(a + mg.ops.tanh(a), x=x, w=w), x, w


def test_nodes_edges_and_the_walk_of_a_graph_worked_by_hand(small):
    data = small[0].data
    assert [node["operation"] for node in data["nodes"]] == [
        "variable",
        "variable",
        "multiply",
        "tanh",
        "add",
    ]
    assert [node["name"] for node in data["nodes"]] == ["x", "w", None, None, None]
    assert [(edge["from"], edge["to"], edge["argument"]) for edge in data["edges"]] == [
        (0, 2, 0), (1, 2, 1), (2, 3, 0), (2, 4, 0), (3, 4, 1),
    ]  # fmt: skip
    assert data["walk"] == [4, 3, 2]
    slope = 1 + 1 - np.tanh(1) ** 2
    np.testing.assert_allclose(
        [n["gradient_norm"] for n in data["nodes"]], [2 * slope, 0.5 * slope, slope, 1, 1]
    )
    np.testing.assert_allclose(data["nodes"][4]["norm"], 1 + np.tanh(1))
    assert "1 - y²" in data["nodes"][3]["formula"]


def test_it_needs_no_backward_and_sets_no_grad(small):
    _, x, w = small
    assert x.grad is None and w.grad is None


def test_the_data_is_json_even_where_numbers_are_not_finite():
    x = mg.Tensor(np.array([0.0, 1.0]))
    with np.errstate(all="ignore"):
        g = mg.graph(mg.ops.log(x).sum())
    assert json.loads(g.json()) == g.data
    assert g.data["nodes"][1]["norm"] is None and g.data["nodes"][0]["gradient_norm"] is None
    assert any("not finite!" in text for text in texts(g.svg))


def test_the_picture_has_every_operation_name_value_and_gradient(small):
    said = " ".join(texts(small[0].svg))
    for word in ("x  #0", "multiply  #2", "tanh  #3", "0.7616", "g = 2.84"):
        assert word in said, word


def test_a_gradient_of_zero_is_marked():
    assert any("zero!" in text for text in texts(mg.graph(mg.ops.relu(mg.Tensor([-1.0])).sum()).svg))


def test_what_is_no_scalar_has_no_gradients_and_says_why():
    g = mg.graph(mg.Tensor([1.0, 2.0]) * 2)
    assert g.data["nodes"][0]["gradient"] is None
    assert "not a scalar" in g.data["note"] and any("not a scalar" in text for text in texts(g.svg))


def test_an_operation_without_a_derivative_is_drawn_and_named(monkeypatch):
    monkeypatch.setattr(mg.autograd, "primitives", {})

    @mg.primitive
    def no_slope(x):
        return x + 1

    note = mg.graph(no_slope(mg.Tensor(1.0))).data["note"]
    assert "no_slope has no vjp" in note


def test_constants_are_shown_and_axes_are_not():
    nodes = mg.graph((mg.Tensor(np.ones((2, 3))) * 7.0).sum(axis=1).sum()).data["nodes"]
    assert [node["constants"] for node in nodes] == [[], [{"argument": 1, "text": "7"}], [], []]


def test_names_are_escaped():
    x = mg.Tensor(1.0)
    svg = mg.graph(x * x, **{"<script>alert(1)</script>": x}).svg
    assert "<script" not in svg and any("<script>" in text for text in texts(svg))


def test_a_call_of_a_layer_is_one_box_with_its_weights():
    D = Sequential(Dense(2, 3), LeakyReLU(), BatchNormalization(3), Dense(3, 1))
    real, fake = np.ones((4, 2), np.float32), mg.Tensor(np.zeros((4, 2), np.float32))
    loss = mg.losses.discriminator_loss(D(real, True), D(fake, True))
    folds = mg.graph(loss, D=D).data["folds"]
    layers = [fold["layer"] for fold in folds]
    assert layers == ["Dense(2, 3)", "BatchNormalization(3)", "Dense(3, 1)"] * 2
    assert [fold["name"] for fold in folds][:3] == ["D.layers.0", "D.layers.2", "D.layers.3"]
    assert folds[0]["weights"] == folds[3]["weights"]
    boxes, edges = boxes_of(mg.graph(loss, D=D).data)
    assert not any(
        box.lines[0][1].startswith("D.") for box in boxes
    )  # the weights have no boxes of their own
    assert all(start < end for start, end in edges)
    plain, _ = boxes_of(mg.graph(loss).data)
    assert len(plain) > len(boxes) + 6


def test_a_weight_that_is_used_alone_is_no_call_of_its_layer():
    layer = Dense(2, 3)
    g = mg.graph((layer.kernel * layer.kernel).sum(), D=layer)
    assert g.data["folds"] == [] and g.data["nodes"][0]["name"] == "D.kernel"


def test_a_gradient_penalty_is_drawn_without_calls_that_were_none():
    D = Sequential(Dense(2, 3), ReLU(), Dense(3, 1))
    g = mg.graph(mg.losses.r1_penalty(D, np.ones((4, 2), np.float32)), D=D)
    assert g.data["folds"] == [] and texts(g.svg)


def test_a_model_names_the_weights_of_all_its_networks():
    model = MLPGAN(latent_size=4, image_shape=(4, 4, 1), g_hidden=(8,), d_hidden=(8,))
    z = mg.backend.normal((4, 4))
    data = mg.graph(model.g_loss(model.D(model.G(z, True), True)), gan=model).data
    assert {fold["name"].split(".")[1] for fold in data["folds"]} == {"generator", "discriminator"}


def test_a_long_graph_is_cut_and_says_so():
    y = mg.Tensor(0.1)
    for _ in range(300):
        y = mg.ops.tanh(y)
    g = mg.graph(y, limit=20)
    assert len(g.data["nodes"]) == 301
    said = texts(g.svg)
    assert sum(text.startswith("tanh  #") for text in said) == 20
    assert any(text.startswith("281 older boxes are left out") for text in said)
    assert "stroke-dasharray" in g.svg
    assert len(texts(mg.graph(y, limit=1000).svg)) > 900


def test_it_is_saved_as_a_file_and_shown_in_a_notebook(small, tmp_path):
    g = small[0]
    g.save(tmp_path / "graph.svg")
    with pytest.raises(TypeError, match="Graph.save: path is 5, expected a path"):
        g.save(5)
    assert (tmp_path / "graph.svg").read_text() == g.svg == g._repr_svg_()
    assert g.svg in g._repr_html_()
    assert repr(g) == "Graph(5 Tensors; draw it with .save('graph.svg'))"


@pytest.mark.parametrize("wrong", [3.0, np.ones(2), None])
def test_what_is_no_tensor_is_refused(wrong):
    with pytest.raises(TypeError, match=r"graph: y is a .*, not a Tensor"):
        mg.graph(wrong)


def test_what_has_no_name_to_give_is_refused():
    with pytest.raises(TypeError, match="graph: x is a ndarray, expected a Tensor, a Layer or a model"):
        mg.graph(mg.Tensor(1.0), x=np.ones(1))
    with pytest.raises(ValueError, match="graph: limit is 0"):
        mg.graph(mg.Tensor(1.0), limit=0)
