"""No primitive without proof: every one has a test of both derivatives, a sample call, and its formula."""

import importlib
import importlib.util
import inspect
import pydoc
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import registry
from catalogue import CASES
from hypothesis import given
from registry import covered, covers

import minigan
from minigan import Tensor, grad, ops
from minigan.autograd import Primitive, cast, primitive, primitives
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import arrays

FAST = "minigan.fast" in sys.modules  # without it, its primitives do not exist


def ours():
    """name -> every primitive that any module of the package defines; those of `fast` where it is loaded."""
    root = Path(minigan.__file__).parent
    for path in root.rglob("*.py"):
        if "exercises" in path.relative_to(root).parts:  # primitives with faults that are to be found
            continue
        module = ".".join(("minigan", *path.relative_to(root).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        if not module.endswith("__main__") and (FAST or not f"{module}.".startswith("minigan.fast.")):
            importlib.import_module(module)
    return {name: op for name, op in primitives.items() if op.plain.__module__.startswith("minigan.")}


def declarations():
    """Import every test file that uses `covers`, so that it declares what it covers."""
    for path in Path(__file__).parent.parent.rglob("test_*.py"):
        if path == Path(__file__) or (path.parent.name == "fast" and not FAST):
            continue
        if re.search(r"^@covers\(", path.read_text(), re.MULTILINE):
            spec = importlib.util.spec_from_file_location(f"declares_{path.stem}", path)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return covered


@covers("cast")
@given(arrays())
def test_cast(x):
    assert cast(Tensor(x), dtype="float32").dtype == "float32"
    check_grad(lambda x: cast(x, dtype="float64"), x)


def test_every_primitive_has_a_property_test_of_both_derivatives():
    missing = sorted(set(ours()) - set(declarations()))
    assert not missing, f"no test claims to cover {missing}: write one with @covers and check_grad"


def test_every_primitive_has_a_sample_call():
    assert sorted(ours()) == sorted(CASES), (
        "one entry for each primitive in gradcheck/cases.py or fast/cases.py"
    )


def test_every_vjp_is_differentiated_by_the_sample_calls():
    """That they are right is the matter of test_every_operation.py."""
    for name, op in ours().items():
        with registry.watch(op) as differentiated:
            for f, arrays_of_call in CASES.get(name, []):
                xs = [Tensor(x) for x in arrays_of_call]
                y = f(*xs)
                c = Tensor(np.ones(y.shape))
                first = grad(y, xs, c, create_graph=True)
                grad(sum((g * g).sum() for g in first), [*xs, c], allow_unconnected=True)
        assert differentiated >= registry.needed(op), f"the cases of {name} leave a vjp out"


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_primitive_states_its_derivative_in_its_first_line(name):
    formula = (primitives[name].__doc__ or "").partition("\n")[0]
    assert re.match(r"\w+(\[[^]]*\])? \+?= ", formula), f"{name} does not say what it computes: {formula!r}"
    assert re.search(r"dy/d|dL/d|gradient|the transpose of", formula), (
        f"{name} hides its derivative: {formula!r}"
    )


def test_a_test_that_claims_too_much_fails():
    @covers("tanh")
    def claims_tanh_but_differentiates_once():
        x = Tensor(1.0)
        grad(ops.tanh(x), x)

    covered["tanh"].discard("claims_tanh_but_differentiates_once")
    with pytest.raises(AssertionError, match="claims to cover tanh, but never differentiated its vjps"):
        claims_tanh_but_differentiates_once()


@pytest.mark.parametrize("name", ["exp", "tanh"])
@covers("exp", "tanh")
@given(x=arrays())
def test_a_claim_may_be_proved_one_name_at_a_time(name, x):
    check_grad(getattr(ops, name), x)


# --- What a person is told about an operation --------------------------------------------------------


def written(op):
    """The function that somebody has written in the source of this operation."""
    return op.plain if isinstance(op, Primitive) else op


@pytest.mark.parametrize("name", ops.__all__)
def test_help_and_signature_of_every_public_operation_are_those_of_its_source(name):
    op = getattr(ops, name)
    signature = inspect.signature(op)
    assert signature == inspect.signature(written(op))
    assert "args" not in signature.parameters and "keywords" not in signature.parameters
    text = pydoc.render_doc(op, renderer=pydoc.plaintext)
    assert "".join(f"{name}{signature}".split()) in "".join(text.split())  # Python 3.13 breaks long ones
    assert inspect.getdoc(op).splitlines()[0] in text
    assert inspect.getsourcefile(inspect.unwrap(op)).endswith(".py")
    assert inspect.unwrap(op).__module__ == op.__module__
    assert op.__module__.startswith("minigan.ops.")


def test_the_signature_of_a_primitive_is_that_of_the_body_that_is_read_whichever_runs():
    @primitive
    def doubled(x, times=2):
        """y = times · x."""
        return times * x

    doubled.forward = lambda *args, **keywords: doubled.plain(*args, **keywords)  # as `fast` does it
    assert str(inspect.signature(doubled)) == "(x, times=2)"
    assert doubled.__doc__ == "y = times · x." and doubled.__name__ == "doubled"
    del primitives["doubled"]


def test_a_primitive_as_an_attribute_of_a_class_stays_itself():
    class Holder:
        function = ops.tanh

    assert Holder.function is ops.tanh and Holder().function is ops.tanh
