"""The short way for one text gives what the network itself gives."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat import Encoder
from harakat.arabic import strip_marks
from harakat.model.families.mini_network import MarkedBert, MarkedBertConfig
from harakat.model.families.mini_one_text import OneText, one_text
from harakat.model.layers.attention import Group, PackedAttention
from harakat.model.layers.dictionary import key_of, piece_tables
from harakat.model.layers.packed_linear import pack_linears, packing_supported
from harakat.runtime.engine import SHORT
from support import quran

CONFIG = MarkedBertConfig(
    vocab_size=50,
    hidden_size=32,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=80,
    dictionary_keys=200,
    dictionary_entries=90,
    dictionary_readings=120,
    dictionary_dim=8,
)


def random_network() -> MarkedBert:
    """One with random weights, whose dictionary knows every word of one or two pieces."""
    generator = torch.Generator().manual_seed(0)
    network = MarkedBert(CONFIG)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    known = network.dictionary
    assert known is not None
    letters = [f"{index:03d}" for index in range(CONFIG.vocab_size)]
    letters = ["".join(chr(0x627 + int(digit)) for digit in digits) for digits in letters]
    pieces = [("\u2581" if index % 3 else "") + text for index, text in enumerate(letters)]
    tables = piece_tables(pieces, [0])
    words = [*letters, *(first + letters[3] for first in letters), *(first + letters[6] for first in letters)]
    keys = sorted({key_of(word) for word in words})[:200]
    known.piece_keys.copy_(torch.from_numpy(tables[0]))
    known.piece_letters.copy_(torch.from_numpy(tables[1]))
    known.keys.copy_(torch.tensor(keys + [2**63 - 1] * (200 - len(keys))))
    known.spots.copy_(8 * (torch.arange(200) % 90))
    known.first.copy_(torch.arange(91) + torch.arange(91) // 3)
    known.codes.copy_(torch.randint(0, 2**60, (120,), generator=generator) & 0x303)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module", params=["plain", "packed"])
def network(request: pytest.FixtureRequest) -> MarkedBert:
    made = random_network()
    if request.param == "packed":
        if not packing_supported(torch.float32):
            pytest.skip("packed layers are for x86 processors")
        pack_linears(made)
    return made


@pytest.fixture(scope="module")
def mini() -> Encoder:
    return Encoder(device="cpu")


PIECES = st.lists(
    st.tuples(st.integers(0, 49), st.one_of(st.just(0), st.integers(-(2**63), 2**63 - 1))), min_size=1, max_size=70
)


@given(PIECES)
@settings(max_examples=60, deadline=None)
def test_equals_the_network(network: MarkedBert, pieces: list[tuple[int, int]]) -> None:
    one = one_text(network)
    assert isinstance(one, OneText)
    ids = np.array([piece for piece, _ in pieces])
    marks = np.array([code for _, code in pieces], dtype=np.int64)
    whole = PackedAttention([Group(0, 1, len(ids))])
    positions = torch.arange(len(ids))
    with torch.inference_mode():
        for codes in (marks, None):
            given_marks = None if codes is None else torch.from_numpy(codes)
            expected = network(torch.from_numpy(ids), positions, whole, given_marks).mean(0).numpy()
            found = one(ids, codes)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, expected, atol=1e-5 * max(1.0, float(np.abs(expected).max())))


def test_who_has_no_short_way(tiny_folder: Path) -> None:
    assert one_text(random_network().to(torch.bfloat16)) is None
    assert one_text(random_network().to("meta")) is None
    assert one_text(Encoder(tiny_folder).checkpoint.engine.network) is None
    if packing_supported(torch.float32):
        mixed = random_network()
        pack_linears(mixed.layers[0])
        assert one_text(mixed) is None


def test_a_text_alone_has_the_vector_that_it_has_among_others(mini: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = mini.checkpoint.engine
    assert engine._one is not None
    verses = list(quran.VERSES.values())
    texts = ["", "كتب", "عِلْمٌ", *verses, *map(strip_marks, verses)]
    together = mini.encode(texts)
    alone = np.concatenate([mini.encode([text]) for text in texts])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_array_equal(alone[2], mini.encode(texts[2]))

    # And which way it goes: short texts the short one, no other.
    monkeypatch.setattr(type(engine), "_run", lambda *rest: pytest.fail("the long way"))
    mini.encode(texts[1])
    monkeypatch.undo()
    monkeypatch.setattr(type(engine), "_short", lambda *rest: pytest.fail("the short way"))
    long = next(text for text in (" ".join(verses[:n]) for n in range(1, 99)) if mini.count_tokens([text])[0] >= SHORT)
    np.testing.assert_allclose(mini.encode([long]), mini.encode([long, "x"])[:1], atol=1e-5)


def test_options_hold_for_one_text_too(mini: Encoder) -> None:
    text = "العِلْمُ نُورٌ وَالجَهْلُ ظُلْمَةٌ"
    for options in ({"precision": "int8"}, {"precision": "binary"}, {"dim": 64}, {"max_length": 4}):
        other = mini.with_options(**options)
        with pytest.warns() if "max_length" in options else nullcontext():
            alone, among = other.encode([text]), other.encode([text, text])
        assert alone.dtype == among.dtype
        np.testing.assert_allclose(alone[0], among[0], atol=1 if alone.dtype == np.int8 else 1e-5)
