"""Metrics of a run: lines of JSON, a progress bar, and two plots at the end."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from harakat._support.files import write_text
from harakat._support.progress import Advance, progress_bar
from harakat.errors import OptionError

__all__ = ["Metrics", "read_metrics", "write_plots"]


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a metrics file that were written to their end."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


class Metrics(TrainerCallback):
    """A callback that writes the metrics and moves the bar, in the first process only.

    Args:
        path: The metrics file.
        first: Facts of the run, for its first line.
        resumed: The step that the run goes on from, or None where it begins.
        batch_size: Number of rows in a step.
        show_progress: True or False; None shows a bar on a terminal.
        on_log: Called with every line.
        passes: Number of passes over the data that the trainer counts as one.
    """

    def __init__(
        self,
        path: Path,
        first: dict[str, Any],
        resumed: int | None,
        batch_size: int,
        show_progress: bool | None,
        on_log: Callable[[dict[str, Any]], None] | None,
        passes: float = 1.0,
    ) -> None:
        self.path, self.first, self.resumed, self.batch_size = path, first, resumed, batch_size
        self.show_progress = sys.stderr.isatty() if show_progress is None else show_progress
        self.on_log_line, self.passes = on_log, passes
        self._bar = ExitStack()
        self._advance: Advance | None = None
        self._shown = 0
        self._last = (0, 0.0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin the file, or cut off what a killed run wrote after its last checkpoint."""
        self._last = (state.global_step, time.perf_counter())
        if not state.is_world_process_zero:
            return
        if self.show_progress:
            self._advance = self._bar.enter_context(
                progress_bar(state.max_steps, True, unit="step", done=state.global_step)
            )
            self._shown = state.global_step
        kept = read_metrics(self.path) if self.resumed is not None else []
        kept = [line for line in kept if line.get("step", 0) <= (self.resumed or 0) and line.get("event") != "end"]
        write_text(self.path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept))
        if self.resumed is None:
            self.write({"event": "start", "steps": state.max_steps, **self.first})
        else:
            self.write({"event": "resume", "step": self.resumed, **self.first})

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Log at every checkpoint, so that a resumed run has the same windows of averaging."""
        if control.should_save:
            control.should_log = True
        if self._advance is not None:
            self._advance(state.global_step - self._shown)
            self._shown = state.global_step
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Write a line with step, epoch, loss, learning rate, norm of the gradient, and rows a second.

        Raises:
            OptionError: The loss is not finite any more.
        """
        if not logs or "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]):
            raise OptionError(
                f"the loss is {logs['loss']} at step {state.global_step}: lr={args.learning_rate:g} may be too high, "
                f"or the starting model is damaged; nothing was saved since the last checkpoint"
            )
        if not state.is_world_process_zero:
            return
        step, now = state.global_step, time.perf_counter()
        seconds = now - self._last[1]
        rows = (step - self._last[0]) * self.batch_size
        self._last = (step, now)
        line = {
            "step": step,
            "epoch": round(float(state.epoch or 0) * self.passes, 4),
            "loss": float(logs["loss"]),
            "lr": float(logs["learning_rate"]),
            "grad_norm": round(float(logs.get("grad_norm", float("nan"))), 4),
            "rows_per_s": round(rows / seconds, 1) if seconds else None,
        }
        self.write(line)
        if self._advance is not None:
            self._advance(0, f"loss {line['loss']:.3f}")
        if self.on_log_line is not None:
            self.on_log_line({**line, "steps": state.max_steps})

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Close the bar."""
        self.close()

    def close(self) -> None:
        """Close the bar, if there is one."""
        self._advance = None
        self._bar.close()

    def write(self, line: dict[str, Any]) -> None:
        """Add a line to the file."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def write_plots(metrics: Path, folder: Path) -> list[Path]:
    """Draw loss and learning rate over the steps.

    Args:
        metrics: The metrics file.
        folder: Folder for ``loss.png`` and ``lr.png``.

    Returns:
        The files.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = [line for line in read_metrics(metrics) if "loss" in line]
    written = []
    for key, label in (("loss", "loss"), ("lr", "learning rate")):
        figure = Figure(figsize=(7, 4))
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        steps, values = [line["step"] for line in lines], [line[key] for line in lines]
        axes.plot(steps, values, linewidth=1.2, marker="." if len(steps) < 30 else None)
        axes.set_xlabel("step")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        path = folder / f"{key}.png"
        figure.savefig(path, dpi=100)
        written.append(path)
    return written
