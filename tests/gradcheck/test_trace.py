"""trace: the table of a backward pass, and what it says of what it cannot trace."""

import numpy as np
import pytest

import minigan as mg


def test_it_lists_every_tensor_from_young_to_old_with_the_norm_of_its_gradient():
    x = mg.Tensor(np.array([3.0, 4.0]))
    head, *rows = mg.trace((x * x).sum()).splitlines()
    assert head.split()[:3] == ["#", "operation", "from"]
    assert [row.split()[1] for row in rows] == ["sum", "multiply", "variable"]
    assert rows[1].split()[2] == "0,0"
    assert rows[2].split()[-1] == "10"  # the norm of 2x


def test_gradients_that_are_zero_are_marked():
    x = mg.Tensor(np.array([-1.0, -2.0]))
    assert mg.trace(mg.ops.relu(x).sum()).splitlines()[-1].endswith("0 !")


def test_what_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="loss is a float64, not a Tensor"):
        mg.trace(np.float64(3.0))
