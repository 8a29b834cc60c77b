"""The exercises: none passes as it comes, each passes with its solution; mistakes are named in a sentence."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from exercise_solutions import SOLUTIONS, solved

from minigan.exercises import __main__ as program
from minigan.exercises.attempt import PASSED, Result, attempt, examine, holes
from minigan.exercises.catalogue import EXERCISES, file_name, original
from minigan.exercises.exercise import FILES, equal, title
from minigan.exercises.folder import PROGRESS, Folder, find

SLOW = {30}  # trains a GAN
ENDLESS = {16}  # does not end before the limit, as it comes
NUMBERS = [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in EXERCISES]


def text(number):
    return original(number).read_text(encoding="utf-8")


def write(folder, number, source):
    path = folder / file_name(number)
    path.write_text(source, encoding="utf-8")
    return path


# --- The catalogue ------------------------------------------------------------------------------------


def test_there_is_a_file_and_a_solution_for_each_exercise_and_no_other():
    assert len(EXERCISES) >= 24
    assert sorted(path.name for path in FILES.glob("*.py")) == [file_name(n) for n in EXERCISES]
    assert SOLUTIONS.keys() == EXERCISES.keys()


@pytest.mark.parametrize("number", EXERCISES)
def test_each_says_what_to_do_with_a_formula_where_and_has_hints(number):
    source = text(number)
    words = ast.get_docstring(ast.parse(source))
    assert len(title(source)) > 10 and "\n\nTo do: " in words
    assert any(sign in words for sign in ("=", "minimises", "| <"))
    assert "TODO" in source
    hints = EXERCISES[number].hints
    assert hints and all(hint.strip() for hint in hints) and len(set(hints)) == len(hints)
    assert max(map(len, source.splitlines())) <= 110


@pytest.mark.parametrize("number", [n for n in NUMBERS if getattr(n, "values", [n])[0] not in ENDLESS])
def test_no_exercise_passes_as_it_comes(number):
    words = examine(number, original(number))
    assert words and words != PASSED


@pytest.mark.parametrize("number", NUMBERS)
def test_each_exercise_passes_with_its_solution(number, tmp_path):
    path = write(tmp_path, number, solved(number, text(number)))
    assert examine(number, path) == PASSED


# Solutions of which a part is missing or wrong, where a check could be too kind.
HALF = {
    "only one of the two modes of a division": (3, "-g * y / b", "g * y / b"),
    "a bias whose gradient is a mean": (4, "g.sum(axis=0)", "g.mean(axis=0)"),
    "a gradient that is 1 at zero": (7, "ops.where(ops.value(y) == 0, 1.0, y)", "(y + 1e-3)"),
    "a gradient that is replaced": (8, "gradients.get(name, 0.0) + g * slope", "g * slope"),
    "a forward difference of half the size": (9, "(2 * h)", "h"),
    "α is forgotten": (10, "alpha * np.exp(np.minimum(x, 0))  #", "np.exp(np.minimum(x, 0))  #"),
    "the mean of a block": (12, ".sum(axis=(1, 3))", ".mean(axis=(1, 3))"),
    "a checker that accepts everything": (15, "np.max(np.abs(gradient - numeric))", "0.0"),
    "a checker that refuses everything": (15, "np.max(np.abs(gradient - numeric))", "1.0"),
    "a checker that looks at the sum only": (
        15,
        "np.max(np.abs(gradient - numeric))",
        "0.002 > abs(np.sum(gradient - numeric)) > 1e-6",
    ),
    "parents that count once": (16, "gradients.get(parent.order, 0) + gradients[order]", "gradients[order]"),
    "one square": (18, "too_long**2", "too_long"),
    "no stride": (20, "x[S * o : S * o + K]", "x[o : o + K]"),
    "no stride, backwards": (21, "x[S * o + k]", "x[o + k]"),
    "no sum over windows": (22, "+= g[o]", "= g[o]"),
    "no correction": (24, "np.sqrt(1 - beta_2**t) / (1 - beta_1**t)", "1.0"),
    "a saturating loss": (25, "ops.mean(ops.softplus(-fake_logits))", "-ops.mean(ops.softplus(fake_logits))"),
    "a penalty without memory": (26, ", create_graph=True", ""),
    "a generator that is not detached": (27, "grad(d_loss, D.parameters())", "grad(g_loss, D.parameters())"),
    "an average that moves too fast": (28, "self.momentum * self.mean", "0.5 * self.mean"),
    "agreement with the wrong sign": (29, "b + ops.sum", "b - ops.sum"),
}


@pytest.mark.parametrize(("number", "right", "wrong"), HALF.values(), ids=HALF)
def test_half_a_solution_does_not_pass(number, right, wrong, tmp_path):
    source = solved(number, text(number))
    assert right in source
    words = examine(number, write(tmp_path, number, source.replace(right, wrong)))
    assert words and words != PASSED


def test_a_wrong_gradient_is_answered_with_the_text_of_the_checker(tmp_path):
    words = examine(1, write(tmp_path, 1, text(1).replace("...", "g * x * x")))
    assert "order 1: the derivative of cube with respect to argument 0 is wrong for element [0]" in words
    assert "the analytic gradient is wrong, not the difference" in words


# --- What a learner may break -------------------------------------------------------------------------

BROKEN = {
    "a syntax error": ("def f(:\n", "ex01_cube.py, line 1: this is not Python yet (invalid syntax)."),
    "a deleted function": (
        "x = 1\n",
        "ex01_cube.py does not define cube any more. `reset 1` brings the file back as it came, and keeps a copy",
    ),
    "an empty file": ("", "ex01_cube.py does not define cube any more. `reset 1` brings"),
    "an error in the file": ("\n1 / 0\n", "ex01_cube.py, line 2: ZeroDivisionError: division by zero"),
    "an unknown name": ("cube = squar\n", "ex01_cube.py, line 1: NameError: name 'squar' is not defined"),
    "an exit": ("import sys\nsys.exit(0)\n", "ex01_cube.py, line 2: SystemExit: 0"),
    "something else than a function": (
        "cube = 3\n",
        "while ex01_cube.py was checked: TypeError: check_grad: f is 3, expected a Callable",
    ),
    "nothing returned": ("def cube(x):\n    pass\n", "check_grad: f returned a NoneType"),
    "an error in a function": (
        "def cube(x):\n    return x.no\n",
        "ex01_cube.py, line 2: AttributeError: 'Tensor' object has no attribute 'no'",
    ),
}


@pytest.mark.parametrize(("source", "sentence"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_said_in_a_sentence(source, sentence, tmp_path):
    words = examine(1, write(tmp_path, 1, source))
    assert sentence in words
    assert "Traceback" not in words


def test_a_file_that_ends_the_process_is_said_in_a_sentence(tmp_path):
    result = attempt(1, write(tmp_path, 1, "import os\nos._exit(0)\n"))
    assert not result.passed
    assert result.words == "ex01_cube.py ended the program before the check was done (exit status 0)."


def test_a_file_that_is_no_text_is_said_in_a_sentence(tmp_path):
    path = tmp_path / file_name(1)
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in examine(1, path) or "not Python yet" in examine(1, path)


def test_a_loop_that_does_not_end_is_stopped(tmp_path):
    result = attempt(1, write(tmp_path, 1, "while True:\n    print('x' * 100)\n"), seconds=1.0)
    assert result.words == "ex01_cube.py was stopped after 1 seconds: it does not end, or takes too long."
    assert not result.passed
    assert len(result.printed) <= 2000


def test_the_walk_over_all_paths_is_stopped(tmp_path):
    assert "it does not end, or takes too long" in attempt(16, original(16), seconds=1.0).words


def test_what_the_file_prints_is_kept(tmp_path):
    source = solved(1, text(1)) + "print('hello', 3)\n"
    assert attempt(1, write(tmp_path, 1, source)) == (True, PASSED, "hello 3\n")


def test_dots_in_an_index_are_no_hole():
    assert holes(ast.parse("y = x[..., 0]\nz = x[0, ...]")) == []
    assert holes(ast.parse("def f():\n    ...\ny = x[f(0)]\nz = [...]")) == [2, 4]


def test_equal_says_what_came():
    equal("y", [1.0, 2.0], (1, 2))
    for found, words in [
        (None, "is None"),
        ([1.0], r"has shape \(1,\)"),
        ("a", "expected numbers"),
        ([1.0, 3.0], "is wrong"),
    ]:
        with pytest.raises(AssertionError, match=words):
            equal("y", found, [1.0, 2.0])
    with pytest.raises(AssertionError, match="nan"):
        equal("y", float("nan"), 1.0)


# --- The commands -------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path, monkeypatch, capsys):
    """Run commands as in a terminal, in an empty folder: (exit status, what is printed)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = program.main(list(arguments))
        return status, capsys.readouterr().out

    return run


