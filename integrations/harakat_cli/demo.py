"""`harakat demo`: the whole Quran indexed, and what marks change, in computed numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harakat.errors import CollectionError
from harakat_cli import console
from harakat_cli.index import index_source
from harakat_cli.options import Device, Dim, Model, given
from harakat_cli.quran import QuranSource
from harakat_cli.stores import Address, ChromaStore, open_store

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["demo"]

COLLECTION = "quran"
VERSES = 6236


@dataclass(frozen=True)
class Sense:
    """One reading of letters that have several."""

    word: str
    """With its marks."""
    meaning: str
    near: str
    """A word of the same meaning that shares no letters' shape with it."""


@dataclass(frozen=True)
class Homograph:
    """Letters that read as different words."""

    bare: str
    senses: tuple[Sense, ...]


HOMOGRAPHS = (
    Homograph(
        "علم",
        (Sense("عِلْم", "knowledge", "مَعْرِفَة"), Sense("عَلَم", "flag", "رَايَة")),
    ),
    Homograph(
        "جنة",
        (Sense("جَنَّة", "garden", "حَدِيقَة"), Sense("جِنَّة", "jinn", "شَيَاطِين")),
    ),
    Homograph(
        "ملك",
        (Sense("مَلِك", "king", "سُلْطَان"), Sense("مَلَك", "angel", "جِبْرِيل")),
    ),
    Homograph(
        "بر",
        (Sense("بِرّ", "goodness", "إِحْسَان"), Sense("بَرّ", "dry land", "صَحْرَاء")),
    ),
)

QUERIES = ("الجنة", "الْجَنَّة", "الْجِنَّة")
"""Bare; marked as the garden; marked as the jinn."""

BARE_VERSES = ("2:255", "18:10", "24:35", "55:60", "94:5", "112:1")
"""Verses looked for as a person would type them: everyday spelling, no marks."""


def demo(
    folder: Annotated[Path, typer.Option(help="Where the index goes; run again, it is found there.")] = Path(
        "demo-index"
    ),
    model: Model = None,
    dim: Dim = None,
    device: Device = None,
) -> None:
    r"""Index the Quran with its marks, and show what marks change.

    Similarities and search results are computed as you watch; nothing in them is prepared. Run a second time, the
    verses are found stored and only the questions are asked again.

    [bold]Examples[/bold]

      harakat demo

      harakat demo --folder /tmp/quran --dim 128
    """
    started = time.monotonic()
    address = Address(str(folder), COLLECTION)
    report, total = index_source(QuranSource(), address, given(model=model, dim=dim, device=device))
    indexed = time.monotonic() - started
    if total != VERSES:
        raise CollectionError(
            f"{address} holds {total:,} records, but the Quran has {VERSES:,} verses; choose another --folder"
        )
    what = f"{report.written:,} verses indexed" if report.written else f"{total:,} verses were indexed before"
    with open_store(address, write=False) as store:
        encoder = store.encoder(COLLECTION, given(model=model, device=device))
        console.data(f"{what} in {indexed:.1f} s with {encoder.name} ({encoder.dim} values a vector), in {folder}")
        asked = time.monotonic()
        _homographs(encoder)
        _searches(store, encoder)
        _bare_verses(store, encoder)
    console.data("")
    now = time.monotonic()
    console.data(f"indexing {indexed:.1f} s, questions {now - asked:.1f} s, all {now - started:.1f} s")
    console.data(f'ask more: harakat search "الصبر عند المصيبة" {address}')


def _homographs(encoder: Encoder) -> None:
    """Each reading against a word of its own meaning and one of the other meaning."""
    words = [w for h in HOMOGRAPHS for w in (h.bare, *(x for s in h.senses for x in (s.word, s.near)))]
    vectors = dict(zip(words, encoder.encode(words, show_progress=False), strict=True))

    def cosine(one: str, two: str) -> str:
        return f"{float(vectors[one] @ vectors[two]):.2f}"

    rows = []
    for homograph in HOMOGRAPHS:
        first, second = homograph.senses
        for reading, meaning in (
            (first.word, first.meaning),
            (second.word, second.meaning),
            (homograph.bare, "(no marks)"),
        ):
            pair = f"{first.meaning} {cosine(reading, first.near)}", f"{second.meaning} {cosine(reading, second.near)}"
            rows.append((meaning, *pair, cosine(reading, homograph.bare), reading))
    console.data("")
    console.data("The same letters, other marks: cosine with a word of each meaning")
    near = "; ".join(f"{s.meaning}: {s.near}" for h in HOMOGRAPHS for s in h.senses)
    console.table(("reading", "first meaning", "second meaning", "without marks", "word"), rows)
    console.data(f"measured against {near}")


def _searches(store: ChromaStore, encoder: Encoder) -> None:
    """One query bare and marked in two ways, side by side."""
    found = [store.search(COLLECTION, encoder, query, 5, None) for query in QUERIES]
    console.data("")
    console.data("One query, bare and with the marks of either word: verses found")
    headings = tuple(f"{number}." for number in range(1, len(QUERIES) + 1))
    rows = [tuple(f"{hit.id}  {hit.score:.2f}" for hit in hits) for hits in zip(*found, strict=True)]
    console.table(headings, rows)
    for number, (query, hits) in enumerate(zip(QUERIES, found, strict=True), 1):
        console.data(f"{number}. {query}")
        console.data(f"   {hits[0].id}  {hits[0].text}")


def _bare_verses(store: ChromaStore, encoder: Encoder) -> None:
    """Stored with all marks in Uthmani spelling, asked for as one types: at which place are they found?"""
    verses: dict[str, Any] = {}
    wanted = set(BARE_VERSES)
    source = QuranSource()
    for record in source.records():
        if record.id in wanted:
            verses[record.id] = (record.text, source.everyday(record.id))
    rows = []
    for key in BARE_VERSES:
        text, bare = verses[key]
        hits = store.search(COLLECTION, encoder, bare, 10, None)
        place = next((str(rank) for rank, hit in enumerate(hits, 1) if hit.id == key), "over 10")
        one, two = encoder.encode([text, bare], show_progress=False)
        rows.append((key, place, f"{float(one @ two):.2f}", bare if len(bare) <= 60 else bare[:57] + "…"))
    console.data("")
    console.data("Verses stored with all their marks, asked for in everyday spelling without any")
    console.table(("verse", "found at", "cosine", "as typed"), rows)
