"""What the tests of devices share: which devices there are, and what it means that two of them agree."""

import numpy as np
import strict_device

import minigan as mg
from minigan import backend

backend.register("strict", strict_device.cupy, strict_device.ndarray)

#: the devices that the fixture `device` goes through: the GPU is one of them where there is one
DEVICES = ["cpu", "strict"] + ["cuda"] * (not backend.cuda_status())


def there(arrays):
    """The arrays on the current device."""
    return [backend.to_device(a) for a in arrays]


def is_there(a):
    """True for an array of the current device; NumPy makes a scalar of an array without axes, CuPy does not."""
    return isinstance(a, backend.module().ndarray) or (backend.module() is np and isinstance(a, np.generic))


def assert_agree(found, expected):
    """The arrays `found` are on the current device and have the numbers and precisions of `expected`."""
    for a, b in zip(found, expected, strict=True):
        assert is_there(a), f"a {type(a)} is not on the device"
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        tolerance = 1e-4 if a.dtype == np.float32 else 1e-10
        scale = np.abs(b).max(initial=0) if b.dtype.kind == "f" else 0
        np.testing.assert_allclose(mg.to_numpy(a), b, rtol=tolerance, atol=tolerance * scale)
