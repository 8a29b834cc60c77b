"""Several real processes: the same weights on each, those of one process with the whole batch, and one end."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from parallel_worker import BATCH, EPOCHS, N, Noisy, state, train_noisy

import minigan as mg
from minigan import backend
from minigan.backend import normal, uniform
from minigan.models import DCGAN
from minigan.training import load_checkpoint, read_history
from minigan.training.parallel import ParallelError, ProcessGroup, mpi_group

WORKER = Path(__file__).parents[1] / "parallel_worker.py"
EXAMPLES = Path(mg.__file__).parents[1] / "examples"
beside = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(beside) if beside.exists() else shutil.which("mpiexec")

with_mpi = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None or MPIEXEC is None,
    reason="needs mpi4py and mpiexec: pip install 'minigan[mpi]' mpich",
)


def mpiexec(n, *command):
    """Run python with these arguments on n processes; one thread each, as they share this machine."""
    settings = {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": f"{WORKER.parent}{os.pathsep}{Path(mg.__file__).parents[1]}",
    }
    # Open MPI asks for these where it runs as root, or on fewer cores; others ignore them.
    settings |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    settings |= {"PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}
    return subprocess.run(
        [MPIEXEC, "-n", str(n), sys.executable, *map(str, command)],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def rest_of(found, name):
    return {key: array for key, array in found.items() if key.startswith(f"{name}:")}


@pytest.fixture(scope="module", params=[2, 3])
def ranks(request, tmp_path_factory):
    """What every rank has written, and the folder: of one mpiexec, because it takes a second to start."""
    folder = tmp_path_factory.mktemp("ranks")
    done = mpiexec(request.param, WORKER, "train", folder)
    assert done.returncode == 0, done.stderr
    assert "rank 0 has written" in done.stdout and "rank 1" not in done.stdout
    files = sorted(folder.glob("rank*.npz"))
    assert len(files) == request.param
    return [dict(np.load(file)) for file in files], folder


@with_mpi
def test_the_ranks_agree_to_the_bit_whatever_the_layers(ranks):
    first, *others = ranks[0]
    compared = [key for key in first if ":" in key or key == "mean"]
    assert any("dcgan:" in key and "moving_mean" in key for key in compared)
    for other in others:
        assert [key for key in compared if first[key].tobytes() != other[key].tobytes()] == []


@with_mpi
def test_together_they_are_one_process_with_the_whole_batch(ranks, tmp_path):
    found, folder = ranks
    alone = train_noisy(tmp_path / "alone")
    for key, array in state(alone).items():
        np.testing.assert_allclose(found[0][f"straight:{key}"], array, rtol=1e-9, atol=1e-12, err_msg=key)
    one, several = (read_history(path / "history.csv") for path in (tmp_path / "alone", folder / "straight"))
    assert [row["step"] for row in one] == [row["step"] for row in several] == [2, 4, 6, 8]
    np.testing.assert_allclose([r["loss"] for r in several], [r["loss"] for r in one], rtol=1e-9)

    half = train_noisy(tmp_path / "half", HalfTheBatch())  # that is, the comparison can tell
    key = "net/layers.0.kernel"
    assert np.abs(state(half)[key] - found[0][f"straight:{key}"]).max() > 1e-4


class HalfTheBatch(ProcessGroup):
    def share(self, batch):
        return tuple(array[: BATCH // 2] for array in batch)


@with_mpi
def test_every_example_is_seen_by_exactly_one_rank_in_each_epoch(ranks):
    seen = [found["seen"].reshape(EPOCHS, -1) for found in ranks[0]]
    for epoch in range(EPOCHS):
        assert sorted(np.concatenate([part[epoch] for part in seen])) == list(range(N))


@with_mpi
def test_ctrl_c_on_one_rank_stops_all_after_the_same_step_and_they_resume(ranks):
    found, folder = ranks
    assert [int(each["steps_before_the_interruption"]) for each in found] == [5] * len(found)
    straight, resumed = (list(rest_of(found[0], name).values()) for name in ("straight", "resumed"))
    assert [a.tobytes() for a in straight] == [b.tobytes() for b in resumed]
    losses = [[r["loss"] for r in read_history(folder / n / "history.csv")] for n in ("straight", "stopped")]
    assert losses[0] == losses[1]


@with_mpi
def test_a_checkpoint_of_several_is_one_of_a_single_process(ranks, tmp_path):
    found, folder = ranks
    model = Noisy()
    position = load_checkpoint(model, folder / "straight" / "checkpoint.npz")
    assert position["epoch"] == EPOCHS
    assert all(found[0][f"straight:{key}"].tobytes() == a.tobytes() for key, a in state(model).items())
    train_noisy(tmp_path)  # leaves the random generator where one process leaves it ...
    alone = backend.generator.bit_generator.state
    load_checkpoint(model, folder / "straight" / "checkpoint.npz")
    assert backend.generator.bit_generator.state == alone  # ... and so have they


# --- The end -----------------------------------------------------------------------------------------


@with_mpi
@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("raise", "ValueError: something is wrong here"),
        ("exit", "error: there is nothing to do"),
        ("kill", ""),
    ],
)
def test_a_rank_that_dies_ends_the_run_with_one_message_and_the_checkpoint_is_intact(
    scenario, said, tmp_path
):
    done = mpiexec(2, WORKER, scenario, tmp_path)
    assert done.returncode != 0
    if said:
        assert done.stderr.count(said) == 1
        assert done.stderr.count("rank 1 of 2 has stopped, and so the run ends") == 1
        assert "rank 0 of" not in done.stderr
    assert load_checkpoint(Noisy(), tmp_path / "run" / "checkpoint.npz")["epoch"] == 1


@with_mpi
def test_what_stops_all_is_said_once(tmp_path):
    done = mpiexec(2, WORKER, "diverge", tmp_path)
    assert done.returncode != 0
    assert done.stderr.count("loss is nan at step 2: training has diverged") == 1
    assert "rank 0 of 2 has stopped" in done.stderr and "rank 1 of" not in done.stderr


@with_mpi
@pytest.mark.parametrize("what", ["seed", "batch_size", "epochs", "examples", "data"])
def test_processes_that_were_started_differently_are_told_so_and_do_not_wait_for_ever(what, tmp_path):
    done = mpiexec(2, WORKER, f"other {what}", tmp_path)
    assert done.returncode != 0
    assert f"ParallelError: {what} is " in done.stderr
    assert "start all processes with the same flags and the same data" in done.stderr
    assert not (tmp_path / "run" / "checkpoint.npz").exists()


# --- The example -------------------------------------------------------------------------------------


@with_mpi
@pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not installed beside the package")
def test_the_example_trains_on_two_processes_and_goes_on_with_one(tmp_path):
    script, out = EXAMPLES / "mlp_gan_mnist.py", tmp_path / "run"
    done = mpiexec(2, script, "--data-parallel", "--quick", "--epochs", 1, "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 1/1") == 1 and done.stdout.splitlines()[-1] == str(out)
    assert (out / "samples.png").exists()
    alone = subprocess.run(
        [sys.executable, script, "--resume", out, "--epochs", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert alone.returncode == 0, alone.stderr
    assert [row["epoch"] for row in read_history(out / "history.csv")] == [1, 2]


@with_mpi
def test_a_process_alone_is_told_to_bring_others(tmp_path):
    done = mpiexec(1, "-c", "from minigan.training.parallel import mpi_group; mpi_group()")
    assert "ParallelError: this process is alone: start several with mpiexec -n 2 python" in done.stderr


def test_without_mpi4py_the_flag_says_what_to_install(monkeypatch, capsys):
    from minigan.runs import parse_run, run_parser

    monkeypatch.setitem(sys.modules, "mpi4py", None)  # importing it now fails
    with pytest.raises(ParallelError, match=r"mpi4py is not installed: pip install 'minigan\[mpi\]'"):
        mpi_group()
    with pytest.raises(SystemExit):
        parse_run(run_parser("A test.", 1, 8), "tiny", ["--data-parallel"])
    assert "error: mpi4py is not installed" in capsys.readouterr().err


# --- Without other processes -------------------------------------------------------------------------


class Comm:
    """Rank `rank` of several that all hold the same arrays, without the others."""

    def __init__(self, rank, size, kinds="mpi,system"):
        self.rank, self.size, self.kinds, self.types = rank, size, kinds, []

    def Allreduce(self, own, total):
        self.types.append(type(own))
        total[...] = own * self.size

    def Get_info(self):
        return {"mpi_memory_alloc_kinds": self.kinds} if self.kinds else {}


@pytest.mark.parametrize("draw", [normal, uniform])
def test_the_shares_of_the_noise_are_the_noise_of_the_whole_batch(draw):
    def drawn(rank, size, n):
        mg.seed(5)
        with backend.share(rank, size):
            first = draw((n, 2, 3))
        return np.concatenate([first.reshape(-1, 6), draw((1, 6))])  # the generator is where it was, too

    whole = drawn(0, 1, 6)
    parts = [drawn(rank, 3, 2) for rank in range(3)]
    assert np.array_equal(np.concatenate([part[:2] for part in parts]), whole[:6])
    assert all(np.array_equal(part[2], whole[6]) for part in parts)


def test_a_batch_that_cannot_be_shared_is_refused():
    assert [ProcessGroup(Comm(rank, 3)).rows(6) for rank in range(3)] == [
        slice(0, 2),
        slice(2, 4),
        slice(4, 6),
    ]
    with pytest.raises(ValueError, match="3 processes cannot share a batch of 7 examples equally"):
        ProcessGroup(Comm(0, 3)).rows(7)


def test_the_mean_keeps_shapes_and_dtypes_and_goes_as_one_message():
    group = ProcessGroup(Comm(0, 4))
    arrays = [np.ones((2, 3), np.float32), np.array(5.0, np.float32), np.full(2, 7.0), np.zeros((0, 3))]
    means = group.mean(arrays)
    assert len(group.comm.types) == 1
    for mean, array in zip(means, arrays, strict=True):
        assert mean.dtype == array.dtype and np.array_equal(mean, array)


def test_alone_nothing_is_changed_and_nobody_is_asked():
    model = DCGAN(image_size=4, width=2, latent_size=3, sorts=2)
    group = ProcessGroup()
    images = np.random.default_rng(0).uniform(-1, 1, (3, 4, 4, 1)).astype(np.float32)
    with group.training(model):
        metrics = model.train_step(group.share(images))
        assert group.share(images) is images and group.synchronized(model, metrics) is metrics
        assert all(optimizer.average is None for optimizer in model.optimizers.values())
    assert group.is_rank_0 and group.all_gather(3) == [3] and group.broadcast("x") == "x"
