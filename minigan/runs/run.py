"""Run: a training in the folder of an example, with pictures, a table, and the way to continue."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal

import numpy as np

import minigan as mg
from minigan.data import Batches
from minigan.evaluation.table import picture_table, short_table
from minigan.runs.flags import kept_flags
from minigan.runs.folder import new_folder, read_config, require_checkpoint, resume_command, write_config
from minigan.runs.pictures import image_grid, plot_history, save_animation, save_image
from minigan.runs.report import reference_lines, write_report
from minigan.training import Monitor, Training
from minigan.training.parallel import ParallelError, ProcessGroup, mpi_group
from minigan.training.progress import say


class Run(Training):
    """A `Training` that does what the flags say, and whose mistakes end the program with one line.

        with Run(args, model, batches) as run:
            for epoch in run.epochs():
                for batch in run.batches(epoch):
                    run.log(model.train_step(batch))
                run.draw(image_grid(model.sample(100, run.noise)))
        run.finish()

    args     the flags, from `parse_run`
    batches  from `batches_for`
    picture  scale -> what is drawn before the first epoch and at the end; samples from `noise` if there is none
    noise    (100, latent_size), the same in every epoch, from which to draw

    After an interruption the program ends where the with-block ends: with the pictures drawn, what to type to
    continue, and exit status 128 + number of the signal.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        model: Any,
        batches: Batches,
        picture: Callable[[int], np.ndarray] | None = None,
    ) -> None:
        group = mpi_group() if args.data_parallel else ProcessGroup()
        out, resume = args.out or "", args.resume is not None
        super().__init__(model, batches, args.epochs, out, resume, Monitor(), group=group)
        self.args = args
        self.noise = np.random.default_rng(args.seed).standard_normal((100, model.latent_size))
        self.picture = picture or self._samples

    def _samples(self, scale: int) -> np.ndarray:
        return image_grid(self.model.sample(100, self.noise), scale=scale)

    def __enter__(self) -> Any:
        with self._in_one_line(ParallelError, OSError, ValueError):
            self.group.rows(self.data.batch_size)
            is_new = self.group.is_rank_0 and self.args.out is None
            out = new_folder(self.args.run_name) if is_new else self.out
            self.args.out = self.out = self.group.broadcast(out)
            try:
                config = self._config()
                super().__enter__()
            except BaseException:
                if is_new:
                    with contextlib.suppress(OSError):
                        self.out.rmdir()
                raise
            try:
                self._begin(config)
            except BaseException:
                super().__exit__(*sys.exc_info())
                raise
        return self

    def _begin(self, config: dict[str, Any]) -> None:
        if self.group.is_rank_0:
            (self.out / "samples").mkdir(exist_ok=True)
            write_config(self.out, config)
            if not self.resume:
                self._save_sample(0, self.picture(2))
        falling = getattr(self.args, "decay_epochs", self.total)
        if self.total > falling:
            self.progress.say(
                f"the learning rates fall over {falling} epochs and stay where they are for the other "
                f"{self.total - falling} (a new run may have --decay-epochs {self.total})"
            )

    def _config(self) -> dict[str, Any]:
        """What goes into config.json; ValueError if the run that is resumed has another model or other data."""
        model = {"model": self.model.name, "settings": self.model.settings}
        data = {"examples": self.data.n, "crc32": self.data.checksum()}
        flags = kept_flags(self.args)
        config = json.loads(json.dumps(model | {"flags": flags, "data": data, "version": mg.__version__}))
        if self.resume:
            require_checkpoint(self.out)
            before = read_config(self.out)
            for name in ("model", "settings", "data"):
                if before[name] != config[name]:
                    path = self.out / "config.json"
                    found = str(before[name])[:200]
                    raise ValueError(f"{path} has {name} {found}, but this is {config[name]}")
        return config

    def draw(self, picture: np.ndarray) -> None:
        """Save a picture of what the model draws after this epoch, for the animation."""
        if self.group.is_rank_0:
            self._save_sample(self.position["epoch"] + 1, picture)

    def _save_sample(self, epoch: int, picture: np.ndarray) -> None:
        save_image(self.out / "samples" / f"epoch_{epoch:04d}.png", picture)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]:
        super().__exit__(kind, error, traceback)
        with self._in_one_line(FloatingPointError, OSError):
            if error is None or self.interrupted:
                self._draw_run()
            elif isinstance(error, FloatingPointError | OSError | KeyboardInterrupt):
                raise error
        if self.interrupted:
            if self.group.is_rank_0:
                say(f"to continue: {resume_command(self.out)}\n{self.out}")
            raise SystemExit(128 + self.interrupted)
        return False

    def _draw_run(self) -> None:
        """The pictures that every run has at its end."""
        if not self.group.is_rank_0:
            return
        save_image(self.out / "samples.png", self.picture(3))
        numbers = {
            path.stem.removeprefix("epoch_"): path for path in (self.out / "samples").glob("epoch_*.png")
        }
        frames = {int(number): path for number, path in numbers.items() if number.isdecimal()}
        last = self.position["epoch"]  # the pictures of a longer run may be there
        save_animation(self.out / "samples.gif", [frames[n] for n in sorted(frames) if n <= last])
        plot_history(
            self.out / "curves.png", self.history.rows, self.model.curves, reference_lines(self.model)
        )
        self._report()

    def _report(self, pictures: Mapping[str, np.ndarray] | None = None, metrics: str = "") -> None:
        """Write report.html, with what is known at this point."""
        done, step = self.position["epoch"], self.position["step"]
        command, state = resume_command(self.out), f"{done} of {self.total} epochs, {step:,} steps, are done"
        if done >= self.total:
            command += f" --epochs {2 * self.total}"
        elif self.interrupted:
            state += "; interrupted"
        write_report(
            self.out, read_config(self.out), self.history.rows, f"{state}.", command, self.model.curves,
            reference_lines(self.model), done, pictures, metrics,
        )  # fmt: skip

    def finish(
        self, pictures: Mapping[str, np.ndarray] | None = None, digits: bool = True, table: str = ""
    ) -> None:
        """Save the example's own pictures as name.png, print the table, and the folder last.

        digits  False for samples that are not meant to be digits, and so have another table: or none, where the
                example has no --data
        table   the example's own, instead
        """
        if not self.group.is_rank_0:
            return
        with self._in_one_line(OSError):
            for name, picture in (pictures or {}).items():
                save_image(self.out / f"{name}.png", picture)
            metrics = table or ("" if self.args.quick else self._table(digits))
            if metrics:
                say(metrics)
            self._report(pictures, metrics)
        say(str(self.out))

    def _table(self, digits: bool) -> str:
        images, data = self.data.arrays[0], getattr(self.args, "data", None)
        if digits and data in (None, "mnist") and images.shape[1:] == (28, 28, 1):
            return short_table(self.model, samples=2000, training="full" if self.args.full else "subset")
        return picture_table(self.model, images) if data else ""

    @contextlib.contextmanager
    def _in_one_line(self, *expected: type[Exception]) -> Iterator[None]:
        """Expected errors, and a second Ctrl-C, end the program with one line instead of a traceback."""
        try:
            yield
        except KeyboardInterrupt:
            say("stopped; what is saved stays saved")
            raise SystemExit(130) from None
        except expected as error:
            has_no_name = (
                isinstance(error, OSError) and error.errno and not error.filename
            )  # of a full disk, say
            sys.exit(f"error: {self.out}: {error}" if has_no_name else f"error: {error}")
