"""Evaluation tasks, one module a task, and their registry by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import Any

from harakat.errors import OptionError
from harakat.evaluation.tasks.muradif import muradif_task
from harakat.evaluation.tasks.quran import quran_task
from harakat.evaluation.tasks.retrieval import retrieval_task
from harakat.evaluation.tasks.sts import STS_SETS, sts_task
from harakat.evaluation.tasks.synsets import synsets_task
from harakat.evaluation.tasks.task import Task

__all__ = ["TASKS", "Task", "open_task"]

TASKS: Mapping[str, Callable[..., Task]] = {
    "quran": quran_task,
    "muradif": muradif_task,
    **{name: partial(sts_task, name) for name in STS_SETS},
    "synsets": synsets_task,
    "retrieval": retrieval_task,
}
"""Names of tasks, and the functions that open them."""


def open_task(name: str, **options: Any) -> Task:
    """Open a task by name: read and check its data.

    Args:
        name: One of `TASKS`.
        options: Arguments of the function there, such as ``source`` for a local copy of a data set; ``synsets`` needs
            ``file`` and ``retrieval`` needs ``source``.

    Raises:
        OptionError: An unknown task or option, or a missing option.
        HarakatError: The data cannot be had or taken, as the task's function says.
    """
    opener = TASKS.get(name)
    if opener is None:
        raise OptionError(f"{name!r} is no task; choose {', '.join(TASKS)}")
    try:
        signature(opener).bind(**options)
    except TypeError as error:
        raise OptionError(f"task {name!r}: {error}; it takes: {', '.join(signature(opener).parameters)}") from error
    return opener(**options)
