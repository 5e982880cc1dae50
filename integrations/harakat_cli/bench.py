"""`harakat bench`: how fast an encoder is on this machine, and where its time goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harakat.errors import MissingExtraError, OptionError
from harakat_cli import console
from harakat_cli.options import Json, encoder_options
from harakat_cli.quran import QuranSource
from harakat_cli.records import Fields, open_file

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["bench"]

COUNT = 600
"""Texts that are taken where nobody says how many: some seconds of work on a laptop."""


@encoder_options()
def bench(
    texts: Annotated[
        Path | None,
        typer.Option(
            help="A .txt (a text a line), .csv, .tsv or .jsonl file.", show_default="the Quran in verse order"
        ),
    ] = None,
    text_field: Annotated[str | None, typer.Option(help="Field or column with the text.", show_default="text")] = None,
    count: Annotated[
        int, typer.Option(min=1, help="Every n-th text is taken, in order, so that about this many remain.")
    ] = COUNT,
    rounds: Annotated[int, typer.Option(min=1, help="Figures are medians over so many rounds.")] = 3,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of the network.", show_default="torch's own choice")
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Where the time goes, stage by stage.")] = False,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    r"""Measure an encoder here: texts and tokens a second, share of the machine's matrix rate, latency, memory.

    From strings to vectors, on texts of yours or on verses of the Quran. "Real tokens" count special tokens and no
    padding. The share sets the arithmetic of the network's linear layers against bare float32 matrix products of the
    same shapes, measured in the same round: torch.mm, and the packed layers that harakat uses on x86.

    [bold]Examples[/bold]

      harakat bench

      harakat bench --texts poems.txt --threads 1 --profile

      harakat bench --model neoarabert-msa --dtype bfloat16 --device cuda --json
    """
    chosen = _sample(_texts(texts, text_field), count)
    from harakat import Encoder
    from harakat.bench.machine import pinned_threads
    from harakat.bench.measure import measure
    from harakat.bench.stages import stage_seconds

    if profile and options.get("compile"):
        raise OptionError("--profile takes the blocks of a network apart, which --compile fuses; choose one of them")
    with pinned_threads(threads):
        encoder = Encoder(**options)
        found = {"corpus": str(texts) if texts else "quran-text, verse order", **measure(encoder, chosen, rounds)}
        if profile:
            found["stage_seconds"] = {stage: round(s, 5) for stage, s in stage_seconds(encoder, chosen).items()}
    if as_json:
        console.data(json.dumps(found, ensure_ascii=False))
        return
    console.table(("figure", "value"), _rows(encoder, found), title=f"{found['model']} on {found['machine']['cpu']}")
    if profile:
        console.data("")
        whole = sum(found["stage_seconds"].values())
        stages = [(name, f"{s:.3f}", f"{s / whole:.1%}") for name, s in found["stage_seconds"].items()]
        console.table(("stage", "seconds", "share"), stages, title="Stage by stage, one pass, nothing side by side")


def _texts(file: Path | None, field: str | None) -> list[str]:
    if file is not None:
        found = [text for text in open_file(file, None, Fields(text=field)).texts() if text.strip()]
        if not found:
            raise OptionError(f"{file} holds no text; give a file with at least one")
        return found
    if field:
        raise OptionError("--text-field speaks of a file; give --texts")
    try:
        return [record.text for record in QuranSource().records()]
    except MissingExtraError as error:
        raise MissingExtraError(f"{error}; or give texts of your own with --texts FILE", name=error.name) from error


def _sample(texts: list[str], count: int) -> list[str]:
    return texts[:: max(1, len(texts) // count)][:count]


def _rows(encoder: Encoder, found: dict[str, Any]) -> list[tuple[str, str]]:
    machine = found["machine"]
    rows = [
        ("texts", f"{found['texts']:,} ({found['corpus']})"),
        ("real tokens", f"{found['real_tokens']:,}"),
        ("encoder", f"{encoder.device}, {encoder.dtype}, {encoder.attention}, {encoder.dim} dims"),
        ("threads", f"{machine['threads']} of {machine['cores']} cores, {machine['instructions']}"),
        ("texts/s", f"{found['texts_per_s']:,.1f}"),
        ("real tokens/s", f"{found['real_tokens_per_s']:,.0f}"),
    ]
    names = {"torch": "torch.mm", "packed": "packed layers"}
    for kind, share in found.get("share_of_sgemm", {}).items():
        rate = found["sgemm_gflops"][kind]
        rows.append((f"share of {names[kind]}, float32", f"{share:.2f} of {rate:,.0f} GFLOP/s"))
    for texts, taken in found["latency_ms"].items():
        what = "text" if texts == "1" else "texts"
        rows.append((f"latency of {texts} {what}", f"p50 {taken['p50']:.2f} ms, p95 {taken['p95']:.2f} ms"))
    for name, key in (("peak memory", "peak_memory_mb"), ("peak memory of the device", "peak_device_memory_mb")):
        if found.get(key) is not None:
            rows.append((name, f"{found[key]:,.0f} MB"))
    return rows
