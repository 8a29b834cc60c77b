"""Timing two libraries in one process without letting them disturb each other.

Each library keeps a pool of threads that go on spinning for a while after its last call.  Calls of two
libraries in turn would make the pools starve each other, so the contestants run in blocks of many
calls, with a pause before each block, and the blocks alternate.  Reported are minimum and median.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

PAUSE = 0.5  # seconds before a block, in which the other library's threads go to sleep


def measure(
    contestants: Mapping[str, Callable[[], object]], blocks: int = 5, calls: int = 20
) -> dict[str, list[float]]:
    """name -> seconds of each single call, sorted; one block of each contestant is run to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for block in range(blocks + 1):
        for name, call in contestants.items():
            time.sleep(PAUSE)
            for i in range(calls):
                start = time.perf_counter()
                call()
                if block > 0 and i >= calls // 10:  # the first calls of a block wake the threads up
                    seconds[name].append(time.perf_counter() - start)
    return {name: sorted(times) for name, times in seconds.items()}


def report(title: str, seconds: Mapping[str, list[float]], unit: float = 1e-3, per: float = 1.0) -> None:
    """Print a row for each contestant: minimum, median, and its medians' ratio to those after the first.

    per  operations in a call: the times printed are those of one operation
    """
    symbol = {1e-3: "ms", 1e-6: "µs"}[unit]
    ours, *others = seconds
    print(title)
    for name, times in seconds.items():
        low, middle = (t / per / unit for t in (times[0], statistics.median(times)))
        print(f"    {name:<34} minimum {low:8.2f} {symbol}   median {middle:8.2f} {symbol}")
    for other in others:
        low = seconds[ours][0] / seconds[other][0]
        middle = statistics.median(seconds[ours]) / statistics.median(seconds[other])
        print(f"    {ours} / {other}:  minimum {low:.2f}   median {middle:.2f}")
    print(flush=True)


def high_water_mark() -> float:
    """The largest resident memory that this process has had, in MiB.  Linux only."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def memory_of_steps(step: Callable[[], object], steps: int = 10) -> tuple[float, float]:
    """The high-water mark of this process before the first step and after the last, in MiB."""
    before = high_water_mark()
    for _ in range(steps):
        step()
    return before, high_water_mark()


def in_own_process(*command: object, before: Sequence[object] = ()) -> list[float]:
    """The numbers that `BEFORE python COMMAND` prints last, on one line."""
    words = [str(word) for word in (*before, sys.executable, *command)]
    printed = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [float(number) for number in printed.splitlines()[-1].split()]


def machine(torch: bool = True) -> str:
    """The processor, the threads, the kernels of NumPy's BLAS and the versions that the numbers belong to."""
    import numpy
    from threadpoolctl import threadpool_info

    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            processor = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass  # not Linux: the platform's own word must do
    kernels = ", ".join(
        f"{pool['internal_api']} {pool['version']} with its {pool.get('architecture', 'own')} kernels"
        for pool in threadpool_info()
        if "numpy" in pool["filepath"]
    )
    chosen = [name for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ]
    warning = f"\n{' and '.join(chosen)} set: unset for a fair comparison" if chosen else ""
    threads, version = f"{os.cpu_count()} cores", ""
    if torch:
        import torch as library

        threads, version = f"{library.get_num_threads()} threads", f", PyTorch {library.__version__}"
    return (
        f"{processor}, {threads}, Python {platform.python_version()}, "
        f"NumPy {numpy.__version__} ({kernels}){version}{warning}"
    )