def test_a_course_from_the_start_to_the_second_exercise(course):
    status, out = course("start")
    assert status == 0 and f"{len(EXERCISES)} exercises copied into minigan-exercises." in out
    assert "Next: 1, A derivative with a hole." in out
    status, out = course("check")
    assert status == 1 and "Exercise 1: A derivative with a hole" in out and "Not yet (ex01_cube.py)." in out
    assert "hint 1 of 2" in course("hint")[1]
    assert course("hint")[1].count("hint ") == course("hint", "1")[1].count("hint ") == 2
    path = Path("minigan-exercises", file_name(1))
    path.write_text(solved(1, text(1)))
    status, out = course("check")
    assert status == 0 and "Solved." in out and f"1 of {len(EXERCISES)} solved. Next: 2" in out
    lines = course("list")[1].splitlines()
    assert lines[0].startswith("solved   1") and not lines[1].startswith("solved")
    os.chdir("minigan-exercises")  # what is remembered is found from inside as well
    assert "Exercise 2" in course("check")[1]


def test_a_solved_exercise_that_is_broken_again_is_not_solved(course, monkeypatch):
    monkeypatch.setattr(program, "attempt", lambda n, path: Result(examine(n, path) == PASSED, "", ""))
    course("start", ".")
    Path(file_name(1)).write_text(solved(1, text(1)))
    assert course("check", "1")[0] == 0
    Path(file_name(1)).write_text(text(1))
    assert course("check", "1")[0] == 1
    assert find(Path()).next() == 1


