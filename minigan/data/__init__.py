"""Data: what a GAN imitates, and the order in which it sees it.

    mnist.py       load_mnist: handwritten digits
    faces.py       load_faces: small drawn heads in colour, with their attributes; load_face_pairs: with and without glasses
    fashion.py     load_fashion_mnist: photographs of clothes
    folder.py      load_folder: PNG and JPEG files of your own
    pairs.py       inputs from which images are to be found again: grey, coarse, outlines, with a hole
    voxels.py      solid_digits, load_voxels: solids made of small cubes
    synthetic.py   ring and grid: mixtures of Gaussians in the plane, whose modes can be counted
    batches.py     Batches: an order that a run can resume in the middle of an epoch

published.py finds or fetches (download.py) and reads (idx.py) published files; pixels.py scales and resizes images.
All of it works on NumPy arrays and needs no other part of minigan.
"""

from minigan.data.batches import Batches
from minigan.data.faces import load_face_pairs, load_faces
from minigan.data.fashion import load_fashion_mnist
from minigan.data.folder import load_folder
from minigan.data.mnist import load_mnist
from minigan.data.synthetic import grid, ring
from minigan.data.voxels import load_voxels, solid_digits

__all__ = [
    "Batches", "grid", "load_face_pairs", "load_faces", "load_fashion_mnist", "load_folder", "load_mnist",
    "load_voxels", "ring", "solid_digits",
]  # fmt: skip
