"""The encoder as its users meet it."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harakat import Encoder
from harakat.errors import (
    DeviceError,
    DimError,
    HarakatError,
    OptionError,
    TextError,
    TextTooLongError,
    TextTypeError,
    TruncationWarning,
)
from harakat.model.checkpoints import network as checkpoint
from harakat.runtime import load as loading
from support.tiny import SAMPLE_TEXTS, write_tiny

LONG = " ".join(f"كَلِمَة{i}" for i in range(400))


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder)


@pytest.fixture(scope="module")
def expected(encoder: Encoder) -> np.ndarray:
    return encoder.encode(SAMPLE_TEXTS)


class TestShapes:
    def test_many_texts(self, encoder: Encoder) -> None:
        vectors = encoder.encode(SAMPLE_TEXTS)
        assert vectors.shape == (len(SAMPLE_TEXTS), 64)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)

    def test_one_text_gives_one_row(self, encoder: Encoder, expected: np.ndarray) -> None:
        vector = encoder.encode(SAMPLE_TEXTS[0])
        assert vector.shape == (64,)
        np.testing.assert_allclose(vector, expected[0], atol=1e-6)

    def test_no_text(self, encoder: Encoder) -> None:
        assert encoder.encode([]).shape == (0, 64)
        assert encoder.encode([]).dtype == np.float32
        assert list(encoder.encode_stream([])) == []
        assert encoder.encode_tokens([]) == []
        assert encoder.count_tokens([]).shape == (0,)

    @pytest.mark.parametrize("text", ["", "   ", "\n", "َُِ", "\u200b\u200d", "\x00", "🌙", "ـ", "[CLS]", "\ufeff"])
    def test_texts_with_little_in_them(self, encoder: Encoder, text: str) -> None:
        vectors = encoder.encode([text, SAMPLE_TEXTS[0]])
        assert np.isfinite(vectors).all()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)

    def test_duplicates_are_equal(self, encoder: Encoder) -> None:
        vectors = encoder.encode([SAMPLE_TEXTS[1]] * 5)
        assert (vectors == vectors[0]).all()

    def test_marks_change_the_vector(self, encoder: Encoder) -> None:
        bare, knowledge, flag = encoder.encode(["علم", "عِلْم", "عَلَم"])
        assert bare @ knowledge < 0.9999
        assert knowledge @ flag < 0.9999

    def test_any_ordered_container(self, encoder: Encoder, expected: np.ndarray) -> None:
        for texts in (tuple(SAMPLE_TEXTS), iter(SAMPLE_TEXTS), np.array(SAMPLE_TEXTS)):
            np.testing.assert_array_equal(encoder.encode(texts), expected)


class TestIndependence:
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.permutations(range(len(SAMPLE_TEXTS))), st.integers(1, 200))
    def test_order_and_batch_do_not_matter(
        self, tiny_folder: Path, expected: np.ndarray, order: list[int], batch_tokens: int
    ) -> None:
        encoder = Encoder(tiny_folder, batch_tokens=batch_tokens)
        vectors = encoder.encode([SAMPLE_TEXTS[i] for i in order])
        np.testing.assert_allclose(vectors, expected[order], atol=1e-6)

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.text(max_size=40), max_size=8))
    def test_any_text_alone_or_together(self, encoder: Encoder, texts: list[str]) -> None:
        together = encoder.encode(texts)
        assert np.isfinite(together).all()
        for text, vector in zip(texts, together, strict=True):
            np.testing.assert_allclose(encoder.encode(text), vector, atol=1e-5)

    def test_the_same_call_gives_the_same_bits(self, encoder: Encoder, expected: np.ndarray) -> None:
        for _ in range(3):
            np.testing.assert_array_equal(encoder.encode(SAMPLE_TEXTS), expected)

    def test_sixteen_threads_equal_the_serial_result(self, encoder: Encoder, expected: np.ndarray) -> None:
        with ThreadPoolExecutor(16) as pool:
            for vectors in pool.map(lambda _: encoder.encode(SAMPLE_TEXTS), range(48)):
                np.testing.assert_array_equal(vectors, expected)


def _encode_in_child(encoder: Encoder, queue: Any) -> None:
    queue.put(encoder.encode(SAMPLE_TEXTS))


class TestProcesses:
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_after_a_fork(self, encoder: Encoder, expected: np.ndarray) -> None:
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(2)
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=_encode_in_child, args=(encoder, queue))
        try:
            encoder.encode(SAMPLE_TEXTS * 20)  # starts the parent's thread pool, which a child does not inherit
            child.start()
            np.testing.assert_allclose(queue.get(timeout=60), expected, atol=1e-6)
        finally:
            torch.set_num_threads(threads)
            child.join(10)
            child.kill()

    def test_pickle_opens_the_same_encoder(self, tiny_folder: Path) -> None:
        encoder = Encoder(tiny_folder, dim=32, overflow="chunk", query_prompt="س: ")
        again = pickle.loads(pickle.dumps(encoder))
        assert repr(again) == repr(encoder)
        assert str(again.fingerprint) == str(encoder.fingerprint)
        np.testing.assert_array_equal(again.encode_query(SAMPLE_TEXTS), encoder.encode_query(SAMPLE_TEXTS))

    def test_a_fresh_process_gives_equal_vectors(self, encoder: Encoder, expected: np.ndarray, tmp_path: Path) -> None:
        pickled = tmp_path / "encoder.pkl"
        pickled.write_bytes(pickle.dumps((encoder, SAMPLE_TEXTS)))
        out = tmp_path / "vectors.npy"
        code = (
            "import pickle, numpy, sys\n"
            "encoder, texts = pickle.load(open(sys.argv[1], 'rb'))\n"
            "numpy.save(sys.argv[2], encoder.encode(texts))"
        )
        subprocess.run([sys.executable, "-c", code, str(pickled), str(out)], check=True, cwd=tmp_path)
        np.testing.assert_allclose(np.load(out), expected, atol=1e-6)

    def test_weights_are_shared_within_the_process(self, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        loads = 0
        real = checkpoint.load_network

        def counting(*args: Any, **kwargs: Any) -> Any:
            nonlocal loads
            loads += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(loading, "load_network", counting)
        first = Encoder(tiny_folder)
        others = [first.with_options(dim=dim) for dim in (64, 32, 16)]
        assert loads <= 1
        np.testing.assert_allclose(others[1].encode(SAMPLE_TEXTS).shape, (8, 32))

    def test_shared_is_one_object_for_equal_options(self, tiny_folder: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: Encoder.cached(model=str(tiny_folder), dim=32), range(16)))
        assert len({id(e) for e in found}) == 1
        assert Encoder.cached(model=str(tiny_folder), dim=16) is not found[0]


class TestDims:
    @pytest.mark.parametrize("dim", [64, 32, 16])
    def test_a_smaller_dim_is_the_renormalised_prefix(self, tiny_folder: Path, expected: np.ndarray, dim: int) -> None:
        vectors = Encoder(tiny_folder, dim=dim).encode(SAMPLE_TEXTS)
        prefix = expected[:, :dim]
        np.testing.assert_allclose(vectors, prefix / np.linalg.norm(prefix, axis=1, keepdims=True), atol=1e-6)

    @pytest.mark.parametrize("dim", [65, 0, -1, True, 32.0, "32"])
    def test_impossible_dims(self, tiny_folder: Path, dim: Any) -> None:
        with pytest.raises(DimError, match="trained dims: 64, 32, 16"):
            Encoder(tiny_folder, dim=dim, allow_untrained_dim=True)

    def test_untrained_dims_must_be_asked_for(self, tiny_folder: Path) -> None:
        with pytest.raises(DimError, match=r"dim=48.*64, 32, 16.*allow_untrained_dim=True"):
            Encoder(tiny_folder, dim=48)
        assert Encoder(tiny_folder, dim=48, allow_untrained_dim=True).encode("نص").shape == (48,)

    def test_a_checkpoint_that_names_no_dims_has_its_full_size(self, tmp_path: Path) -> None:
        assert Encoder(write_tiny(tmp_path / "m", dims=None)).dims == (64,)

    def test_precision(self, tiny_folder: Path, expected: np.ndarray) -> None:
        small = Encoder(tiny_folder, precision="int8").encode(SAMPLE_TEXTS)
        assert small.dtype == np.int8
        assert small.shape == (8, 64)
        units = small / np.linalg.norm(small.astype(np.float32), axis=1, keepdims=True)
        assert ((units * expected).sum(1) > 0.999).all()
        bits = Encoder(tiny_folder, precision="binary", dim=32).encode(SAMPLE_TEXTS)
        assert bits.dtype == np.uint8
        assert bits.shape == (8, 4)
        assert Encoder(tiny_folder, precision="binary").encode([]).shape == (0, 8)


class TestOverflow:
    def test_the_warning_counts_texts(self, encoder: Encoder) -> None:
        with pytest.warns(TruncationWarning, match=r"2 of 3 texts are longer than max_length=128"):
            encoder.encode([LONG, "قصير", LONG])

    def test_the_beginning_is_kept(self, encoder: Encoder) -> None:
        with pytest.warns(TruncationWarning):
            whole, longer = encoder.encode([LONG, LONG + " " + SAMPLE_TEXTS[0]])
        np.testing.assert_allclose(whole, longer, atol=1e-6)

    def test_nothing_is_said_where_nothing_is_cut(self, encoder: Encoder) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            encoder.encode(SAMPLE_TEXTS)
            encoder.encode([LONG], overflow="chunk")

    def test_error_names_the_text(self, encoder: Encoder) -> None:
        with pytest.raises(TextTooLongError, match=r"text 1 has [\d,]+ tokens, over max_length=128"):
            encoder.encode(["قصير", LONG], overflow="error")

    def test_chunk_is_the_weighted_mean_of_windows(self, encoder: Encoder) -> None:
        vector = encoder.encode(LONG, overflow="chunk")
        tokenizer, engine = encoder.checkpoint.tokenizer, encoder.checkpoint.engine
        content = tokenizer.tokenize([LONG])[0]
        n, budget = len(content), 126
        windows = -(-n // budget)
        edges = [n * i // windows for i in range(windows + 1)]
        total = np.zeros(64)
        for a, b in pairwise(edges):
            alone = engine.pooled([loading_window(content, a, b)])[0].astype(np.float64)
            total += alone / np.linalg.norm(alone) * (b - a)
        np.testing.assert_allclose(vector, total / np.linalg.norm(total), atol=1e-5)

    def test_chunk_leaves_short_texts_alone(self, encoder: Encoder, expected: np.ndarray) -> None:
        vectors = encoder.encode([*SAMPLE_TEXTS, LONG], overflow="chunk")
        np.testing.assert_allclose(vectors[:-1], expected, atol=1e-6)

    def test_max_length_can_be_lowered_not_raised(self, tiny_folder: Path) -> None:
        with pytest.warns(TruncationWarning, match="max_length=4"):
            Encoder(tiny_folder, max_length=4).encode(SAMPLE_TEXTS)
        for bad in (2, 129, True, "8"):
            with pytest.raises(OptionError, match="takes 3 to 128 tokens"):
                Encoder(tiny_folder, max_length=bad)  # type: ignore[arg-type]

    def test_five_megabytes_among_short_texts(self, encoder: Encoder, expected: np.ndarray) -> None:
        huge = "بِسْمِ اللَّهِ " * 180_000
        assert len(huge.encode()) > 5_000_000
        with pytest.warns(TruncationWarning, match=r"1 of 9 texts"):
            vectors = encoder.encode([huge, *SAMPLE_TEXTS])
        np.testing.assert_allclose(vectors[1:], expected, atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(vectors[0]), 1, atol=1e-6)


def loading_window(tokens: Any, start: int, stop: int) -> Any:
    from harakat.runtime.batching import Window

    return Window(0, tokens, start, stop)


class TestBadInput:
    @pytest.mark.parametrize("bad", [None, b"bytes", 5, {"a": 1}, {"a"}, ["a", None], ["a", 3], [b"x"], [["a"]]])
    def test_what_is_no_text(self, encoder: Encoder, bad: Any) -> None:
        for method in (encoder.encode, encoder.encode_query, encoder.encode_document, encoder.encode_tokens):
            with pytest.raises(TextTypeError):
                method(bad)
        with pytest.raises(TextTypeError):
            list(encoder.encode_stream(bad))

    def test_lone_surrogates(self, encoder: Encoder) -> None:
        with pytest.raises(TextError, match=r"text 1 holds the lone surrogate U\+DC00"):
            encoder.encode(["نص", "\udc00"])

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"device": "tpu9"}, DeviceError),
            ({"device": "meta"}, DeviceError),
            ({"dtype": "float8"}, OptionError),
            ({"precision": "int4"}, OptionError),
            ({"overflow": "ignore"}, OptionError),
            ({"spelling": "modern"}, OptionError),
            ({"batch_tokens": 0}, OptionError),
            ({"query_prompt": 5}, OptionError),
        ],
    )
    def test_options_name_their_value(
        self, tiny_folder: Path, options: dict[str, Any], error: type[HarakatError]
    ) -> None:
        with pytest.raises(error, match=str(next(iter(options.values())))):
            Encoder(tiny_folder, **options)

    def test_a_gpu_that_is_not_there(self, tiny_folder: Path) -> None:
        import torch

        if torch.cuda.is_available():
            with pytest.raises(DeviceError, match="cuda:99"):
                Encoder(tiny_folder, device="cuda:99")
        else:
            with pytest.raises(DeviceError, match="sees no cuda device"):
                Encoder(tiny_folder, device="cuda")


class TestPrompts:
    def test_prompts_of_the_checkpoint(self, tmp_path: Path) -> None:
        folder = write_tiny(tmp_path / "m")
        prompts = '{"prompts": {"query": "سؤال: ", "document": "نص: "}}'
        (folder / "config_sentence_transformers.json").write_text(prompts, encoding="utf-8")
        encoder = Encoder(folder)
        text = SAMPLE_TEXTS[0]
        query, document = encoder.encode_query([text])[0], encoder.encode_document([text])[0]
        np.testing.assert_allclose(query, encoder.encode(f"سؤال: {text}"), atol=1e-6)
        np.testing.assert_allclose(document, encoder.encode(f"نص: {text}"), atol=1e-6)
        silent = Encoder(folder, query_prompt="", document_prompt="")
        np.testing.assert_allclose(silent.encode_query([text]), silent.encode([text]), atol=1e-6)
        assert str(silent.fingerprint) != str(encoder.fingerprint)


class TestStream:
    def test_equals_encode(self, encoder: Encoder) -> None:
        texts = SAMPLE_TEXTS * 150
        streamed = np.stack(list(encoder.encode_stream(iter(texts))))
        np.testing.assert_allclose(streamed, encoder.encode(texts), atol=1e-6)

    def test_an_endless_source(self, encoder: Encoder) -> None:
        endless: Iterator[str] = (f"نص رقم {i}" for i in count())
        rows = list(islice(encoder.encode_stream(endless), 5))
        np.testing.assert_allclose(rows, encoder.encode([f"نص رقم {i}" for i in range(5)]), atol=1e-6)

    def test_a_bad_text_is_refused_when_it_is_reached(self, encoder: Encoder) -> None:
        stream = encoder.encode_stream(["a"] * 3000 + [None])  # type: ignore[list-item]
        assert len(list(islice(stream, 1024))) == 1024
        with pytest.raises(TextTypeError, match="text 3000"):
            list(stream)

    def test_one_warning_at_the_end(self, encoder: Encoder) -> None:
        with pytest.warns(TruncationWarning, match=r"3 of 2,003 texts") as caught:
            list(encoder.encode_stream([LONG, *["x"] * 2000, LONG, LONG]))
        assert len(caught) == 1

    def test_memory_stays_flat(self, encoder: Encoder) -> None:
        def peak(n: int) -> int:
            tracemalloc.start()
            for _ in encoder.encode_stream(f"نص {i % 50}" for i in range(n)):
                pass
            top = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return top

        peak(1024)
        assert peak(8192) < 1.5 * peak(2048) + 1_000_000


class TestTokens:
    def test_token_vectors_average_to_the_text_vector(self, encoder: Encoder, expected: np.ndarray) -> None:
        from harakat.model.pooling import unit_rows

        rows = encoder.encode_tokens(SAMPLE_TEXTS)
        for text, matrix in zip(SAMPLE_TEXTS, rows, strict=True):
            assert matrix.shape == (encoder.count_tokens([text])[0], 64)
            np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-6)
        engine, tokenizer = encoder.checkpoint.engine, encoder.checkpoint.tokenizer
        content = tokenizer.tokenize(SAMPLE_TEXTS)
        raw = engine.token_vectors([loading_window(t, 0, len(t)) for t in content])
        np.testing.assert_allclose(unit_rows(np.stack([m.mean(0) for m in raw])), expected, atol=1e-5)

    def test_count_tokens_counts_pieces(self, encoder: Encoder) -> None:
        counts = encoder.count_tokens(SAMPLE_TEXTS)
        assert counts.tolist() == [len(encoder.pieces(t)) for t in SAMPLE_TEXTS]


class TestSpelling:
    def test_uthmani_and_everyday_spelling_meet(self, tiny_folder: Path) -> None:
        encoder = Encoder(tiny_folder, spelling="imlai")
        uthmani, everyday = encoder.encode(["ٱلۡحَمۡدُ لِلَّهِ رَبِّ ٱلۡعَٰلَمِينَ", "الْحَمْدُ لِلَّهِ رَبِّ الْعَالَمِينَ"])
        assert uthmani @ everyday > 0.99999
        one, other = encoder.encode(["ر\u0651\u064e", "ر\u064e\u0651"])  # shadda and fatha in either order
        np.testing.assert_array_equal(one, other)
        as_is = Encoder(tiny_folder)
        assert str(as_is.fingerprint) != str(encoder.fingerprint)
        assert np.dot(*as_is.encode(["ٱلۡحَمۡدُ", "الْحَمْدُ"])) < 0.9999


def test_lower_precision_stays_close(tiny_folder: Path, expected: np.ndarray) -> None:
    vectors = Encoder(tiny_folder, dtype="bfloat16").encode(SAMPLE_TEXTS)
    assert ((vectors * expected).sum(1) > 0.999).all()


def test_a_bar_shows_when_asked_for(encoder: Encoder, capsys: pytest.CaptureFixture[str]) -> None:
    encoder.encode(SAMPLE_TEXTS, show_progress=True)
    assert "8/8" in capsys.readouterr().err
    encoder.encode(SAMPLE_TEXTS)
    assert capsys.readouterr().err == ""


def test_encoding_waits_for_no_other_thread(encoder: Encoder) -> None:
    """A stream that nobody reads on holds no lock."""
    stream = encoder.encode_stream(iter(SAMPLE_TEXTS * 200))
    next(stream)
    done = threading.Event()
    thread = threading.Thread(target=lambda: (encoder.encode(SAMPLE_TEXTS), done.set()), daemon=True)
    thread.start()
    assert done.wait(30)
    stream.close()  # type: ignore[attr-defined]
