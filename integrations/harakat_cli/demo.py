"""`harakat demo`: the whole Quran indexed, and what marks change, in computed numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harakat.arabic import strip_marks
from harakat.errors import CollectionError, FingerprintError, OptionError
from harakat_cli import console
from harakat_cli.index import store_source
from harakat_cli.options import encoder_options
from harakat_cli.quran import QuranSource
from harakat_cli.stores import Address, Collection, open_store, parse_address

if TYPE_CHECKING:
    from harakat import Encoder
    from harakat.adapters import Hit

__all__ = ["demo"]

COLLECTION = "quran"
VERSES = 6236
DEEPEST = 100
"""Number of hits among which a verse is looked for."""
SAMPLED = 60
"""Every so many-th verse is asked for without marks."""


@dataclass(frozen=True)
class Sense:
    """One reading of letters that have several."""

    word: str
    """With its marks."""
    meaning: str
    near: str
    """Another word of that meaning, or one that goes with it."""


@dataclass(frozen=True)
class Homograph:
    """Letters that read as different words."""

    bare: str
    senses: tuple[Sense, ...]


HOMOGRAPHS = (
    Homograph("علم", (Sense("عِلْم", "knowledge", "فِقْه"), Sense("عَلَم", "flag", "بَيْرَق"))),
    Homograph("كتب", (Sense("كَتَبَ", "wrote", "قَرَأَ"), Sense("كُتُب", "books", "صُحُف"))),
    Homograph("دين", (Sense("دِين", "religion", "إِيمَان"), Sense("دَيْن", "debt", "قَرْض"))),
    Homograph("ضعف", (Sense("ضِعْف", "double", "مِثْل"), Sense("ضَعْف", "weakness", "عَجْز"))),
)


@dataclass(frozen=True)
class Phrase:
    """A phrase of a verse that reads in two ways; the verse means the first."""

    verse: str
    marked: str
    meaning: str
    otherwise: str
    """The same letters with other marks."""
    other_meaning: str


PHRASES = (
    Phrase("58:16", "أَيْمَانَهُمْ جُنَّةً", "shield", "أَيْمَانَهُمْ جَنَّةً", "garden"),
    Phrase("52:38", "سُلَّمٌ يَسْتَمِعُونَ فِيهِ", "ladder", "سِلْمٌ يَسْتَمِعُونَ فِيهِ", "peace"),
    Phrase("114:6", "الْجِنَّةِ وَالنَّاسِ", "jinn", "الْجَنَّةِ وَالنَّاسِ", "garden"),
    Phrase("114:2", "مَلِكِ النَّاسِ", "king", "مَلَكِ النَّاسِ", "angel"),
    Phrase("69:17", "وَالْمَلَكُ عَلَى أَرْجَائِهَا", "angels", "وَالْمُلْكُ عَلَى أَرْجَائِهَا", "dominion"),
)

QUESTIONS = ("ما هي صفات المنافقين؟", "قصة يوسف مع إخوته")
"""In plain words: the traits of the hypocrites; Joseph and his brothers."""

BARE_VERSES = ("2:255", "18:10", "24:35", "55:60", "94:5", "112:1")
"""Verses looked for as a person would type them: everyday spelling, no marks."""


@encoder_options("model", "dim", "device")
def demo(
    folder: Annotated[
        Path | None,
        typer.Option(help="Where the index goes; run again, it is found there.", show_default="demo-index"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Another store than a Chroma folder: an address as of `harakat index`.", show_default="chroma:FOLDER"
        ),
    ] = None,
    *,
    options: dict[str, Any],
) -> None:
    r"""Index the Quran with its marks, and show what marks change.

    The examples are chosen to be clear; their numbers are computed as you watch. Run a second time, the verses are
    found stored and only the questions are asked again.

    [bold]Examples[/bold]

      harakat demo

      harakat demo --folder /tmp/quran --dim 128

      harakat demo --store qdrant-edge:./verses
    """
    started = time.monotonic()
    address, another = _destination(folder, store)
    with open_store(address, write=True) as opened:
        try:
            collection, report = store_source(QuranSource(), opened, address.collection or COLLECTION, options)
        except FingerprintError as error:
            raise FingerprintError(f"{error}; for the demo, {another}") from error
        total = collection.count()
        indexed = time.monotonic() - started
        if total != VERSES:
            raise CollectionError(f"{address} holds {total:,} records, but the Quran has {VERSES:,} verses; {another}")
        what = f"{report.written:,} verses indexed" if report.written else f"{total:,} verses were indexed before"
        encoder = collection.encoder
        console.data(
            f"{what} in {indexed:.1f} s with {encoder.name} ({encoder.dim} values a vector), in {address.place}"
        )
        asked = time.monotonic()
        _homographs(encoder)
        _phrases(collection)
        _bare_verses(collection)
        _questions(collection)
    now = time.monotonic()
    console.data(f"indexing {indexed:.1f} s, questions {now - asked:.1f} s, all {now - started:.1f} s")
    console.data(f'ask more: harakat search "الصبر عند المصيبة" {address}')


def _destination(folder: Path | None, store: str | None) -> tuple[Address, str]:
    """Return the place of the demo's collection, and the way out where it cannot be used.

    Raises:
        OptionError: Both a folder and a store, or no address.
    """
    if store is None:
        chosen = folder or Path("demo-index")
        return Address("chroma", str(chosen), COLLECTION), f"delete {chosen} or choose another --folder"
    if folder is not None:
        raise OptionError(f"--folder {folder} and --store {parse_address(store)} were both given; choose one")
    address = parse_address(store)
    if address.collection is None:
        address = replace(address, collection=COLLECTION)
    return address, "choose another collection with --store"


def _homographs(encoder: Encoder) -> None:
    """Print the cosine of each reading with a word of its own meaning and one of the other meaning."""
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
    near = ", ".join(f"{s.meaning} {console.isolated(s.near)}" for h in HOMOGRAPHS for s in h.senses)
    console.table(("reading", "first meaning", "second meaning", "without marks", "word"), rows)
    console.data(f"The words of each meaning: {near}")


def _phrases(collection: Collection) -> None:
    """Print where a verse is found by a phrase of it: without marks, with its own, and with those of another word."""
    rows = []
    for phrase in PHRASES:
        readings = [strip_marks(phrase.marked), phrase.marked, phrase.otherwise]
        found = [_place(hits, phrase.verse) for hits in collection.search_many(readings, limit=DEEPEST)]
        own, other = f"{phrase.meaning} {found[1]}", f"{phrase.other_meaning} {found[2]}"
        rows.append((phrase.verse, found[0], own, other, phrase.marked))
    console.data("")
    console.data("A phrase without marks, with its own, and with those of another word: place and score of its verse")
    console.table(("verse", "without marks", "own marks", "other marks", "phrase"), rows)


def _place(hits: list[Hit], verse: str) -> str:
    return next((f"#{rank} {h.score:.2f}" for rank, h in enumerate(hits, 1) if h.id == verse), f"over #{DEEPEST}")


def _bare_verses(collection: Collection) -> None:
    """Print where verses, stored with all marks in Uthmani spelling, are found as a person types them."""
    source = QuranSource()
    typed = [source.everyday(key) for key in BARE_VERSES]
    found = collection.search_many(typed, limit=DEEPEST)
    rows = [
        (key, _place(hits, key), text if len(text) <= 60 else text[:57] + "…")
        for key, text, hits in zip(BARE_VERSES, typed, found, strict=True)
    ]
    console.data("")
    console.data("Verses stored with all their marks, asked for in everyday spelling without any")
    console.table(("verse", "found", "as typed"), rows)
    keys = [record.id for record in source.records()][::SAMPLED]
    answers = collection.search_many([*map(source.everyday, keys)], limit=10)
    places = [
        next((rank for rank, hit in enumerate(hits, 1) if hit.id == key), 0)
        for key, hits in zip(keys, answers, strict=True)
    ]
    first, tenth = sum(place == 1 for place in places), sum(place > 0 for place in places)
    console.data(f"Of every {SAMPLED}th verse ({len(keys)}), {first} are found first and {tenth} among the first ten")


def _questions(collection: Collection) -> None:
    """Print questions, and the first verse that is found for each."""
    console.data("")
    console.data("Questions in plain words, and the first verse found")
    for question, (hit,) in zip(QUESTIONS, collection.search_many(QUESTIONS, limit=1), strict=True):
        for line in (question, f"{hit.id}  {hit.score:.2f}", hit.text, ""):
            console.data(line)
