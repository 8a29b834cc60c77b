"""report.html: what is on the page, that it is escaped and needs nothing else, and that it stays small."""

import base64
import io
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from minigan.models import AEGAN, DCGAN, MLPGAN, VAE, WGANGP, CapsGAN
from minigan.models.gan import GAN
from minigan.runs import report as runs_report
from minigan.runs.pictures import save_image
from minigan.runs.report import FRAME_BYTES, FRAMES, PICTURE_BYTES, reference_lines, warnings_of, write_report

CONFIG = {
    "model": "mlp_gan",
    "settings": {"latent_size": 3},
    "flags": {"epochs": 3},
    "data": {"examples": 40},
}
ROWS = [{"step": 5.0 * i, "d_loss": 1.0 + i, "g_loss": 1.0} for i in range(1, 9)]


class Page(HTMLParser):
    """The tags with their attributes, the text, and what could load something."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text, self.loads = [], "", []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        for name, value in attributes:
            if name in ("src", "href", "action", "data", "srcset", "poster") and not value.startswith(
                "data:"
            ):
                self.loads.append(value)
        if tag in ("link", "iframe", "object", "embed", "base", "form"):
            self.loads.append(tag)

    def handle_data(self, data):
        self.text += data


def outside(path):
    """Everything in the page that leads to another file or to the network."""
    page, text = Page(path), path.read_text()
    without = re.sub(r"data:image/\w+;base64,[\w+/=]*", "", text).replace("http://www.w3.org/2000/svg", "")
    return page.loads + re.findall(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|import\(", without)


def report(folder, epochs=3, size=60, channels=1, **changes):
    """A report of a run with a picture after each epoch."""
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(epochs + 1):
        picture = rng.integers(0, 256, (size, size, channels), dtype=np.uint8)
        save_image(folder / "samples" / f"epoch_{i:04d}.png", picture.repeat(2, axis=0).repeat(2, axis=1))
    facts = {
        "config": CONFIG, "rows": ROWS, "state": "3 of 3 epochs", "command": "python a.py --resume b",
        "panels": {"loss": ["d_loss", "g_loss"]}, "references": {"loss": [(2 * math.log(2), "2 log 2")]},
        "last_epoch": epochs,
    }  # fmt: skip
    write_report(folder, **(facts | changes))
    return folder / "report.html"


def frames(path):
    text = path.read_text().partition('id="frames">')[2].partition("</script>")[0]
    return json.loads(text)


def test_it_has_samples_curves_warnings_table_settings_and_the_command(tmp_path):
    path = report(tmp_path / "run", metrics="confident   73.9 %")
    text = Page(path).text
    for words in ("mlp_gan: run", "3 of 3 epochs", "2 log 2", "The monitor gave none", "confident   73.9 %",
                  "latent_size", "python a.py --resume b", "epoch 3"):  # fmt: skip
        assert words in text, words
    assert not list(tmp_path.rglob("*.part"))


def test_the_slider_has_a_picture_of_every_epoch_with_its_pixels(tmp_path):
    path = report(tmp_path, epochs=4, last_epoch=3)
    found = frames(path)
    assert [epoch for epoch, _ in found] == [0, 1, 2, 3]  # the fifth is of a longer run
    slider = next(attributes for tag, attributes in Page(path).tags if tag == "input")
    assert (slider["max"], slider["value"]) == ("3", "3")
    rng = np.random.default_rng(0)
    for _, uri in found:
        with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
            np.testing.assert_array_equal(
                np.asarray(image), rng.integers(0, 256, (60, 60, 1), dtype=np.uint8)[..., 0]
            )


def test_it_needs_nothing_from_outside_and_says_so_to_the_browser(tmp_path):
    path = report(tmp_path, pictures={"some_more": np.zeros((4, 4, 3), np.uint8)})
    assert outside(path) == []
    policy = next(
        a["content"] for tag, a in Page(path).tags if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy


def test_what_leads_outside_would_be_noticed(tmp_path):
    path = report(tmp_path)
    page = path.read_text()
    for wrong in ("<img src='a.png'>", "<link rel=stylesheet href=a.css>", "<style>@import 'a'</style>",
                  "<script>fetch('a')</script>", "<p>http://example.org</p>"):  # fmt: skip
        path.write_text(page.replace("</body>", f"{wrong}</body>"))
        assert outside(path), wrong


NASTY = "<script>alert(1)</script>&\"'"


def test_names_from_users_are_escaped(tmp_path):
    config = {"model": NASTY, "settings": {NASTY: NASTY}, "flags": {NASTY: [NASTY]}, "data": {NASTY: {NASTY: 1}},
              "version": NASTY}  # fmt: skip
    rows = [{"step": 1.0, NASTY: 1.0}, {"step": 2.0, NASTY: 2.0}]
    path = report(
        tmp_path / "a<script>alert(1)<", config=config, rows=rows, state=NASTY, command=NASTY, panels={NASTY: [NASTY]},
        references={NASTY: [(1.0, NASTY)]}, pictures={NASTY: np.zeros((4, 4, 1), np.uint8)}, metrics=NASTY,
    )  # fmt: skip
    page = Page(path)
    assert sum(tag == "script" for tag, _ in page.tags) == 2  # the frames, and the slider
    assert "alert(1)" in page.text and "<script>alert" not in path.read_text()


@pytest.mark.parametrize(("channels", "size", "epochs"), [(1, 60, 120), (3, 170, 7), (1, 8, 400)])
def test_it_stays_small_and_keeps_first_and_last(tmp_path, channels, size, epochs, monkeypatch):
    assert (FRAME_BYTES + PICTURE_BYTES) * 4 / 3 < 2_950_000  # of a file of three megabytes
    monkeypatch.setattr(runs_report, "FRAME_BYTES", 180_000)
    path = report(tmp_path, epochs=epochs, size=size, channels=channels)
    assert path.stat().st_size < 180_000 * 4 / 3 + 20_000
    shown = [epoch for epoch, _ in frames(path)]
    assert shown[-1] == epochs and shown == sorted(shown) and 2 <= len(shown) <= FRAMES and shown[0] == 0
    assert f"{len(shown)} of {epochs + 1} pictures" in Page(path).text


def test_pictures_for_which_there_is_no_room_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(runs_report, "PICTURE_BYTES", 5_000)
    large = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    text = Page(report(tmp_path, pictures={"small": large[:9, :9], "large": large})).text
    assert "small" in text and "large" not in text


def test_a_run_without_samples_and_rows_has_a_report(tmp_path):
    write_report(tmp_path, CONFIG, [], "0 of 3 epochs", "command", {"loss": ["d_loss"]}, {}, 0)
    assert "no numbers" in Page(tmp_path / "report.html").text and outside(tmp_path / "report.html") == []


def test_warnings_come_with_the_step_at_which_they_were_given():
    rows = [{"step": 50.0 * i, "diversity": 0.1} for i in range(1, 9)]
    [(step, warning)] = warnings_of(rows)
    assert step == 200 and warning.startswith("G repeats itself")


def test_a_warning_is_on_the_page(tmp_path):
    text = Page(report(tmp_path, rows=[{"step": 50.0 * i, "diversity": 0.1} for i in range(1, 9)])).text
    assert "step 200: G repeats itself" in text and "gave none" not in text


def test_reference_lines_are_those_of_the_loss():
    two, one = 2 * math.log(2), math.log(2)
    for model in (MLPGAN, DCGAN):
        found = reference_lines(model())
        assert [number for number, _ in found["loss"]] == [two, one]
        assert [number for number, _ in found["probability of being real"]] == [0.5]
        assert found.keys() <= model.curves.keys()
    assert reference_lines(WGANGP()) == reference_lines(VAE()) == {}
    assert [number for number, _ in reference_lines(CapsGAN())["length of the capsule"]] == [
        CapsGAN.UNDECIDED
    ]
    aegan = AEGAN()
    assert [numbers[0][0] for numbers in reference_lines(aegan).values()] == [one, two]
    assert reference_lines(aegan).keys() <= aegan.curves.keys()

    class Hinge(MLPGAN):
        def d_loss(self, real, fake):
            return GAN.d_loss(self, real, fake)

    assert reference_lines(Hinge()) == {}  # another loss, of which nothing is known
