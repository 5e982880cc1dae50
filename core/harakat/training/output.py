"""A run's folder: checked before the run, compared with its facts on resumption, and finished at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harakat._support.files import whole_folder, write_json
from harakat.errors import OptionError
from harakat.training.loop import CHECKPOINTS, METRICS
from harakat.training.planning import MODEL

__all__ = ["RUN", "Trained", "carry_out", "check_output"]

RUN = "run.json"
_FREE = frozenset({"description", "device", "workers", "log_every", "save_every", "keep"})
"""Settings that may change between a run and its resumption."""


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        folder: The model, for `harakat.Encoder`.
        metrics: File of JSON lines.
        plots: Loss and learning rate over the steps.
        steps: Number of steps in all.
        losses: Step and mean loss since the line before, for each line.
        precision: ``"float32"`` or ``"bfloat16"``.
        resumed_from: The step that the last start of the run went on from; None where it ran through.
    """

    folder: Path
    metrics: Path
    plots: tuple[Path, ...]
    steps: int
    losses: tuple[tuple[int, float], ...]
    precision: str
    resumed_from: int | None


def check_output(folder: Path, resume: bool) -> None:
    """Refuse an output that holds something else.

    Raises:
        OptionError: A file, a run that is not to be resumed, or a model that is not ours.
    """
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"output {folder} is a file; name a folder")
    if (folder / RUN).exists() and not resume:
        raise OptionError(f"output {folder} holds a run already; go on with it with resume (--resume), or name another")
    strangers = [name for name in (MODEL, CHECKPOINTS) if (folder / name).exists()]
    if strangers and not (folder / RUN).exists():
        raise OptionError(f"output {folder} holds {strangers[0]!r} without the {RUN} of a run; name another folder")


def carry_out(
    folder: Path,
    facts: dict[str, Any],
    precision: str,
    begin: Callable[[], None],
    steps: Callable[[], tuple[int, int | None]],
    save: Callable[[Path, int], None],
) -> Trained:
    """Carry a run from its first file to its finished model; a finished one is left as it is.

    Args:
        folder: The run's folder.
        facts: Everything that must be the same for a resumed run to give the same weights, for ``run.json``.
        precision: ``"float32"`` or ``"bfloat16"``.
        begin: Called in the first process only, before `run.json` is written; writes further files of the run.
        steps: Trains; returns the number of steps in all, and the step that it went on from.
        save: Called in the first process only, with a folder that does not exist yet and the number of steps; writes
            the model.

    Raises:
        OptionError: The folder holds a run with other facts.
    """
    from accelerate import PartialState

    state = PartialState()
    _check_same_run(folder, facts)
    if not (folder / MODEL).exists():
        state.wait_for_everyone()
        if state.is_main_process:
            folder.mkdir(parents=True, exist_ok=True)
            begin()
            write_json(folder / RUN, facts)
        state.wait_for_everyone()
        count, resumed = steps()
        if state.is_main_process:
            end = {"event": "end", "steps": count, "precision": precision, "resumed_from": resumed}
            _finish(folder, end, lambda model: save(model, count))
        state.wait_for_everyone()
    return _result(folder)


def _check_same_run(folder: Path, facts: dict[str, Any]) -> None:
    path = folder / RUN
    if not path.exists():
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    for part, now in facts.items():
        then = before.get(part)
        if part == "recipe":
            then, now = ({k: v for k, v in (r or {}).items() if k not in _FREE} for r in (then, now))
            different = sorted(k for k in then.keys() | now.keys() if then.get(k) != now.get(k))
            if different:
                name = different[0]
                raise OptionError(
                    f"{folder} was begun with {name}={then.get(name)!r}, and is to go on with {now.get(name)!r}; a "
                    f"resumed run takes the same recipe. Leave the change out, or name another output"
                )
        elif part == "data" and then != now:
            name, before_it, now_it = next((b["name"], a, b) for a, b in zip(then, now, strict=True) if a != b)
            raise OptionError(
                f"{folder} was begun with other rows of data.{name}: {before_it['rows']:,} rows (SHA-256 "
                f"{before_it['sha256'][:12]}), and now {now_it['rows']:,} ({now_it['sha256'][:12]}). Bring the former "
                f"data back, or name another output"
            )
        elif then != now:
            raise OptionError(
                f"{folder} was begun with {part}={then!r}, but now it is {now!r}: the run could not be resumed to the "
                f"same model. Bring the former back, or name another output"
            )


def _finish(folder: Path, end: dict[str, Any], save: Callable[[Path], None]) -> None:
    """Write metrics, plots and model; the model's folder appears last and at once."""
    from harakat.training.metrics import write_plots

    metrics = folder / METRICS
    with metrics.open("a", encoding="utf-8") as file:
        file.write(json.dumps(end) + "\n")
    write_plots(metrics, folder)
    with whole_folder(folder / MODEL, OptionError) as partial:
        save(partial)


def _result(folder: Path) -> Trained:
    from harakat.training.metrics import read_metrics

    lines = read_metrics(folder / METRICS)
    losses = tuple((line["step"], line["loss"]) for line in lines if "loss" in line)
    end = next(line for line in reversed(lines) if line.get("event") == "end")
    plots = tuple(folder / f"{name}.png" for name in ("loss", "lr"))
    return Trained(folder / MODEL, folder / METRICS, plots, end["steps"], losses, end["precision"], end["resumed_from"])
