"""The report about a GPU, made about the stand-in; and the tests that only a GPU can run."""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import strict_device
from models.test_every_model import ROWS

import minigan as mg
from minigan import ops
from minigan.autograd import primitives
from minigan.backend import cuda_status, to_device, to_numpy
from minigan.evaluation.table import Row
from minigan.gpucheck import __main__ as command
from minigan.gpucheck import beside_torch, digits, parity, steps
from minigan.gpucheck.report import Report
from minigan.gradcheck.cases import all_cases
from minigan.models import MLPGAN, ConditionalGAN
from minigan.runs import MODELS

TINY = {name: ROWS[name].make for name in ("CapsNet", "DCGAN", "MLPGAN", "VAE")}
SHAPE = (5, 4, 4, 1)
EXAMPLES = Path(mg.__file__).parents[1] / "examples"
with_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(steps, "STEPS", 1)
    monkeypatch.setattr(digits, "TIMED", 1)


def checked(capsys, folder=None, models=TINY):
    """The exit status and the printed report."""
    code = command.check(Report(folder, 1 if folder else np.inf), "strict", models, SHAPE[0])
    return code, capsys.readouterr().out


# --- Operations and models ---------------------------------------------------------------------------


def test_the_report_has_a_line_for_every_operation_and_model(capsys):
    code, text = checked(capsys)
    assert code == 0, text
    lines = text.splitlines()
    first = {line.split()[0] for line in lines if line}
    assert set(all_cases()) | set(TINY) <= first
    assert "a stand-in for CuPy" in text and lines[-1] == "0 failures"


def test_a_wrong_operation_and_a_wrong_model_are_reported(capsys, monkeypatch):
    right = primitives["tanh"].forward
    wrong = lambda x: right(x) if isinstance(x, np.ndarray | np.generic) else right(x) * 1.5
    monkeypatch.setattr(ops.tanh, "forward", wrong)
    code, text = checked(capsys)
    assert code == 1
    assert "tanh: differs by" in text
    for dtype in ("float32", "float64"):
        assert re.search(f"two steps of DCGAN: differs by .* in {dtype}", text)


def test_an_operation_that_raises_is_a_failure_and_the_others_follow(capsys, monkeypatch):
    right = primitives["tanh"].forward

    def refuses(x):
        if not isinstance(x, np.ndarray | np.generic):
            raise TypeError("not on this device")
        return right(x)

    monkeypatch.setattr(ops.tanh, "forward", refuses)
    code, text = checked(capsys, models={name: TINY[name] for name in ("MLPGAN", "CapsNet")})
    assert code == 1
    assert re.search("\ntanh: TypeError: .*not on this device.*\nMLPGAN: TypeError: .*\n2 failures\n", text)
    assert re.search(r"\nsigmoid +\d", text) and re.search(r"\nCapsNet +\d", text)


@pytest.mark.parametrize("name", TINY)
def test_crossings_are_those_that_the_stand_in_counts(name):
    with mg.on("strict"):
        model, batch, _ = parity.two_steps(TINY[name], np.zeros(SHAPE))
        with strict_device.counted() as expected, steps.crossings(strict_device.cupy) as crossings:
            model.train_step(batch)
            to_numpy(to_device(np.ones(3)))
    assert (crossings.uploads, crossings.downloads) == (expected.uploads, 1)
    assert expected.uploads > 1


@pytest.mark.parametrize("name", TINY)
def test_a_model_takes_the_precision_of_its_images(name):
    for dtype in (np.float32, np.float64):
        model, _, _ = parity.two_steps(TINY[name], np.zeros(SHAPE, dtype))
        parts = (*model.networks.values(), *model.optimizers.values())
        found = [a.dtype for part in parts for a in part.state().values() if a.dtype.kind == "f" and a.ndim]
        assert set(found) == {np.dtype(dtype)}


def test_a_nan_is_a_difference():
    assert parity.difference([np.array([np.nan])], [np.array([1.0])]) == np.inf
    assert parity.difference([np.array([1.5, 0])], [np.array([1.0, 2])]) == 1
    assert parity.difference([np.zeros((0, 2))], [np.zeros((0, 2))]) == 0


