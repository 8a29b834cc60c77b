"""Quicker bodies for some functions of the book.

Delete this folder, or set the environment variable MINIGAN_FAST=0, and minigan computes the same numbers,
up to rounding, in more time.  Nothing here needs to be read to understand minigan.

A body answers for host arrays that it was made for, and hands everything else to the plain one, which
stands in the book; Adam has a kernel for a GPU, too.  `registry` is the only place where a body gets its name,
and lists them all in `bodies`; the tests hold each one against the plain one, values and derivatives of both
orders.
"""

from minigan.fast import batch_normalization as batch_normalization
from minigan.fast import convolution as convolution
from minigan.fast import elementwise as elementwise
from minigan.fast import memory as memory
from minigan.fast import optimizers as optimizers
from minigan.fast import random as random
from minigan.fast import resize_convolution as resize_convolution
from minigan.fast import routing as routing
from minigan.fast import volume as volume
from minigan.fast.registry import Body, bodies, faster, use

__all__ = ["Body", "bodies", "faster", "use"]
