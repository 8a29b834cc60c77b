"""Pictures: where each image lands in a grid, which grey -1, 0 and 1 become, and files that can be read."""

import numpy as np
import pytest
from PIL import Image

from minigan.runs.pictures import image_grid, labelled, plot_history, save_animation, save_image

GAP_GREY = 64


def constant(values, size=(2, 2), channels=1):
    """One image of a single value for each of the values."""
    return np.array(values, np.float32)[:, None, None, None] * np.ones((1, *size, channels), np.float32)


def test_grid_worked_by_hand():
    grid = image_grid(constant([-1, 0, 1], size=(1, 2)), columns=2, gap=1, scale=1)
    assert grid[..., 0].tolist() == [
        [0, 0, 64, 128, 128],
        [64, 64, 64, 64, 64],
        [255, 255, 64, 64, 64],
    ]


@pytest.mark.parametrize(
    ("value", "pixel"), [(-1, 0), (-0.5, 64), (0, 128), (0.5, 191), (1, 255), (-1.7, 0), (1.7, 255)]
)
def test_pixel_values(value, pixel):
    grid = image_grid(constant([value]))
    assert grid.dtype == np.uint8 and (grid == pixel).all()


@pytest.mark.parametrize(
    ("n", "columns", "layout"),
    [
        (1, None, (1, 1)),
        (4, None, (2, 2)),
        (5, None, (2, 3)),
        (10, None, (3, 4)),
        (7, 7, (1, 7)),
        (7, 3, (3, 3)),
    ],
)
@pytest.mark.parametrize("gap", [0, 1, 3])
@pytest.mark.parametrize("scale", [1, 2])
def test_the_size_of_a_grid(n, columns, layout, gap, scale):
    grid = image_grid(constant([0] * n, size=(4, 5)), columns, gap, scale)
    rows, columns = layout
    assert grid.shape == ((rows * (4 + gap) - gap) * scale, (columns * (5 + gap) - gap) * scale, 1)


def test_what_is_no_number_is_black_and_what_is_infinite_is_at_the_end():
    grid = image_grid(constant([np.nan, -np.inf, np.inf], size=(1, 1)), columns=3, gap=0, scale=1)
    assert grid.ravel().tolist() == [0, 0, 255]