def test_equal_runs_have_the_same_bits_unless_something_else_has_a_say():
    images = np.zeros(SHAPE, np.float32)
    assert parity.difference_of_equal_runs("strict", TINY["MLPGAN"], images) == 0
    rates = iter([1e-3, 2e-3])
    other = lambda: MLPGAN(image_shape=(4, 4, 1), latent_size=3, learning_rates=(next(rates), 1e-3))
    assert parity.difference_of_equal_runs("strict", other, images) > 1e-3


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * (n in ("aegan", "capsgan", "capsnet"))) for n in MODELS],
)
def test_the_calls_of_a_step_are_those_that_the_stand_in_counts(name):
    images = steps.images_for(MODELS[name], 2).astype(np.float32)
    with mg.on("strict"):
        model = MODELS[name]()
        batch = parity.batch_of(model, images)
        model.train_step(batch)  # in which some have a penalty
        with strict_device.counted() as counts:
            model.train_step(batch)
    assert counts.calls == steps.CALLS[name]
    assert set(steps.CALLS) == set(MODELS)


# --- Beside PyTorch ----------------------------------------------------------------------------------


def test_what_is_missing_for_the_comparison_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    report = Report()
    beside_torch.compare(report, "strict")
    assert report.left_out == ["left out: step times beside PyTorch: PyTorch is not installed"]
    assert report.end() == 0
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(beside_torch, "BENCHMARKS", tmp_path)
    assert beside_torch.missing("cuda") == f"there is no {tmp_path}, which comes with the source"


@with_torch
def test_both_libraries_are_timed_on_the_same_networks(monkeypatch, capsys):
    import torch

    made = []
    pair = lambda title: (
        lambda: made.append(f"{title} here") or (lambda: to_device(np.ones(2))),
        lambda fused: made.append((title, fused, str(torch.ones(1).device))) or (lambda: torch.ones(2)),
    )
    monkeypatch.setattr(beside_torch, "contestants", lambda: {"a": pair("a"), "b": pair("b")})
    report = Report()
    beside_torch.compare(report, "strict", "cpu")
    assert made[:3] == ["a here", ("a", False, "cpu"), ("a", True, "cpu")]
    assert [row["name"] for row in report.rows["beside PyTorch"]] == ["a", "b"]
    assert all(row[f"{name} ms"] > 0 for row in report.rows["beside PyTorch"] for name in beside_torch.NAMES)
    if not torch.cuda.is_available():
        assert beside_torch.missing("cuda") == "the installed PyTorch cannot use the GPU"


@with_torch
@pytest.mark.slow
@pytest.mark.parametrize("title", ["MLP GAN", "DCGAN", "AEGAN", "CapsGAN", "CapsNet"])
def test_the_networks_can_be_made_and_trained_on_another_device(title):
    """minigan's on the stand-in; PyTorch's on its device without numbers, which refuses to meet the CPU."""
    import torch

    ours, theirs = beside_torch.contestants()[title]
    with torch.device("meta"), mg.on("strict"):
        theirs(False)()
        with strict_device.counted() as counts:
            ours()()
        with pytest.raises(RuntimeError):
            torch.ones(2) + torch.ones(2, device="cpu")
    assert counts.calls > 200
    assert set(beside_torch.contestants()) == {"MLP GAN", "DCGAN", "AEGAN", "CapsGAN", "CapsNet"}


# --- Runs --------------------------------------------------------------------------------------------

TABLE = [Row("Fréchet distance", (4.5,), (0.2,))]


@dataclass(kw_only=True, eq=False)
class Small(MLPGAN):
    g_hidden: tuple[int, ...] = (8,)
    d_hidden: tuple[int, ...] = (8,)


@dataclass(kw_only=True, eq=False)
class SmallConditional(ConditionalGAN):
    width: int = 2


@pytest.fixture
def a_short_run(monkeypatch):
    images = np.random.default_rng(0).uniform(-1, 1, (40, 28, 28, 1)).astype(np.float32)
    monkeypatch.setattr(digits, "load_mnist", lambda split: (images, np.arange(40) % 10))
    monkeypatch.setattr(digits, "MODELS", {"mlp_gan": Small, "conditional": SmallConditional})
    monkeypatch.setattr(digits, "GANS", {"mlp_gan": (1, 10)})
    monkeypatch.setattr(digits, "SAMPLES", 100)
    monkeypatch.setattr(digits, "evaluate", lambda samples, short: TABLE)


