"""The chain rule, when a number is used more than once.

If x is used for u and for v,
then  dL/dx = dL/du · du/dx + dL/dv · dv/dx:  what comes back from each use is
added.

A tape is a list of steps (result, [(argument, slope), ...]), from the first to
the last, where the names stand for numbers and the slope is d result/d
argument. For y = x·x at x = 3:  [("y", [("x", 3.0), ("x", 3.0)])], and
dy/dx = 6.

To do: complete the loop. `gradients` maps a name to what has arrived there so
far. The last result has gradient 1.
"""


def backward(tape):
    """name -> d last result / d name."""
    gradients = {tape[-1][0]: 1.0}
    for result, arguments in reversed(tape):
        g = gradients.get(result, 0.0)
        for name, slope in arguments:
            gradients[name] = ...  # TODO
    return gradients
