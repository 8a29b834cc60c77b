"""What an example draws with more work than it trains is drawn small here: that it is drawn at all is the matter.

A process of its own draws everything as a user sees it: `test_mlp_gan_mnist.py`; the pictures themselves are tested in
`tests/runs/test_pictures.py` and `tests/runs/test_solids.py`.
"""

import pytest

from minigan import runs
from minigan.runs import run, solids


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch):
    """Curves are written down instead of drawn by matplotlib; of solids there are four, in two frames of a turn."""

    def write_down(path, rows, panels, references):
        drawn = [[row.get(name) for names in panels.values() for name in names] for row in rows]
        path.write_text(repr((drawn, references)))

    grid = solids.solid_grid
    monkeypatch.setattr(run, "plot_history", write_down)
    monkeypatch.setattr(runs, "solid_grid", lambda solids, **how: grid(solids[:4], **how))
    monkeypatch.setattr(solids, "FRAMES", 2)