def test_a_run_leaves_a_picture_and_a_table(a_short_run, tmp_path, capsys):
    report = Report(tmp_path, 1)
    digits.draw_digits(report, "strict", tmp_path)
    (row,) = report.rows["runs"]
    assert (row["name"], row["steps"], row["steps of the example"]) == ("mlp_gan", 4, 4)
    assert row["table"] == {"Fréchet distance": {"samples": (4.5,), "real images": (0.2,)}}
    assert (tmp_path / "mlp_gan.png").stat().st_size > 1000
    text = (tmp_path / "report.txt").read_text()
    assert "mlp_gan: 4 of 4 steps" in text and "4.50" in text
    assert not report.failures


def test_a_run_of_a_gan_that_needs_labels_has_them(a_short_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits, "GANS", {"conditional": (1, 10)})
    report = Report(tmp_path, 1)
    digits.draw_digits(report, "strict", tmp_path)
    assert not report.failures and report.rows["runs"][0]["steps"] == 4


def test_with_less_time_a_run_has_fewer_steps_and_its_rates_fall_over_those(
    a_short_run, tmp_path, monkeypatch
):
    made = []
    monkeypatch.setattr(digits, "GANS", {"mlp_gan": (1000, 10)})
    monkeypatch.setattr(digits, "_seconds_of_a_step", lambda name, batches: 1.0)
    monkeypatch.setattr(Small, "check_settings", lambda self: made.append(self.decay_steps))
    report = Report(tmp_path, 0.1)
    digits.draw_digits(report, "strict", tmp_path)
    (row,) = report.rows["runs"]
    assert row["steps"] == made[-1] == 4  # 0.7 times 6 seconds, in steps of a second
    assert row["steps of the example"] == 4000


def test_the_runs_share_what_time_is_left(a_short_run, tmp_path, monkeypatch, capsys):
    shares, names = [], ["a", "b", "c"]
    monkeypatch.setattr(digits, "GANS", dict.fromkeys(names))

    def takes_all(report, name, seconds, folder):
        shares.append(seconds / digits.TRAINING)
        report.started -= shares[-1]  # as if it had taken so long

    monkeypatch.setattr(digits, "train_and_draw", takes_all)
    report = Report(tmp_path, 1)
    digits.draw_digits(report, "strict", tmp_path)
    np.testing.assert_allclose(shares, [20, 20, 20], rtol=0.05)
    assert not report.left_out


def test_a_run_that_diverges_is_a_failure(a_short_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Small, "train_step", lambda self, images: {"d_loss": np.float32("nan")})
    report = Report(tmp_path, 1)
    digits.draw_digits(report, "strict", tmp_path)
    assert report.failures == ["a run of mlp_gan: diverged, {'d_loss': nan}"]


def test_without_time_for_a_run_it_is_left_out(a_short_run, tmp_path, capsys):
    report = Report(tmp_path, 4 / 60)
    digits.draw_digits(report, "strict", tmp_path)
    assert len(report.left_out) == 1 and "a run of mlp_gan" in report.left_out[0]
    assert "runs" not in report.rows


@pytest.mark.slow
def test_the_table_of_a_run_is_that_of_the_examples(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits, "GANS", {"mlp_gan": (1, 2500)})
    monkeypatch.setattr(digits, "SAMPLES", 500)
    report = Report(tmp_path, 1)
    digits.draw_digits(report, "strict", tmp_path)
    assert not report.failures and "confident (p > 0.9), %" in report.rows["runs"][0]["table"]


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not installed beside the package")
@pytest.mark.parametrize("name", digits.GANS)
def test_the_runs_are_those_of_the_examples(name):
    tree = ast.parse((EXAMPLES / f"{name}_mnist.py").read_text())
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    assert digits.GANS[name] == (constants["EPOCHS"], constants["BATCH_SIZE"])
    (made,) = (
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == digits.MODELS[name].__name__
    )  # fmt: skip
    literals = (ast.Constant, ast.Tuple)
    settings = {k.arg: ast.literal_eval(k.value) for k in made.keywords if isinstance(k.value, literals)}
    assert digits.SETTINGS.get(name, {}) == settings


# --- The report and the command ----------------------------------------------------------------------