def test_images_are_ordered_row_by_row_and_keep_up_up_and_left_left():
    images = np.random.default_rng(0).uniform(-1, 1, (6, 3, 4, 3))
    grid = image_grid(images, columns=3, gap=2, scale=1)
    for i, image in enumerate(images):
        top, left = (i // 3) * 5, (i % 3) * 6
        expected = np.rint((image + 1) * 127.5)
        np.testing.assert_array_equal(grid[top : top + 3, left : left + 4], expected)
    assert (grid[3:5] == GAP_GREY).all() and (grid[:, 4:6] == GAP_GREY).all()


def test_scale_repeats_every_pixel():
    images = np.random.default_rng(0).uniform(-1, 1, (3, 2, 2, 1))
    small, large = image_grid(images, scale=1), image_grid(images, scale=3)
    np.testing.assert_array_equal(large[1::3, 1::3], small)
    np.testing.assert_array_equal(large, np.kron(small, np.ones((3, 3, 1), np.uint8)))


def test_the_images_are_left_as_they_were():
    images = constant([-3, 3])
    images.flags.writeable = False
    image_grid(images)


@pytest.mark.parametrize("shape", [(0, 2, 2, 1), (3, 2, 2), (3, 2, 2, 2), (3, 2, 2, 4), (4,)])
def test_what_is_no_batch_of_images_is_refused(shape):
    with pytest.raises(ValueError, match="image_grid: images have shape"):
        image_grid(np.zeros(shape))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_labelled_picture_keeps_its_pixels_beside_the_words(channels):
    picture = np.random.default_rng(0).integers(0, 200, (90, 120, channels), dtype=np.uint8)
    framed = labelled(picture, "Two rows,\nthree columns", ["x", "longer"], ["a", "b", "c"])
    np.testing.assert_array_equal(framed[-90:, -120:], picture)
    above, beside = framed[:-90], framed[-90:, :-120]
    assert above.shape[0] > 50 and beside.shape[1] > 40 and (above == 0).any() and (beside == 0).any()
    assert (framed[0] == 255).all()
    halves = beside[:45] < 128, beside[45:] < 128  # one label in each
    assert 0 < halves[0].sum() < halves[1].sum()  # "longer" has more ink than "x"


def test_a_title_wider_than_the_picture_is_not_cut_off_and_without_labels_nothing_changes():
    picture = np.zeros((9, 9, 1), np.uint8)
    assert labelled(picture, "A title that is wider than that").shape[1] > 200
    np.testing.assert_array_equal(labelled(picture), picture)


# --- Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_holds_the_very_pixels(tmp_path, channels):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    save_image(tmp_path / "a.png", picture)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.format, image.size, image.mode) == ("PNG", (7, 5), "L" if channels == 1 else "RGB")
        np.testing.assert_array_equal(np.asarray(image).reshape(picture.shape), picture)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_animation_plays_its_pictures_in_order_and_rests_on_the_last(tmp_path, channels):
    files = []
    for i, value in enumerate([-1, 0.25, 1, -0.5]):
        files.append(tmp_path / f"{i}.png")
        save_image(files[-1], image_grid(constant([value], channels=channels)))
    save_animation(tmp_path / "a.gif", files, seconds=2)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.format == "GIF" and gif.n_frames == 4
        durations, greys = [], []
        for frame in range(4):
            gif.seek(frame)
            durations.append(gif.info["duration"])
            greys.append(int(np.asarray(gif.convert("L"))[0, 0]))
        assert durations == [500, 500, 500, 2000]
        np.testing.assert_allclose(greys, [0, 159, 255, 64], atol=1)
        assert gif.info["loop"] == 0  # for ever


def test_an_animation_of_one_picture_is_a_picture(tmp_path):
    save_image(tmp_path / "0.png", image_grid(constant([0])))
    save_animation(tmp_path / "a.gif", [tmp_path / "0.png"])
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 1


def test_an_animation_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no pictures to make .*a\.gif"):
        save_animation(tmp_path / "a.gif", [])


def test_curves_are_drawn_into_a_png_with_one_panel_for_each_title(tmp_path):
    rows = [{"step": s, "a": s**0.5, "b": 1 / s} for s in range(1, 20)]
    sizes = []
    for panels in ({"one": ["a", "b"]}, {"one": ["a"], "two": ["b"]}):
        plot_history(tmp_path / "curves.png", rows, panels)
        with Image.open(tmp_path / "curves.png") as image:
            assert image.format == "PNG"
            sizes.append(image.size)
    assert sizes[1] == (2 * sizes[0][0], sizes[0][1])


def test_every_curve_of_every_panel_shows_its_own_column(tmp_path):
    def drawn(change):
        rows = [{"step": s, "a": s, "b": s, "c": s} for s in (1, 2, 3)]
        if change:
            rows[1][change] += 0.5
        plot_history(tmp_path / "curves.png", rows, {"one": ["a", "b"], "two": ["c"]})
        with Image.open(tmp_path / "curves.png") as image:
            return np.asarray(image.convert("RGB")).tobytes()

    pictures = {drawn(change) for change in (None, "step", "a", "b", "c")}
    assert len(pictures) == 5


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_points_can_be_seen(tmp_path, count):
    rows = [{"step": 8 * (i + 1), "a": 0.5} for i in range(count)]
    plot_history(tmp_path / "few.png", rows, {"one": ["a"]})
    with Image.open(tmp_path / "few.png") as image:
        blue = (np.asarray(image.convert("RGB")) == (0, 114, 178)).all(axis=2)
    assert blue[100:].sum() > 20 * count  # below the legend: marks


def test_a_reference_line_is_drawn(tmp_path):
    rows = [{"step": s, "a": s} for s in (1, 2, 3)]
    pictures = []
    for references in (None, {"one": [(2.0, "2")]}, {"another": [(2.0, "2")]}):
        plot_history(tmp_path / "a.png", rows, {"one": ["a"]}, references)
        pictures.append((tmp_path / "a.png").read_bytes())
    assert pictures[0] == pictures[2] != pictures[1]


def test_curves_of_numbers_that_not_every_row_has(tmp_path):
    rows = [{"step": s, "a": s} | ({"b": s} if s % 2 else {}) for s in range(6)]
    plot_history(tmp_path / "curves.png", rows, {"one": ["a", "b"], "two": ["never"]})
    with Image.open(tmp_path / "curves.png") as image:
        image.verify()


def test_a_picture_of_bytes_is_no_image(tmp_path):
    with pytest.raises(TypeError, match=r"images are uint8, expected floating-point numbers in \[-1, 1\]"):
        image_grid(np.zeros((1, 2, 2, 1), np.uint8))
