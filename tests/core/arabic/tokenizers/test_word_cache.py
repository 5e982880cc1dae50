"""The word cache is bounded, keeps what is used, and may be shared by threads and by forked children."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.tokenizers.word_cache import LONGEST_WORD, WordCache


def known(cache: WordCache, words: list[str]) -> dict[str, bytes]:
    """What the cache knows of some words."""
    current = cache.current
    return {word: current[word] for word in words if word in current} | cache.previous(
        word for word in words if word not in current
    )


def test_remembers() -> None:
    cache = WordCache(10)
    assert len(cache) == 0
    assert cache.current == {"": b""}
    cache.add({"قال": b"1234", "كتب": b"5678"})
    assert len(cache) == 2
    assert known(cache, ["قال", "كتب", "علم"]) == {"قال": b"1234", "كتب": b"5678"}


@given(st.integers(0, 12), st.lists(st.dictionaries(st.text(max_size=3), st.binary(max_size=8))))
def test_is_bounded(capacity: int, additions: list[dict[str, bytes]]) -> None:
    cache = WordCache(capacity)
    for words in additions:
        words.pop("", None)  # known from the start
        cache.add(words)
        assert len(cache) <= capacity
        assert known(cache, list(words)).items() <= words.items()


def test_what_is_used_stays() -> None:
    cache = WordCache(100)
    for index in range(1000):
        cache.add({"kept": b"kept"} | cache.previous(["kept"]) if "kept" not in cache.current else {})
        cache.add({f"once{index}": b"x"})
    assert known(cache, ["kept"]) == {"kept": b"kept"}
    assert known(cache, ["once0"]) == {}
    assert known(cache, ["once999"]) == {"once999": b"x"}


def test_long_words_are_not_kept() -> None:
    cache = WordCache(100)
    cache.add({"ب" * LONGEST_WORD: b"1", "ب" * (LONGEST_WORD + 1): b"2"})
    assert len(cache) == 1


def test_a_dict_handed_out_loses_nothing() -> None:
    cache = WordCache(4)
    cache.add({"a": b"a"})
    handed_out = cache.current
    cache.add({str(index): b"x" for index in range(50)})
    assert handed_out["a"] == b"a"


def encoded(words: list[str]) -> dict[str, bytes]:
    """Stands for a tokenizer: every word is asked for once at most, and its ids are its characters."""
    assert len(set(words)) == len(words)
    return {word: word.encode() for word in words}


word = st.text("ab", max_size=3) | st.just("c" * (LONGEST_WORD + 1))


@given(st.integers(0, 12), st.lists(st.lists(st.lists(word, max_size=5), max_size=4), max_size=6))
def test_texts_come_out_whole_whatever_is_remembered(capacity: int, calls: list[list[list[str]]]) -> None:
    cache = WordCache(capacity)
    for texts in calls:
        assert cache.assemble(texts, encoded) == ["".join(words).encode() for words in texts]
        asked = {word for words in texts for word in words}
        found = cache.resolve(asked, encoded)
        assert {word: found[word] for word in asked} == {word: word.encode() for word in asked}
        assert len(cache) <= capacity


def test_known_words_are_not_asked_for() -> None:
    cache = WordCache(10)
    cache.assemble([["a", "b"], ["b"]], encoded)
    assert cache.assemble([["b", "a"], []], lambda words: pytest.fail(f"asked for {words}")) == [b"ba", b""]
    assert cache.add({"a": b"a"}) is cache.current
    assert cache.add({"c" * (LONGEST_WORD + 1): b""}) is None


def test_threads() -> None:
    cache = WordCache(64)
    start = threading.Barrier(16)
    too_many = []

    def work(seed: int) -> None:
        start.wait()
        for index in range(400):
            words = {f"{(seed * 7 + index * 3 + step) % 200}": b"" for step in range(5)}
            words = {word: word.encode() for word in words}
            cache.add(words)
            too_many.extend([len(cache)] if len(cache) > 64 else [])
            assert known(cache, list(words)).items() <= words.items()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert too_many == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_the_lock_is_held() -> None:
    cache = WordCache(10)
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with cache._lock:
            holding.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        cache.add({"قال": b"1234"})  # would wait for ever for a thread that the child does not have
        os._exit(0 if len(cache) == 1 else 1)
    done.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
