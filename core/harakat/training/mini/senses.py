"""What a vowelling means, learnt from marked prose without labels.

The teacher reads a marked corpus bare. Where it sees a word written one way (the letters of "ilm" and "alam" are
the same) its token vectors still lean to the sense in hand, for the sentence says which it is. The mean over the
places where the marks say "ilm", less the mean over all places of these letters, is the way that vowelling leans.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from harakat.arabic import markcodes
from harakat.arabic.piece_tokenizer import PieceTokenizer
from harakat.model.marked_bert import MarkedBert
from harakat.training.mini import texts
from harakat.training.mini.batches import BucketAttention
from harakat.training.mini.judge import conflict

__all__ = ["Form", "Senses", "ambiguous_forms", "find_senses", "word_forms"]

Form = tuple[str, tuple[int, ...]]
"""Base letters and the class of each; of the last letter only a shadda is kept."""

_PROCLITICS = ("\u0627\u0644", "\u0648\u0627\u0644", "\u0641\u0627\u0644", "\u0628\u0627\u0644", "\u0643\u0627\u0644")


def word_forms(word: str) -> list[Form]:
    """Return the form of a marked word, and that of the word without its article; none if too few marks are there."""
    base, classes = markcodes.separate(word)
    start, stop = 0, len(base)
    while stop > start and not base[stop - 1].isalpha():
        stop -= 1
    while start < stop and not base[start].isalpha():
        start += 1
    base, classes = base[start:stop], classes[start:stop]
    if len(base) < 2 or not base.isalpha() or sum(1 for c in classes[:-1] if c) * 2 < len(base) - 1:
        return []
    case = markcodes.case_letter(base, classes)
    if case == len(base) - 2:  # the alef of a fathatan is spelling, not word
        base, classes = base[:-1], classes[:-1]
    classes = [*classes[:-1], 8 if 8 <= classes[-1] < 15 else 0]
    forms = [(base, tuple(classes))]
    for proclitic in _PROCLITICS:
        if base.startswith(proclitic) and len(base) - len(proclitic) > 1:
            rest = classes[len(proclitic) :]
            rest[0] = rest[0] - 8 if 8 <= rest[0] < 15 else rest[0]
            forms.append((base[len(proclitic) :], tuple(rest)))
    return forms


def ambiguous_forms(prose: Iterable[str], *, least: int = 4, share: float = 0.03) -> dict[Form, int]:
    """Count the forms of words that are written in two conflicting ways, each seen often enough."""
    words: Counter[str] = Counter()
    for text in prose:
        words.update(text.split())
    counts: Counter[Form] = Counter()
    for word, count in words.items():
        for form in word_forms(word):
            counts[form] += count
    by_base: dict[str, list[Form]] = defaultdict(list)
    total: Counter[str] = Counter()
    for form, count in counts.items():
        total[form[0]] += count
        if count >= least:
            by_base[form[0]].append(form)
    kept: dict[Form, int] = {}
    for base, forms in by_base.items():
        strong = [form for form in forms if counts[form] >= share * total[base]]
        if any(conflict(a[1], b[1]) for a in strong for b in strong):
            kept.update({form: counts[form] for form in strong})
    return kept


@dataclass
class Senses:
    """How each form leans: the mean of the teacher's token vectors there less that of its letters, (hidden,)."""

    lean: dict[Form, NDArray[np.float32]]
    seen: dict[Form, int]


def find_senses(
    teacher: MarkedBert,
    tokenizer: PieceTokenizer,
    prose: Sequence[str],
    forms: dict[Form, int],
    *,
    each: int = 6,
    window: int = 24,
    budget: int = 200_000,
    seed: int = 0,
) -> Senses:
    """Read windows of marked prose bare and gather the token vectors of the forms wanted.

    Args:
        teacher: The network that reads, without a projection.
        tokenizer: Its tokenizer.
        prose: Fully marked texts.
        forms: The forms wanted, from `ambiguous_forms`.
        each: Occurrences of a form after which it asks for no more windows.
        window: Words in a window.
        budget: Tokens to read at most.
        seed: Of the order of the windows.
    """
    chance = random.Random(seed)
    order = list(range(len(prose)))
    chance.shuffle(order)
    need: Counter[Form] = Counter()
    chosen: list[list[str]] = []
    used = 0
    for index in order:
        words = prose[index].split()
        at = 0
        while at < len(words):
            part = words[at : at + window]
            at += window
            found = [form for word in part for form in word_forms(word) if form in forms]
            gain = sum(1.0 / (1 + need[form]) ** 2 for form in set(found) if need[form] < each)
            if gain >= 0.75:
                chosen.append(part)
                need.update(found)
                used += int(1.7 * len(part))
        if used > budget:
            break
    sums: dict[Form, NDArray[np.float64]] = {}
    seen: Counter[Form] = Counter()
    for start in range(0, len(chosen), 128):
        _gather(teacher, tokenizer, chosen[start : start + 128], forms, sums, seen)
    base_sum: dict[str, NDArray[np.float64]] = {}
    weights: dict[str, float] = defaultdict(float)
    for form, vector in sums.items():
        # Forms weigh as often as the whole corpus has them, not as often as the windows do.
        mean, weight = vector / seen[form], float(forms[form])
        base_sum[form[0]] = base_sum.get(form[0], 0) + mean * weight
        weights[form[0]] += weight
    lean = {form: (sums[form] / seen[form] - base_sum[form[0]] / weights[form[0]]).astype(np.float32) for form in sums}
    return Senses(lean, dict(seen))


@torch.no_grad()
def _gather(
    teacher: MarkedBert,
    tokenizer: PieceTokenizer,
    windows: list[list[str]],
    forms: dict[Form, int],
    sums: dict[Form, NDArray[np.float64]],
    seen: Counter[Form],
) -> None:
    rows: list[tuple[list[int], list[tuple[Form, int, int]]]] = []
    for words in windows:
        ids: list[int] = list(tokenizer.prefix)
        spots: list[tuple[Form, int, int]] = []
        for word in words:
            pieces = tokenizer.tokenize([texts.strip_marks(word)])[0].ids.tolist()
            if pieces:
                spots += [(f, len(ids), len(ids) + len(pieces)) for f in word_forms(word) if f in forms]
            ids += pieces
        rows.append((ids + list(tokenizer.suffix), spots))
    rows.sort(key=lambda row: -len(row[0]))
    lengths = [len(ids) for ids, _ in rows]
    flat = torch.tensor([i for ids, _ in rows for i in ids])
    places = torch.cat([torch.arange(n) for n in lengths])
    with torch.autocast("cpu", torch.bfloat16):
        vectors = teacher(flat, places, BucketAttention(lengths)).float().numpy()
    offset = 0
    for (_, spots), length in zip(rows, lengths, strict=True):
        for form, first, last in spots:
            vector = vectors[offset + first : offset + last].mean(0).astype(np.float64)
            sums[form] = sums.get(form, 0) + vector
            seen[form] += 1
        offset += length