def test_everything_is_in_the_folder(a_short_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(beside_torch, "missing", lambda where: "it is not asked for")
    code, printed = checked(capsys, tmp_path, {"MLPGAN": TINY["MLPGAN"]})
    assert code == 0, printed
    assert (tmp_path / "report.txt").read_text() == printed
    found = json.loads((tmp_path / "report.json").read_text())
    assert found["complete"] is True and found["failures"] == []
    assert {row["name"] for row in found["operations"]} == set(all_cases())
    (model,) = found["models"]
    assert model["difference of equal runs"] == 0 and model["uploads"] == 2 and model["step ms"] > 0
    assert [row["name"] for row in found["runs"]] == ["mlp_gan"]
    assert found["left out"] == ["left out: step times beside PyTorch: it is not asked for"]
    assert "stand-in for CuPy" in found["device"]


def test_what_is_done_stays_when_it_is_stopped(tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "check_models", interrupted)
    assert command.main(["--full", "--out", str(tmp_path / "out")], "strict") == 130
    assert capsys.readouterr().out.endswith(f"stopped; what is done is in {tmp_path / 'out'}\n")
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["complete"] is False and len(found["operations"]) == len(all_cases())


def test_when_the_time_is_used_up_the_rest_is_left_out(tmp_path, capsys):
    report, done = Report(tmp_path, 1e-3), []
    report.each(
        "operations", ["a", "b", "c"], lambda name: done.append(name) or report.add("operations", name=name)
    )
    assert done == ["a", "b", "c"]  # they take no time

    def slow(name):
        done.append(name)
        report.seconds = 0.0  # from here on there is none

    report.each("models", ["d", "e", "f"], slow)
    assert done == ["a", "b", "c", "d"]
    assert report.left_out[0].startswith("left out: models (e, f): the ")
    report.seconds, report.longest = (
        report.seconds + 60,
        1e3,
    )  # there is a minute, but not for what may take longer
    report.each("models", ["g"], slow)
    assert done[-1] == "d"
    report.each("runs", ["h"], slow, adapts=True)
    assert done[-1] == "h"
    assert report.end() == 0
    assert json.loads((tmp_path / "report.json").read_text())["left out"] == report.left_out


def test_the_json_has_words_for_what_is_no_number(tmp_path, capsys):
    report = Report(tmp_path)
    report.add("models", name="a", float32=np.inf, float64=1.5)
    report.end()
    text = (tmp_path / "report.json").read_text()
    assert json.loads(text)["models"] == [{"name": "a", "float32": "inf", "float64": 1.5}]
    assert "Infinity" not in text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--out", "folder"], "--out belongs to --full"),
        (["--full", "--minutes", "0"], "'0' is not a number above 0"),
        (["--full", "--minutes", "soon"], "'soon' is not a number above 0"),
        (["--full", "--out", "."], "holds a report already"),
    ],
)
def test_wrong_flags_are_refused(flags, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(SystemExit):
        command.main(flags, "strict")
    assert message in capsys.readouterr().err


def test_the_help_tells_the_defaults(capsys):
    with pytest.raises(SystemExit):
        command.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "(default: a new one, runs/gpucheck)" in text and "(default: 5)" in text and "(default: off)" in text
    )


@pytest.mark.skipif(not cuda_status(), reason="there is a GPU")
@pytest.mark.parametrize("flags", [[], ["--full"]], ids=str)
def test_without_a_gpu_the_command_says_why(flags, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "minigan.gpucheck", *flags],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(mg.__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.strip() == f"There is nothing to check. {cuda_status()}" and not done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not cuda_status(), reason="there is a GPU")
@pytest.mark.parametrize(("required", "outcome"), [("0", pytest.skip), ("1", pytest.fail)])
def test_a_gpu_that_is_required_is_missed(required, outcome, request, monkeypatch):
    """What conftest.py does before each test, with a test that has the mark `gpu` and with one that has not."""
    file = str(Path(__file__).with_name("conftest.py"))
    conftest = next(
        p for p in request.config.pluginmanager.get_plugins() if getattr(p, "__file__", "") == file
    )
    monkeypatch.setenv("MINIGAN_REQUIRE_GPU", required)
    conftest.pytest_runtest_setup(request.node)
    request.node.add_marker("gpu")
    with pytest.raises(outcome.Exception, match="CuPy|GPU|CUDA"):
        conftest.pytest_runtest_setup(request.node)


@pytest.mark.gpu
def test_the_gpu_computes_what_the_cpu_computes():
    assert command.main([]) == 0
    assert mg.backend.module("cuda").__name__ == "cupy"
