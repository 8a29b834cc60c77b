"""Typed Python: its output, errors in short, its graph, its check; and whatever it does, it can be stopped."""

import doctest
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from exercise_solutions import SOLUTIONS

import minigan as mg
from minigan.exercises.catalogue import EXERCISES, original
from minigan.gradcheck import GradientError
from minigan.lab import console as console_module
from minigan.lab.console import EXAMPLE, Console
from minigan.lab.typed import FRAMES, LONGEST, PRINTED, again, checked, do, run

README = Path(mg.__file__).parents[1] / "README.md"


def done(source, kind="run", number=1):
    """The state after a job in this process, which is how it is done where there are no processes."""
    said = []
    result = do({"kind": kind, "source": source, "number": number}, said.append)
    return {"printed": "".join(said)} | result


@pytest.fixture
def console():
    console = Console()
    yield console
    console.stop_python()


def wait(console, until=lambda state: not state["running"], seconds=60):
    deadline = time.monotonic() + seconds
    while not until(state := console.python_state()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return state


@pytest.mark.skipif(not README.exists(), reason="the README is not here")
def test_the_first_text_is_the_example_of_the_readme_and_a_line_for_its_graph():
    examples = doctest.DocTestParser().get_examples(README.read_text(encoding="utf-8"))
    source = "".join(example.source for example in examples)
    assert EXAMPLE.startswith(source) and EXAMPLE[len(source) :].count("\n") == 1
    assert done(EXAMPLE)["printed"] == "".join(example.want for example in examples)


def test_the_graph_has_a_box_for_every_step_of_grad_and_the_norm_that_arrives_there():
    graph = done(EXAMPLE)["graph"]
    words = [step["words"].splitlines()[0] for step in graph["steps"]]
    assert words == ["loss #4 (): ‖g‖ 1.", "tanh #3 (1, 1): ‖g‖ 1.", "matrix_product #2 (1, 1): ‖g‖ 0.961."]
    assert (
        graph["steps"][-1]["inputs"] == [0, 1] and "to w #1 (2, 1): ‖g‖ 1.07" in graph["steps"][-1]["words"]
    )
    for step in graph["steps"]:
        assert f'<g data-nodes="{step["id"]}">' in graph["svg"]


def test_a_call_of_a_named_layer_is_one_box_with_several_nodes():
    source = "import minigan as mg\nfrom minigan.layers import Dense\nnet = Dense(2, 1)\nloss = net(mg.Tensor([[1.0, 2.0]])).sum()"
    graph = done(source)["graph"]
    box = next(
        part.split('"')[0] for part in graph["svg"].split('<g data-nodes="')[1:] if "Dense(2, 1)" in part
    )
    assert len(box.split()) > 1 and {str(step["id"]) for step in graph["steps"]} > set(box.split())


def test_the_loss_comes_before_the_last_tensor_and_that_before_nothing():
    last = "import minigan as mg\nx = mg.Tensor(2.0)\nx * x\n1 + 1"
    assert "multiply" in done(last)["graph"]["steps"][0]["words"]
    assert done(last)["printed"].endswith("\n2\n")
    assert done(last + "\nloss = mg.ops.exp(x)")["graph"]["steps"][0]["words"].startswith("loss")
    assert done("1 + 1")["graph"] is None
    assert "not a scalar" in done("import minigan as mg\nmg.Tensor([1.0, 2.0]) * 2")["graph"]["note"]


def test_check_grad_agrees_with_a_right_gradient_and_objects_to_a_wrong_one():
    state = done(EXAMPLE, "check")
    assert state["printed"].splitlines()[-1].startswith("check_grad: the derivatives by x, w agree")
    wrong = """
import minigan as mg
@mg.primitive
def cube(x):
    return x**3
cube.defvjp(lambda g, y, x: g * 2 * x * x)
loss = cube(mg.Tensor([1.0, 2.0])).sum()
"""
    state = done(wrong, "check")
    assert "GradientError" in state["problem"] and "check_grad:" not in state["printed"]
    assert "nothing to check" in done("1", "check")["printed"]


def test_the_function_that_is_checked_is_the_one_that_was_computed():
    names = {}
    y = run(
        "import numpy as np, minigan as mg\nfrom minigan.layers import Dense, Sequential, Tanh\nmg.seed(0)\n"
        "net = Sequential(Dense(3, 4), Tanh(), Dense(4, 2))\nx = np.ones((5, 3), np.float32)\nloss = (net(x) ** 2).mean()",
        names,
    )
    f, variables = again(y)
    np.testing.assert_allclose(
        f(*[mg.Tensor(t.data.astype(float)) for t in variables]).data, y.data, rtol=1e-6
    )
    assert [t.shape for t in variables] == [(3, 4), (4,), (4, 2), (2,)]
    assert "net.layers.0.kernel" in checked(y, names)
    with pytest.raises(GradientError):
        checked(mg.ops.relu(mg.Tensor(0.0)), {})  # at the kink


def test_an_error_is_told_with_the_lines_that_were_typed_and_no_others():
    state = done("import numpy as np\ndef f(x):\n    return np.ones(2) @ np.ones(x)\n\nprint('before')\nf(3)")
    lines = state["problem"].splitlines()
    assert lines[:2] == ["line 6: f(3)", "line 3, in f: return np.ones(2) @ np.ones(x)"]
    assert lines[2].startswith("ValueError") and "typed.py" not in state["problem"]
    assert state["printed"] == "before\n" and state["graph"] is None


def test_a_deep_or_a_long_error_is_told_in_short():
    deep = done("def f(n):\n    return f(n + 1)\nf(0)")["problem"].splitlines()
    assert deep[0] == "(more lines before)" and len(deep) == FRAMES + 2 and "RecursionError" in deep[-1]
    assert len(done("raise ValueError('x' * 10**6)")["problem"]) < LONGEST + 50
    assert done("x = = 1")["problem"].startswith("line 1\n") and "SyntaxError" in done("x = = 1")["problem"]
    assert done("import sys; sys.exit(0)")["problem"] == ""
    assert "exit(3)" in done("exit(3)")["problem"]


def test_of_a_long_output_the_beginning_is_kept():
    said = done(f"for i in range({PRINTED}):\n    print(i)")["printed"]
    assert said.startswith("0\n1\n2\n") and "the rest is not kept" in said and len(said) < PRINTED + 100
    assert done("import sys\nprint('careful', file=sys.stderr)")["printed"] == "careful\n"


@pytest.mark.parametrize("number", [1, 5, 14])
def test_an_exercise_that_is_not_solved_fails_and_its_solution_passes(number):
    source = original(number).read_text(encoding="utf-8")
    state = done(source, "exercise", number)
    assert state["passed"] is False and state["problem"]
    for old, new in SOLUTIONS[number]:
        source = source.replace(old, new)
    state = done(source, "exercise", number)
    assert state["passed"] is True and state["problem"] == ""


def test_the_page_gets_all_exercises_and_their_hints_one_at_a_time(console):
    known = console.python()
    assert known["example"] == EXAMPLE and [e["number"] for e in known["exercises"]] == list(EXERCISES)
    first = known["exercises"][0]
    assert first["title"] and first["hints"] == len(EXERCISES[1].hints)
    assert console.hint(1, 0)["hint"] == EXERCISES[1].hints[0]
    assert console.exercise(2)["source"] == original(2).read_text(encoding="utf-8")
    for command in (lambda: console.hint(1, 99), lambda: console.exercise(0), lambda: console.exercise(31)):
        with pytest.raises(ValueError):
            command()
    for arguments in ({"source": 3}, {"source": "", "kind": "shell"}, {"source": "", "number": 99}):
        with pytest.raises((TypeError, ValueError)):
            console.run_python(**arguments)


def test_a_process_of_its_own_does_the_same_and_leaves_this_one_alone(console):
    mg.seed(3)
    before = mg.backend.generator.bit_generator.state
    source = (
        EXAMPLE + "import minigan\nminigan.seed(1)\nminigan.backend.normal((2,))\nminigan.broken = True\n"
    )
    state = console.run_python(source)
    assert state["running"]
    state = wait(console)
    here = done(EXAMPLE)
    assert state["printed"].startswith(here["printed"]) and state["graph"]["steps"] == here["graph"]["steps"]
    assert mg.backend.generator.bit_generator.state == before and not hasattr(mg, "broken")
    assert console.python_state() == state, "it can be asked for again"


def test_a_loop_without_end_is_stopped_and_what_it_printed_is_kept(console):
    console.run_python("print('begun', flush=True)\nwhile True:\n    pass")
    wait(console, lambda state: state["printed"] == "begun\n")
    process = console.child.process
    state = console.stop_python()
    assert not state["running"] and state["problem"] == "Stopped." and state["printed"] == "begun\n"
    assert process.poll() is not None
    console.run_python("while True: pass")
    first = console.child.process
    console.run_python("print(1)")
    assert first.poll() is not None, "only one runs at a time"
    assert wait(console)["printed"] == "1\n"


def test_what_takes_too_long_is_stopped(console, monkeypatch):
    monkeypatch.setattr(console_module, "LIMIT", 0.3)
    console.run_python("while True: print('x')")
    state = wait(console)
    assert "Stopped after 0.3 seconds" in state["problem"] and len(state["printed"]) < PRINTED + 100


def test_a_process_that_breaks_off_is_told(console):
    console.run_python("import os\nos._exit(3)")
    assert "exit status 3" in wait(console)["problem"]
    console.run_python("input()")
    assert "EOFError" in wait(console)["problem"]


def test_in_webassembly_it_is_done_in_place(console, monkeypatch):
    monkeypatch.setattr(console_module, "IN_PLACE", True)
    state = console.run_python("print(1)")
    assert state["running"] is False and state["printed"] == "1\n" and console.child is None


def test_a_process_ends_with_whoever_started_it(tmp_path):
    """Also when that is killed, and can say nothing."""
    code = (
        "import sys, time\nfrom minigan.lab.console import Console\nc = Console()\n"
        "c.run_python('import os\\nprint(os.getpid(), flush=True)\\nwhile True: pass')\n"
        "while not c.python_state()['printed'].strip(): time.sleep(0.1)\n"
        "print(c.python_state()['printed'], flush=True)\ntime.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        child = int(starter.stdout.readline())
        starter.kill()
        deadline = time.monotonic() + 20
        while alive(child):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def alive(pid):
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_job_is_json_on_the_way(console):
    text = 'print("ü", \'"\', "\\\\", chr(0xD800))\n# 漢字'
    console.run_python(text)
    state = wait(console)
    assert state["printed"] == 'ü " \\ \\ud800\n' and state["problem"] == ""
    json.dumps(state, allow_nan=False)
