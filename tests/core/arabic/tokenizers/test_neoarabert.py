"""Ids equal to the published pipeline for any string, cached or not, segmented or not, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from harakat.arabic.spelling.imlai import canonical_spelling
from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.arabic.tokenizers.published import PUBLISHED_MARKS
from harakat.arabic.tokenizers.tokens import TextTokenizer
from harakat.errors import CheckpointError, OptionError, TextError, TextTypeError
from support.calima import write_morphology
from support.published_oracle import NASTY, nasty_texts, published_ids
from support.vocabularies import write_tokenizer

EXAMPLES = [
    "",
    " ",
    " \n\t ",
    "قال",
    "  قَالَ  رَبِّ\n\nاشْرَحْ\r\nلِي\tصَدْرِي ",
    "«بِسْمِ اللهِ»، قَالَ: (نَعَمْ)!",
    "كتاب[+]هم بِ[+]الْ[+]كِتَابِ [+] [+][+]",
    "[CLS] قال [SEP] [MASK][PAD]بِ[UNK] [unused0] [unused9]",
    "\u064eبت \u0651",
    "رَبِّ رَبِّ",
    "ال\u200bكت\u200fاب\ufeff كـــتاب",
    "ب" * 100 + " " + "ب" * 101 + " " + "بَ" * 101,
    "😀 قال👩‍👩‍👧 hello-world 123٤٥٦ 3.14 中文",
    "a\x1cb بَ\x1dتَ ب\x85ت ب\x0bتَ\x0c \u00a0ب\u2003تِ\u3000",
    "\x00 ب\x00تَ \x01",
    "ٱلرَّحۡمَٰنِ رَيْبَ ۛ رَيْبَۛ عَلِيمٌۭ هُدࣰى",
]


@pytest.fixture(scope="module", params=["plain", "segmented"])
def pair(
    request: pytest.FixtureRequest, tokenizer_folder: Path, morphology_folder: Path, published: Tokenizer
) -> Iterator[tuple[ArabicTokenizer, Any]]:
    """A cached tokenizer and a function that gives the published ids."""
    if request.param == "plain":
        yield ArabicTokenizer.from_folder(tokenizer_folder), lambda texts: published_ids(published, texts)
    else:
        from fast_disambig.camel import Stemmer

        stemmer = Stemmer(str(morphology_folder))
        ours = ArabicTokenizer.from_folder(tokenizer_folder, segmentation=True, morphology=morphology_folder)
        yield ours, lambda texts: published_ids(published, texts, stemmer=stemmer)


def ids(tokenizer: ArabicTokenizer, texts: list[str]) -> list[list[int]]:
    """Our ids with the special tokens around them."""
    return [[*tokenizer.prefix, *tokens.ids.tolist(), *tokenizer.suffix] for tokens in tokenizer.tokenize(texts)]


def differing(tokenizer: ArabicTokenizer, oracle: Any, texts: list[str]) -> list[tuple[str, Any, Any]]:
    """The texts whose ids are not the published ones; a batch is compared as one, which is quicker."""
    ours, theirs = ids(tokenizer, texts), oracle(texts)
    return [(repr(text), a, b) for text, a, b in zip(texts, ours, theirs, strict=True) if a != b]


def test_is_a_text_tokenizer(tokenizer_folder: Path) -> None:
    tokenizer: TextTokenizer = ArabicTokenizer.from_folder(tokenizer_folder)
    assert tokenizer.prefix == (2,)
    assert tokenizer.suffix == (3,)
    assert tokenizer.pad_id == 0
    assert tokenizer.vocab_size == 3000
    (tokens,) = tokenizer.tokenize(["قَالَ"])
    assert tokens.ids.dtype == np.int32
    assert tokens.ids.flags.writeable
    assert tokens.marks is None
    assert tokenizer.tokenize([]) == []


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples(pair: Any, text: str) -> None:
    tokenizer, oracle = pair
    assert differing(tokenizer, oracle, [text]) == []
    assert differing(tokenizer, oracle, [text]) == []  # known words now


def test_every_verse(pair: Any, verses: list[str]) -> None:
    tokenizer, oracle = pair
    expected = oracle(verses)
    assert ids(tokenizer, verses) == expected
    assert ids(tokenizer, verses) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(texts=st.lists(st.lists(st.sampled_from(NASTY)).map("".join), max_size=4))
def test_any_mixture_of_hard_parts(pair: Any, texts: list[str]) -> None:
    tokenizer, oracle = pair
    assert differing(tokenizer, oracle, texts) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text())
def test_any_text(pair: Any, text: str) -> None:
    tokenizer, oracle = pair
    assert differing(tokenizer, oracle, [text]) == []


@pytest.mark.parametrize("seed", range(4))
def test_fuzz(pair: Any, seed: int) -> None:
    tokenizer, oracle = pair
    assert differing(tokenizer, oracle, nasty_texts(seed, 1000)) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(1000, 1012))
def test_fuzz_at_length(pair: Any, seed: int) -> None:
    # 12 seeds of 10,000 texts for each of the two modes.
    tokenizer, oracle = pair
    for part in range(10):
        assert differing(tokenizer, oracle, nasty_texts(seed * 100 + part, 1000)) == []


@pytest.mark.parametrize("cache_words", [0, 1, 2, 5, 300])
def test_the_size_of_the_cache_changes_no_id(pair: Any, tokenizer_folder: Path, cache_words: int) -> None:
    tokenizer, oracle = pair
    morphology = tokenizer._segmenter.data.database.parent if tokenizer.segmentation else None
    other = ArabicTokenizer.from_folder(
        tokenizer_folder, segmentation=tokenizer.segmentation, morphology=morphology, cache_words=cache_words
    )
    texts = nasty_texts(77, 300)
    for start in range(0, 300, 50):
        assert differing(other, oracle, texts[start : start + 50]) == []
    assert differing(other, oracle, texts) == []
    if cache_words:
        assert other.word_cache is not None
        assert len(other.word_cache) <= cache_words
    else:
        assert other.word_cache is None


def test_everyday_spelling(tokenizer_folder: Path, published: Tokenizer, verses: list[str]) -> None:
    tokenizer = ArabicTokenizer.from_folder(tokenizer_folder, spelling="imlai")
    texts = [*verses[:600], *EXAMPLES, *nasty_texts(8, 500)]
    assert differing(tokenizer, lambda each: published_ids(published, list(map(canonical_spelling, each))), texts) == []
    assert [piece.id for piece in tokenizer.pieces(verses[0])] == ids(tokenizer, verses[:1])[0]
    # The two spellings of one word meet in one token.
    as_is = ArabicTokenizer.from_folder(tokenizer_folder)
    words = ["ٱلرَّحۡمَٰنِ", "الر\u0651\u064eحْمَنِ"]
    assert len({tuple(row) for row in ids(tokenizer, words)}) == 1
    assert len({tuple(row) for row in ids(as_is, words)}) == 2


def test_batch_order_and_company_do_not_matter(pair: Any) -> None:
    tokenizer, _ = pair
    texts = nasty_texts(5, 200)
    together = ids(tokenizer, texts)
    assert [ids(tokenizer, [text])[0] for text in texts] == together
    assert ids(tokenizer, texts[::-1])[::-1] == together


def test_a_vocabulary_without_landmarks(tmp_path: Path, published: Tokenizer, vocabulary: dict[str, int]) -> None:
    from support.vocabularies import SPECIAL, build_tokenizer

    arabic = [token for token in vocabulary if token in SPECIAL or not token.removeprefix("##").isascii()]
    bare = build_tokenizer({token: index for index, token in enumerate(arabic)})
    tokenizer = ArabicTokenizer.from_folder(write_tokenizer(tmp_path, bare))
    assert tokenizer._landmark is None
    assert differing(tokenizer, lambda texts: published_ids(bare, texts), nasty_texts(6, 500)) == []


def test_texts_that_hold_the_landmark(pair: Any) -> None:
    tokenizer, oracle = pair
    assert tokenizer._landmark is not None
    char = tokenizer._landmark[0]
    texts = [f"{char}قالَ {char} {char}{char}", char, f"صدق وَعده{char}", "نصر عبده"]
    assert differing(tokenizer, oracle, texts) == []


def test_threads_give_the_serial_result(pair: Any, tokenizer_folder: Path) -> None:
    tokenizer, oracle = pair
    morphology = tokenizer._segmenter.data.database.parent if tokenizer.segmentation else None
    # A cache that is too small, so that words are forgotten and found again all the time.
    shared = ArabicTokenizer.from_folder(
        tokenizer_folder, segmentation=tokenizer.segmentation, morphology=morphology, cache_words=500
    )
    texts = nasty_texts(9, 480)
    expected = oracle(texts)
    start = threading.Barrier(16)

    def work(index: int) -> list[list[list[int]]]:
        start.wait()
        order = range(0, len(texts), 30)
        return [ids(shared, texts[first : first + 30]) for first in (order if index % 2 else reversed(order))]

    with ThreadPoolExecutor(16) as pool:
        for index, batches in enumerate(pool.map(work, range(16))):
            flat = [row for batch in (batches if index % 2 else batches[::-1]) for row in batch]
            assert flat == expected
    assert shared.word_cache is not None
    assert len(shared.word_cache) <= 500


@pytest.mark.parametrize("cache_words", [0, 1000])
@pytest.mark.parametrize("segmentation", [False, True])
def test_lone_surrogates_are_refused(
    tokenizer_folder: Path, morphology_folder: Path, cache_words: int, segmentation: bool
) -> None:
    tokenizer = ArabicTokenizer.from_folder(
        tokenizer_folder,
        segmentation=segmentation,
        morphology=morphology_folder if segmentation else None,
        cache_words=cache_words,
    )
    for text in ("قال \ud800", "\udfffab", "قال\udc00"):
        with pytest.raises(TextError, match=r"U\+D"):
            tokenizer.tokenize(["قال", text])
        with pytest.raises(TextError, match="surrogate"):
            tokenizer.pieces(text)
    assert len(tokenizer.tokenize(["قال"])[0]) > 0


@pytest.mark.parametrize("text", [None, b"abc", 3, ["قال"]])
def test_only_strings(tokenizer_folder: Path, text: Any) -> None:
    with pytest.raises(TextTypeError, match="text 1"):
        ArabicTokenizer.from_folder(tokenizer_folder).tokenize(["قال", text])


def test_pieces(pair: Any) -> None:
    tokenizer, oracle = pair
    for text in EXAMPLES:
        assert [piece.id for piece in tokenizer.pieces(text)] == oracle([text])[0]
    pieces = tokenizer.pieces("قَالَ [+] b")
    assert [piece.text for piece in pieces if piece.id in (2, 3, 5)] == ["[CLS]", "[+]", "[SEP]"]
    marks = "".join(piece.marks for piece in pieces)
    assert marks == "\u064e\u25cc\u064e"
    assert set(marks) - {"\u25cc"} <= PUBLISHED_MARKS


def test_options_are_checked(tokenizer_folder: Path, morphology_folder: Path) -> None:
    with pytest.raises(OptionError, match="spelling='othmani'"):
        ArabicTokenizer.from_folder(tokenizer_folder, spelling="othmani")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="cache_words=-1"):
        ArabicTokenizer.from_folder(tokenizer_folder, cache_words=-1)
    with pytest.raises(OptionError, match="segmentation"):
        ArabicTokenizer.from_folder(tokenizer_folder, morphology=morphology_folder)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        ArabicTokenizer.from_folder(tokenizer_folder / "absent")


def test_the_checkpoint_decides_about_segmentation(
    tmp_path: Path, published: Tokenizer, morphology_folder: Path
) -> None:
    folder = write_tokenizer(tmp_path, published, apply_stemming=True)
    assert ArabicTokenizer.from_folder(folder, morphology=morphology_folder).segmentation
    assert not ArabicTokenizer.from_folder(folder, segmentation=False).segmentation


def test_identity(tmp_path: Path, tokenizer_folder: Path, morphology_folder: Path, published: Tokenizer) -> None:
    def identity(folder: Path = tokenizer_folder, **options: Any) -> str:
        return ArabicTokenizer.from_folder(folder, **options).identity

    same = identity()
    assert identity() == same
    assert identity(cache_words=0) == same
    folder = write_tokenizer(tmp_path / "compact", published)
    (folder / "tokenizer.json").write_text(published.to_str(pretty=False), encoding="utf-8")
    assert identity(folder) == same

    changed = Tokenizer.from_str(published.to_str().replace('"[unused1]"', '"[unusedX]"'))
    others = {
        identity(write_tokenizer(tmp_path / "changed", changed)),
        identity(write_tokenizer(tmp_path / "separator", published, stemming_separator="@@")),
        identity(segmentation=True, morphology=morphology_folder),
        identity(spelling="imlai"),
    }
    assert len(others) == 4
    assert same not in others
    data = write_morphology(tmp_path / "other-data")
    assert identity(segmentation=True, morphology=data) in others  # the same data in another place
    (data / "model.json").write_text("{}")
    assert identity(segmentation=True, morphology=data) not in {same, *others}
