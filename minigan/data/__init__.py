"""Data: what a GAN imitates, and the order in which it sees it.

    mnist.py       load_mnist: handwritten digits (idx.py reads the files, download.py fetches them)
    synthetic.py   ring and grid: mixtures of Gaussians in the plane, whose modes can be counted
    folder.py      load_folder: PNG and JPEG files of your own
    batches.py     Batches: an order that a run can resume in the middle of an epoch

All of it works on NumPy arrays and needs no other part of minigan.
"""

from minigan.data.batches import Batches
from minigan.data.folder import load_folder
from minigan.data.mnist import load_mnist
from minigan.data.synthetic import grid, ring

__all__ = ["Batches", "grid", "load_folder", "load_mnist", "ring"]
