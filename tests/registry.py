"""Who proves what: `covers` marks a property test with the primitives whose derivatives it proves.

Declaring is not enough.  While a test runs, every vjp of the primitives it claims is watched, and the
test fails unless each of them ran on Tensors, which it only does where its result is differentiated again.
"""

import functools
from contextlib import ExitStack, contextmanager
from functools import partial

import minigan.ops  # noqa: F401 - so that the primitives exist
from minigan.autograd import Tensor, primitives

#: name of a primitive -> the tests that prove it
covered: dict[str, set[str]] = {}


def covers(*names):
    """Goes above @given.  In a test with an argument called `name`, the test proves that one at a time."""

    def decorate(test):
        for name in names:
            covered.setdefault(name, set()).add(test.__name__)

        @functools.wraps(test)
        def watched(*args, **keywords):
            claimed = [keywords["name"]] if "name" in keywords else names
            with ExitStack() as stack:
                seen = {name: stack.enter_context(watch(primitives[name])) for name in claimed}
                test(*args, **keywords)
            for name, differentiated in seen.items():
                missing = needed(primitives[name]) - differentiated
                assert not missing, (
                    f"{test.__name__} claims to cover {name}, but never differentiated its vjps {missing}"
                )

        return watched

    return decorate


def needed(op):
    """The numbers of the arguments that have a vjp."""
    return {0} if op.each else {i for i, vjp in enumerate(op.vjps) if vjp}


@contextmanager
def watch(op):
    """The set of the arguments of `op` whose vjps have run on Tensors inside the with-block."""
    vjps, each, differentiated = op.vjps, op.each, set()

    def watching(i, vjp):
        def watched(g, y, *args, **keywords):
            if isinstance(y, Tensor):
                differentiated.add(i)
            return vjp(g, y, *args, **keywords)

        return watched

    if each:
        op.each = lambda i, *args, **keywords: watching(i, partial(each, i))(*args, **keywords)
    else:
        op.vjps = tuple(vjp and watching(i, vjp) for i, vjp in enumerate(vjps))
    try:
        yield differentiated
    finally:
        op.vjps, op.each = vjps, each
