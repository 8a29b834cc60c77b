"""tests/cupy_api.json is what CuPy has: compared with an installed CuPy, for which no GPU is needed."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECORD = json.loads((ROOT / "tests" / "cupy_api.json").read_text())


def recorder():
    spec = importlib.util.spec_from_file_location("record_cupy", ROOT / "tools" / "record_cupy.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_the_record_is_that_of_the_installed_cupy():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    if cupy.__version__ != RECORD["version"]:
        pytest.skip(f"the record is of CuPy {RECORD['version']}, installed is {cupy.__version__}")
    assert recorder().record(cupy) == RECORD


def test_every_list_of_parameters_can_be_read():
    for names in RECORD["names"].values():
        for spelled in filter(None, names.values()):
            assert callable(eval(f"lambda {spelled}: None"))


@pytest.mark.parametrize(
    ("documentation", "parameters"),
    [
        ("f(x, /, out=None, \\*, dtype=None)\n\nMore.", "x, /, out=None, *, dtype=None"),
        ("_ndarray_base.sort(self, int axis=-1, kind=None)", "self, axis=None, kind=None"),
        ("_ndarray_base.any(self, axis=(0, 1)) -> _ndarray_base", "self, axis=None"),
        ("modf(x[, out1, out2], / [, out=(None, None)])", "*args, **keywords"),
        ("Nothing of the kind.", "*args, **keywords"),
    ],
)
def test_parameters_are_read_from_documentation(documentation, parameters):
    assert recorder().from_documentation("f", documentation) == parameters


def test_parameters_are_read_from_signatures():
    def f(a, b=2, *rest: int, c: str = "x", **more) -> None: ...

    assert recorder().parameters("f", f) == "a, b=None, *rest, c=None, **more"


def test_what_differs_from_the_record_is_named():
    changed = json.loads(json.dumps(RECORD))
    assert recorder().differences(changed, RECORD) == []
    del changed["names"][""]["tanh"]
    changed["names"]["linalg"]["norm"] = "x"
    changed["version"] = "15.0.0"
    lines = recorder().differences(changed, RECORD)
    assert [line.partition(":")[0] for line in lines] == ["tanh", "linalg norm", "version"]
    assert lines[0].endswith("found (missing)") and "found (x)" in lines[1]
