"""A derivative where there is none.

y = ‖x‖ = √(Σ x²) has the derivative dy/dx_i = x_i / y. At x = 0 that is 0/0,
which gives nan, and one nan in a gradient spoils every weight of a network.
The length has a kink there: any number from -1 to 1 will do, and one takes 0.

To do: make the vjp g · x / y, and 0 where y = 0. `ops.where(condition, a, b)`
takes a where the condition holds. Note that x / y is computed in any case:
divide by something that is never 0. y may be a Tensor; the condition is about
bare numbers, `ops.value(y) == 0`.
"""

from minigan import ops, primitive


@primitive
def length(x):
    return ops.sqrt((x * x).sum())


length.defvjp(lambda g, y, x: g * x / y)  # TODO: nan at x = 0
