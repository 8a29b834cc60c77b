"""How a notebook shows Tensors, layers, models, traces and trainings: well-formed, escaped, with the numbers."""

import io
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import minigan as mg
from minigan.data import Batches
from minigan.drawing.curves import POINTS, curves_svg, ticks
from minigan.drawing.html import png_uri
from minigan.layers import Dense, Layer, Sequential
from minigan.models import MLPGAN
from minigan.training import Training

VOID = {"br", "img", "meta", "input", "link"}


class Checker(HTMLParser):
    """Collects the text, and objects to tags that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(html):
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    return checker


def test_the_checker_objects_to_tags_that_are_not_closed():
    for wrong in ("<div>", "<b><i></b></i>"):
        with pytest.raises((AssertionError, IndexError)):
            parsed(wrong)


def test_few_numbers_are_a_table():
    page = parsed(mg.Tensor([[1.0, 2.5], [3.0, 4.0]])._repr_html_())
    assert page.tags.count("tr") == 2 and "2.5" in page.text
    assert "(2, 2)" in " ".join(page.text) and "a variable" in " ".join(page.text)


def test_images_are_pictures_of_their_pixels():
    images = np.random.default_rng(0).uniform(-1, 1, (30, 8, 9, 3))
    page = parsed(mg.Tensor(images)._repr_html_())
    assert page.tags.count("img") == 24 and "30 images" in " ".join(page.text)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    for some in (pixels, pixels[..., :1]):
        import base64

        with Image.open(io.BytesIO(base64.b64decode(png_uri(some).partition(",")[2]))) as image:
            np.testing.assert_array_equal(np.asarray(image).reshape(some.shape), some)


def test_many_numbers_are_a_histogram_and_those_that_are_not_finite_are_counted():
    values = np.arange(200.0).reshape(10, 20)
    values[0, 0] = np.nan
    page = parsed(mg.Tensor(values)._repr_html_())
    said = " ".join(page.text)
    assert page.tags.count("rect") == 25 and "1 numbers are not finite" in said and "from 1 to 199" in said


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.array(2.0),
        np.full(100, np.nan),
        np.zeros((2, 2, 2, 2)),
        np.full(100, np.finfo(np.float32).max),  # whose sum is not finite in float32
        np.array([1e308, -1e308] * 50),
        np.arange(100) % 2 == 0,
        np.full(100, 1e16),  # whose neighbours are further away than a bar
        np.linspace(0, 1e-320, 100),
    ],
)
def test_every_kind_of_tensor_is_shown(array):
    assert parsed(mg.Tensor(array)._repr_html_()).text


def test_where_a_tensor_comes_from_and_its_gradient():
    x = mg.Tensor([3.0, 4.0])
    y = (x * x).sum()
    y.backward()
    assert "made by sum" in y._repr_html_() and "|grad| = 10" in x._repr_html_()


def test_a_layer_shows_its_weights_and_its_name_is_escaped():
    class Odd(Layer):
        def __init__(self):
            self.weights = {"<script>": mg.Tensor(np.ones(3))}

        def __repr__(self):
            return "Odd(<b>)"

    html = Odd()._repr_html_()
    assert "<script>" not in html and "<b>" not in html and "weights.&lt;script&gt;" in html
    page = parsed(Sequential(Dense(2, 3), Dense(3, 1))._repr_html_())
    assert "layers.0.kernel" in page.text and "(2, 3)" in page.text


def test_a_model_shows_settings_networks_and_optimizers():
    html = MLPGAN(latent_size=7)._repr_html_()
    page = parsed(html)
    for word in ("MLPGAN", "latent_size", "7", "generator", "discriminator", "Adam"):
        assert word in page.text, word


def test_a_trace_is_a_string_and_a_table():
    x = mg.Tensor([3.0, 4.0])
    trace = mg.trace((x * x).sum())
    assert isinstance(trace, str) and trace.startswith("#  operation")
    page = parsed(trace._repr_html_())
    assert page.tags.count("tr") == 4 and {"sum", "multiply", "variable", "10"} <= set(page.text)


def test_a_training_shows_its_curves_and_its_place(tmp_path):
    model = MLPGAN(latent_size=2, image_shape=(2, 2, 1), g_hidden=(4,), d_hidden=(4,))
    x = np.zeros((8, 2, 2, 1), np.float32)
    training = Training(model, Batches(x, 4), 2, tmp_path / "<script>")
    assert "nothing is logged yet" in training._repr_html_()
    with training:
        for epoch in training.epochs():
            for batch in training.batches(epoch):
                training.log(model.train_step(batch))
    html = training._repr_html_()
    assert "<script>" not in html
    page = parsed(html)
    assert "epoch 2 of 2, step 4" in " ".join(page.text) and page.tags.count("polyline") == 4
    assert parsed(training.history._repr_html_()).tags.count("svg") == 2


# --- Curves ------------------------------------------------------------------------------------------


def test_ticks_are_round_and_within():
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert ticks(-3, 740) == pytest.approx([0, 200, 400, 600])
    assert ticks(0.01, 0.03) == pytest.approx([0.01, 0.015, 0.02, 0.025, 0.03])


def test_one_point_is_drawn_and_a_reference_line_is_named():
    page = parsed(
        curves_svg([{"step": 5, "a": 1.0}], {"loss": ["a", "never"]}, {"loss": [(1.386, "2 log 2")]})
    )
    assert page.tags.count("circle") == 1 and "2 log 2" in page.text and "never" not in page.text


def test_a_long_history_is_thinned_and_keeps_its_last_point():
    rows = [{"step": float(i), "a": float(i)} for i in range(5000)]
    svg = curves_svg(rows, {"one": ["a"]})
    points = svg.partition('points="')[2].partition('"')[0].split()
    assert len(points) <= POINTS and float(points[-1].split(",")[0]) == 368


def test_numbers_that_are_not_finite_leave_a_gap_and_titles_are_escaped():
    rows = [{"step": 1, "a": np.inf}, {"step": 2, "a": 1.0}, {"step": 3, "a": 2.0}, {"step": 4, "a": 1.0}]
    svg = curves_svg(rows, {"<b>": ["a"]})
    assert "inf" not in svg and "nan" not in svg and "<b>" not in svg
    assert "no numbers" in curves_svg([], {"empty": ["a"]})


def test_numbers_without_a_difference_are_drawn():
    svg = curves_svg([{"step": 1, "a": 1e308}, {"step": 2, "a": -1e308}], {"loss": ["a"]})
    assert "polyline" in svg and "inf" not in svg and "nan" not in svg
