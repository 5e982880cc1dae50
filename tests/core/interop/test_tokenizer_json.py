"""The Arabic step inside tokenizer.json gives the published ids for every string, or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers

from harakat.arabic.tokenizers.published import PUBLISHED_MARKS
from harakat.arabic.tokenizers.vocabulary import load_vocabulary
from harakat.errors import CheckpointError
from harakat.interop.tokenizer_json import self_contained
from support.published_oracle import NASTY, nasty_texts, published_ids
from support.vocabularies import build_tokenizer, build_vocabulary, write_tokenizer

Build = Callable[..., Tokenizer]

EXAMPLES = [
    "",
    " ",
    "\u0640",
    "\u0640\u064e",
    "\u064e",
    "\u064eبت \u0651",
    "كتاب[+]هم بِ[+]الْ[+]كِتَابِ [+] [+][+]\u064e",
    "كِ[CLS]ب [C\u0640LS] [SEP]َ",
    "ال\u200bكِت\u200fاب\ufeff كـــتاب",
    "ب" * 100 + " " + "ب" * 101 + " " + "بَ" * 101,
    "بَ" * 20_000,
    "\u0316\u0300\u0301ب\u0323َ e\u0301َ éَ",
    "👩‍👩‍👧َ hello-worldَ 中َ文 ٣.١٤َ ‽َ؟َ",
    "a\x1cb بَ\x1dتَ ب\x85ت ب\x0bتَ\x0c \u00a0ب\u2003تِ\u3000\u180e",
    "\x00 ب\x00تَ \x01 \ue000َ\ue001 \U0010ffffَ",
    "ٱلرَّحۡمَٰنِ رَيْبَ ۛ رَيْبَۛ عَلِيمٌۭ هُدࣰى ◌َ◌",
]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    def make(tokenizer: Tokenizer, **config: Any) -> Tokenizer:
        folder = write_tokenizer(tmp_path_factory.mktemp("exported"), tokenizer, **config)
        return Tokenizer.from_str(json.dumps(self_contained(load_vocabulary(folder))))

    return make


@pytest.fixture(scope="session")
def exported(build: Build, published: Tokenizer) -> Tokenizer:
    return build(published)


@pytest.fixture(scope="session")
def other_exported(build: Build, verses: list[str]) -> tuple[Tokenizer, Tokenizer]:
    """Words cut at spaces only, separator no special token: where a space too many would show."""
    vocabulary = build_vocabulary(["ab c ##x é َ ", *verses[:50]], size=500)
    source = build_tokenizer(vocabulary, pre_tokenizer=pre_tokenizers.WhitespaceSplit())
    spec = json.loads(source.to_str())
    spec["added_tokens"] = [token for token in spec["added_tokens"] if token["content"] != "[+]"]
    source = Tokenizer.from_str(json.dumps(spec))
    return source, build(source)


def same(source: Tokenizer, exported: Tokenizer, texts: list[str]) -> None:
    wanted = published_ids(source, texts)
    got = [encoding.ids for encoding in exported.encode_batch(texts)]
    assert [text for text, a, b in zip(texts, wanted, got, strict=True) if a != b] == []


def test_examples(published: Tokenizer, exported: Tokenizer, other_exported: tuple[Tokenizer, Tokenizer]) -> None:
    same(published, exported, EXAMPLES)
    same(*other_exported, EXAMPLES)


def test_the_plain_file_gives_other_ids(published: Tokenizer) -> None:
    """What the export is there to prevent."""
    text = "بِسْمِ اللَّهِ"
    assert published.encode(text).ids != published_ids(published, [text])[0]


def test_verses(published: Tokenizer, exported: Tokenizer, verses: list[str]) -> None:
    same(published, exported, verses[::5])


@pytest.mark.slow
def test_every_verse(published: Tokenizer, exported: Tokenizer, verses: list[str]) -> None:
    same(published, exported, verses)


def test_nasty_texts(published: Tokenizer, exported: Tokenizer, other_exported: tuple[Tokenizer, Tokenizer]) -> None:
    same(published, exported, nasty_texts(1, 3000))
    same(*other_exported, nasty_texts(2, 1500))


@pytest.mark.slow
def test_a_hundred_thousand_nasty_texts(
    published: Tokenizer, exported: Tokenizer, other_exported: tuple[Tokenizer, Tokenizer]
) -> None:
    for seed in range(10, 18):
        same(published, exported, nasty_texts(seed, 10_000))
        same(*other_exported, nasty_texts(100 + seed, 2_500))


parts = st.one_of(st.sampled_from(NASTY), st.sampled_from(sorted(PUBLISHED_MARKS)), st.characters(codec="utf-8"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(parts, max_size=25).map("".join))
def test_any_text(
    text: str, published: Tokenizer, exported: Tokenizer, other_exported: tuple[Tokenizer, Tokenizer]
) -> None:
    same(published, exported, [text])
    same(*other_exported, [text])


def test_every_character_alone_and_marked(published: Tokenizer, exported: Tokenizer) -> None:
    """Under a mark and beside letters: all that scripts with marks use, and a sample of the rest."""
    chars = [chr(point) for point in [*range(0x2100), *range(0x2100, 0xD800, 13), *range(0xE000, 0x20000, 31)]]
    same(published, exported, [f"ب{char}َت {char}ِ" for char in chars])


@pytest.mark.slow
def test_characters_of_every_plane(published: Tokenizer, exported: Tokenizer) -> None:
    chars = [chr(point) for point in [*range(0xD800), *range(0xE000, 0x20000), *range(0x20000, 0x110000, 17)]]
    same(published, exported, [f"ب{char}َت {char}ِ" for char in chars])


def test_a_large_alphabet(build: Build) -> None:
    """More than a thousand different letters, combining ones among them, as a vocabulary of many scripts has."""
    points = [*range(0x21, 0x320), *range(0x370, 0x590), *range(0x5D0, 0x700)]
    alphabet = [chr(point) for point in points if chr(point) not in PUBLISHED_MARKS and chr(point).strip()]
    vocabulary = build_vocabulary(["".join(alphabet[i : i + 5]) for i in range(0, len(alphabet), 5)], size=9000)
    source = build_tokenizer(vocabulary)
    assert len({char for token in vocabulary for char in token}) > 1000
    exported = build(source)
    same(source, exported, nasty_texts(3, 300))
    same(source, exported, [f"{a}َ{b}{c}ِ" for a, b, c in zip(alphabet, alphabet[1:], alphabet[2:], strict=False)])


def test_too_many_combining_letters_are_refused(build: Build) -> None:
    alphabet = [chr(point) for point in range(0x300, 0x1E00) if chr(point) not in PUBLISHED_MARKS]
    source = build_tokenizer(build_vocabulary([" ".join(alphabet)], size=9000))
    with pytest.raises(CheckpointError, match="combining characters"):
        build(source)


def test_transformers_reads_it(published: Tokenizer, exported: Tokenizer, tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    exported.save(str(tmp_path / "tokenizer.json"))
    read = PreTrainedTokenizerFast.from_pretrained(tmp_path, cls_token="[CLS]", pad_token="[PAD]")
    assert read(EXAMPLES)["input_ids"] == published_ids(published, EXAMPLES)


@pytest.mark.parametrize(
    ("change", "config", "message"),
    [
        ({"normalizer": normalizers.Lowercase()}, {}, "normaliser of its own"),
        ({"pre_tokenizer": pre_tokenizers.Metaspace()}, {}, "Metaspace"),
        ({"added": [AddedToken("قال", normalized=True)]}, {}, "some before|before and some after"),
        ({"added": [AddedToken("<ـ>", normalized=False)]}, {}, "Arabic step changes"),
        ({"added": [AddedToken("<َ>", normalized=False)]}, {}, "Arabic step changes"),
        ({}, {"split_special_tokens": True}, "split_special_tokens"),
        ({}, {"stemming_separator": "ـ"}, "stemming_separator"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused(
    change: dict[str, Any], config: dict[str, Any], message: str, tmp_path: Path, published: Tokenizer
) -> None:
    source = build_tokenizer(published.get_vocab(with_added_tokens=False), **change)
    folder = write_tokenizer(tmp_path / "odd", source, **config)
    with pytest.raises(CheckpointError, match=message):
        self_contained(load_vocabulary(folder))
