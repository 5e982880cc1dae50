"""Muradif, synonyms in context: its rows as triplets, and their split by anchor word.

A row is a context with one gap (`_`) and three words for it: the anchor, a synonym, an irrelevant word. The
fine-tuned checkpoint was trained on 3,631 of the 5,186 anchors and judged on the other 1,555; which ones is not
published, so the split here has the same counts and other members.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harakat.arabic.marks.diacritics import strip_marks
from harakat.arabic.tokenizers.published import normalize
from harakat.data.readers import text_field
from harakat.data.source import FORMATS
from harakat.data.triplet import GAP, Triplet
from harakat.errors import RecordError

__all__ = ["HELD_OUT_SHARE", "HUB_ID", "SPLIT_RULE", "HeldOut", "MuradifSplit", "anchor_key", "muradif_triplet"]
__all__ += ["has_anchor_of", "split_by_anchor"]

HUB_ID = "U4RASD/Muradif"
HELD_OUT_SHARE = 0.3
"""Share of the anchors that is held out; 1,555 of 5,186, as published."""
SPLIT_RULE = "muradif-anchor-1"
"""Name of this module's rule; a model's files record the rule that its training half was cut by."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The part that is never trained on. It gives rows to an evaluation, and no texts to a trainer.

    Attributes:
        rows: In the order of the data.
        anchors: Number of distinct anchors, as written.
    """

    rows: tuple[Triplet, ...]
    anchors: int


@dataclass(frozen=True, slots=True)
class MuradifSplit:
    """Both parts.

    Attributes:
        train: Rows to train on, in the order of the data.
        train_anchors: Number of their distinct anchors, as written.
        held_out: The rest.
    """

    train: tuple[Triplet, ...]
    train_anchors: int
    held_out: HeldOut


def muradif_triplet(
    fields: Mapping[str, Any], where: str = "Muradif", columns: Mapping[str, str] | None = None
) -> Triplet:
    """Read a row of Muradif from its columns.

    Args:
        fields: With `context`, `anchor_word`, `syn_word` (the positive) and `irrelevant_word` (the negative).
        where: File and line, for messages.
        columns: The data's own names of those columns, where they differ.

    Raises:
        RecordError: A field is missing or empty, the context has no gap or several, or the anchor no letter.
    """
    names = [(columns or {}).get(name, name) for name in FORMATS["muradif"]]
    context, anchor, synonym, irrelevant = (text_field(fields, name, where) for name in names)
    if context.count(GAP) != 1:
        raise RecordError(
            f"{where}: the field {names[0]!r} has {context.count(GAP)} gaps ({GAP!r}), but one is to be filled; "
            f"mend the row, or set skip_bad=true"
        )
    if not anchor_key(anchor):
        raise RecordError(f"{where}: the field {names[1]!r} is {anchor!r}, which has no letter")
    return Triplet(context, anchor, synonym, irrelevant)


def anchor_key(anchor: str) -> str:
    """Return what decides an anchor's side: its bare letters, in any encoding and with any marks.

    Anchors with the same letters (homographs among them) always fall on the same side, which is stricter than the
    published split.
    """
    # Decomposed, a hamza or maddah is a mark like the others, so that the order of marks cannot matter.
    decomposed = unicodedata.normalize("NFKD", anchor)
    letters = "".join(char for char in decomposed if unicodedata.category(char) not in ("Mn", "Cf"))
    return " ".join(normalize(strip_marks(letters)).casefold().split())


def has_anchor_of(row: Triplet, keys: Collection[str]) -> bool:
    """Return whether a row's positive or negative is one of some anchors, given by `anchor_key`."""
    return anchor_key(row.positive) in keys or anchor_key(row.negative) in keys


def split_by_anchor(rows: Iterable[Triplet], share: float = HELD_OUT_SHARE) -> MuradifSplit:
    """Cut rows in two by their anchor words; the same on any machine and in any order of the rows.

    Anchors are taken in the order of the SHA-256 of their bare letters until the held-out part has
    ``floor(share * anchors)`` of them, each group of equal letters as a whole; a group that would overshoot is passed
    over.

    Args:
        rows: All rows.
        share: Share of the distinct anchors, as written, to hold out.
    """
    items = tuple(rows)
    spellings: dict[str, set[str]] = defaultdict(set)
    for row in items:
        spellings[anchor_key(row.anchor)].add(row.anchor)
    total = sum(map(len, spellings.values()))
    wanted, held = int(share * total), set[str]()
    taken = 0
    for key in sorted(spellings, key=_rank):
        size = len(spellings[key])
        if taken + size <= wanted:
            held.add(key)
            taken += size
    train = tuple(row for row in items if anchor_key(row.anchor) not in held)
    kept = tuple(row for row in items if anchor_key(row.anchor) in held)
    return MuradifSplit(train, total - taken, HeldOut(kept, taken))


def _rank(key: str) -> bytes:
    return hashlib.sha256(f"{SPLIT_RULE}\0{key}".encode()).digest()
