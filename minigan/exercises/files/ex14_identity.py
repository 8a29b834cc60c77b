"""Find the bug: which argument is it? (PyDyNet)

For y = a - b the derivatives are dy/da = 1 and dy/db = -1, so that
d(x - x)/dx = 1 - 1 = 0.

The framework PyDyNet asked each operand: are you the first one? With x - x
both say yes, and the gradient was 2.

To do: mend `backward`. What matters is the place of an argument, not which
object stands there.
"""


class Number:
    def __init__(self, value):
        self.value, self.gradient = value, 0.0


class Subtract:
    def __init__(self, a, b):
        self.operands = [a, b]

    def forward(self):
        a, b = self.operands
        return a.value - b.value

    def backward(self, g):
        for operand in self.operands:
            operand.gradient += g if operand is self.operands[0] else -g  # TODO