def test_starting_again_keeps_what_is_there_and_brings_back_what_is_missing(course):
    course("start", "mine")
    mine, lost = Path("mine", file_name(1)), Path("mine", file_name(2))
    mine.write_text("# my work\n")
    lost.unlink()
    assert "1 exercises copied" in course("start", "mine")[1] or lost.exists()
    assert mine.read_text() == "# my work\n" and lost.read_text() == text(2)


def test_a_reset_keeps_the_work_every_time(course):
    course("start", ".")
    path = Path(file_name(1))
    for attempt_number in (1, 2):
        path.write_text(f"# attempt {attempt_number}\n")
        assert f"kept{attempt_number}" in course("reset", "1")[1]
        assert path.read_text() == text(1)
    assert [Path(f"ex01_cube.kept{n}.txt").read_text() for n in (1, 2)] == ["# attempt 1\n", "# attempt 2\n"]
    assert "kept" not in course("reset", "1")[1]  # nothing was changed
    path.unlink()
    assert "There is no ex01_cube.py" in course("check", "1")[1]
    assert course("reset", "ex01_cube.py")[0] == 0 and path.read_text() == text(1)


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", '{"solved": 3, "hints": {}}', '{"solved": [1, 99], "hints": {"1": "a"}}']
)
def test_a_damaged_memory_costs_only_the_marks(course, damaged):
    course("start", ".")
    Path(PROGRESS).write_text(damaged)
    assert course("list")[0] == 0
    assert Folder(Path()).solved <= {1}


def test_all_solved(course):
    course("start", ".")
    folder = Folder(Path())
    folder.solved = set(EXERCISES)
    folder.save()
    assert "That was all of them." in course("check")[1]


def test_check_all_sets_the_marks(course, monkeypatch):
    course("start", ".")
    monkeypatch.setattr(program, "attempt", lambda n, path: type("R", (), {"passed": n != 3}))
    status, out = course("check", "all")
    assert status == 1 and f"{len(EXERCISES) - 1} of {len(EXERCISES)} solved. Next: 3" in out


def test_wrong_commands_are_answered_in_a_sentence(course):
    assert "start [FOLDER]" in course()[1]
    assert "There are no exercises in this folder" in course("check")[1]
    course("start", ".")
    for wrong in ("0", "99", "x", "ex99"):
        status, out = course("check", wrong)
        assert status == 2 and "expected a number from 1 to" in out
    assert course("reset")[0] == 2
    Path("a_file").write_text("")
    status, out = course("start", "a_file")
    assert status == 1 and "cannot write into a_file" in out


def test_a_pipe_that_is_closed_early_is_no_error(course):
    assert f"{len(EXERCISES)} exercises copied into this folder." in course("start", ".")[1]
    command = [sys.executable, "-m", "minigan.exercises", "list"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.stderr == ""


def test_everything_fits_into_a_terminal_of_80_columns():
    text = "  " + "word " * 30 + "\nshort"
    lines = program.wrapped(text).split("\n")
    assert len(lines) == 3 and max(map(len, lines)) <= 79
    assert [line.startswith("  word") for line in lines] == [True, True, False]
    assert max(map(len, program.TEXT.splitlines())) <= 79
    for number in EXERCISES:
        words = original(number).read_text(encoding="utf-8").split('"""')[1]
        assert max(map(len, words.splitlines())) <= 79, number


# --- What it costs ------------------------------------------------------------------------------------


def test_the_checks_import_numpy_and_nothing_heavier_and_minigan_does_not_import_them():
    code = "import sys, {}; print(*sorted(sys.modules))"

    def modules(name):
        done = subprocess.run(
            [sys.executable, "-c", code.format(name)], capture_output=True, text=True, check=True
        )
        return set(done.stdout.split())

    loaded = {name.split(".")[0] for name in modules("minigan.exercises.attempt")}
    assert "numpy" in loaded
    assert not loaded & {"matplotlib", "PIL", "tqdm", "scipy", "cupy", "torch", "ssl", "pytest"}
    assert not any(name.startswith("minigan.exercises") for name in modules("minigan"))
