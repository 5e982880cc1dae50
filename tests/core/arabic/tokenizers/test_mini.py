"""The tokenizer of harakat-mini, on a small Unigram vocabulary of its own."""

import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

import harakat.model
from harakat.arabic import to_imlai
from harakat.arabic.marks import codes as mc
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.errors import CheckpointError, OptionError, TextTypeError
from support.mushaf_fuzz import mushaf_texts
from support.published_oracle import nasty_texts

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى"
MARKS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652"
WORDS = ("▁كتاب", "▁وال", "كتاب", "▁علم", "علم", "▁ال", "ون", "▁في", "هم", "▁على")


def unigram():
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    vocabulary += [(word, -6.0) for word in WORDS] + [(letter, -8.0) for letter in LETTERS + "،.:"]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return PieceTokenizer(unigram(), spelling="given")


arabic = st.text(st.sampled_from(LETTERS + MARKS + " ،.\u0640\u200f"), max_size=40)


def by_library(pipeline, base, classes):
    """Ids and packed marks of one word, by the library and the plain rules."""
    encoding = pipeline.encode(base, add_special_tokens=False)
    case_at = mc.case_letter(base, classes)
    marks = []
    for start, end in encoding.offsets:
        inner, case = classes[start:end], 0
        if start <= case_at < end:
            case, inner[case_at - start] = inner[case_at - start], 0
        marks.append(mc.pack(inner, case))
    return encoding.ids, marks


def ids(tokenizer, text):
    return tokenizer.tokenize([text])[0].ids.tolist()


@given(st.text(max_size=60) | arabic)
def test_words_are_cut_alone_and_the_cache_changes_nothing(text):
    cached, plain = (
        PieceTokenizer(unigram(), spelling="given"),
        PieceTokenizer(unigram(), spelling="given", cache_words=0),
    )
    first, again, bare = cached.tokenize([text])[0], cached.tokenize([text])[0], plain.tokenize([text])[0]
    for other in (again, bare):
        np.testing.assert_array_equal(first.ids, other.ids)
        np.testing.assert_array_equal(first.marks, other.marks)
    assert first.ids.dtype == np.int32
    assert first.marks.dtype == np.int64
    assert first.ids.tolist() == [i for word in text.split() for i in ids(plain, word)]
    assert all(0 <= i < plain.vocab_size for i in first.ids)


@given(arabic)
def test_bare_ids_are_those_of_the_unigram_and_marks_change_no_id(text):
    tokenizer = PieceTokenizer(unigram(), spelling="given")
    bare = " ".join(part for part in (mc.separate(word)[0] for word in text.split()) if part)
    tokens = tokenizer.tokenize([text])[0]
    assert tokens.ids.tolist() == unigram().encode(bare, add_special_tokens=False).ids if bare else not len(tokens)
    assert tokens.ids.tolist() == ids(tokenizer, bare)
    assert not tokenizer.tokenize([bare])[0].marks.any()


@given(st.text(st.sampled_from(LETTERS + MARKS + "\u2581<s>/pad語 x1"), max_size=30))
def test_words_that_go_around_the_pipeline_come_out_as_from_it(text):
    """Ids and codes by the plain rules, word by word, through the whole pipeline."""
    tokenizer, pipeline = PieceTokenizer(unigram(), spelling="given"), unigram()
    expected_ids, expected_marks = [], []
    for word in text.split():
        base, classes = mc.separate(word)
        if not base:
            continue
        word_ids, word_marks = by_library(pipeline, base, classes)
        expected_ids += word_ids
        expected_marks += word_marks
    tokens = tokenizer.tokenize([text])[0]
    assert tokens.ids.tolist() == expected_ids
    assert tokens.marks is not None and tokens.marks.tolist() == expected_marks


@given(st.lists(st.text(st.sampled_from(LETTERS + MARKS + "\u0671\u06e1\u06d6\u0670\u06dd \n"), max_size=30)))
def test_words_are_spelt_as_the_text_around_them_is(texts):
    """Words are remembered by the spelling of their text, so neighbours in a call do not matter."""
    spelt, given_ = PieceTokenizer(unigram()), PieceTokenizer(unigram(), spelling="given")
    for text, tokens in zip(texts, spelt.tokenize(texts), strict=True):
        expected = given_.tokenize([to_imlai(text)])[0]
        np.testing.assert_array_equal(tokens.ids, expected.ids)
        np.testing.assert_array_equal(tokens.marks, expected.marks)


def test_what_is_no_text_is_refused():
    with pytest.raises(TextTypeError, match="NoneType"):
        PieceTokenizer(unigram()).tokenize([None])


def test_marks_ride_on_their_letters_and_the_case_ending_has_its_own_slot(tokenizer):
    tokens = tokenizer.tokenize(["وَالْكِتَابُ"])[0]
    names = [piece.text for piece in tokenizer.pieces("وَالْكِتَابُ")]
    assert names == ["<s>", "▁وال", "كتاب", "</s>"]
    first, second = (mc.unpack(int(code)) for code in tokens.marks)
    assert first[:3] == [1, 0, 7]
    assert first[mc.CASE_SLOT] == 0
    assert second[:4] == [3, 1, 0, 0]
    assert second[mc.CASE_SLOT] == 2


def test_pieces_show_the_marks(tokenizer):
    assert [piece.marks for piece in tokenizer.pieces("كِتَابٌ في")] == ["", "\u0650\u064e◌◌-\u064c", "", ""]


def test_nothing_but_marks_is_nothing(tokenizer):
    assert all(len(tokens) == 0 for tokens in tokenizer.tokenize(["", "  ", "\u064e", "\u0640\u200f \u0651"]))


def test_case_endings_differ_in_one_slot_only(tokenizer):
    codes = [tokenizer.tokenize([word])[0].marks for word in ("عِلْمٌ", "عِلْمًا", "عِلْم")]
    inner = [[mc.unpack(int(code))[: mc.CASE_SLOT] for code in row[:1]] for row in codes]
    assert inner[0] == inner[1] == inner[2]


def test_the_cache_is_bounded():
    tokenizer = PieceTokenizer(unigram(), spelling="given", cache_words=8)
    tokenizer.tokenize([" ".join(a + b for a in LETTERS for b in LETTERS)])
    assert all(len(words) <= 16 for words in (*tokenizer._words.values(), tokenizer._cutter.cache))
    assert len(tokenizer._words[False])
    tokenizer.tokenize(["كتاب"])
    assert len(tokenizer._cutter.cache)


def test_it_can_be_pickled(tokenizer):
    again = pickle.loads(pickle.dumps(tokenizer))
    text = "وَالْكِتَابُ علم"
    one, two = tokenizer.tokenize([text])[0], again.tokenize([text])[0]
    np.testing.assert_array_equal(one.ids, two.ids)
    np.testing.assert_array_equal(one.marks, two.marks)
    assert again.identity == tokenizer.identity and again.spelling == tokenizer.spelling


def test_threads_share_one_tokenizer():
    tokenizer = PieceTokenizer(unigram(), spelling="given", cache_words=16)
    texts = [" ".join(a + "\u064e" + b for b in LETTERS[:12]) for a in LETTERS]
    expected = [tokens.marks.tolist() for tokens in PieceTokenizer(unigram(), spelling="given").tokenize(texts)]
    wrong = []

    def work():
        for _ in range(5):
            if [tokens.marks.tolist() for tokens in tokenizer.tokenize(texts)] != expected:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_identity_tells_vocabulary_and_spelling_apart():
    base = unigram()
    same = {PieceTokenizer(base, spelling="given").identity, PieceTokenizer(unigram(), spelling="given").identity}
    assert len(same) == 1
    base.add_tokens(["كلام"])
    assert PieceTokenizer(base, spelling="given").identity not in same


def test_from_folder_and_its_errors(tmp_path):
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        PieceTokenizer.from_folder(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match="not a tokenizer"):
        PieceTokenizer.from_folder(tmp_path)
    (tmp_path / "tokenizer.json").write_text(Tokenizer(models.Unigram([("a", 0.0)], unk_id=0)).to_str())
    with pytest.raises(CheckpointError, match="special tokens"):
        PieceTokenizer.from_folder(tmp_path)
    (tmp_path / "tokenizer.json").write_text(unigram().to_str())
    read = PieceTokenizer.from_folder(tmp_path, spelling="given")
    assert ids(read, "كتاب") == ids(PieceTokenizer(unigram(), spelling="given"), "كتاب")
    with pytest.raises(OptionError, match="spelling"):
        PieceTokenizer.from_folder(tmp_path, spelling="uthmani")
    with pytest.raises(OptionError, match="cache_words"):
        PieceTokenizer.from_folder(tmp_path, cache_words=-1)


def plainly(tokenizer, text):
    """Ids and codes by the rules of `to_imlai` and `markcodes`, and the whole pipeline of the library."""
    ids, marks = [], []
    for word in to_imlai(text).split():
        base, classes = mc.separate(word)
        start = 0
        for part in base.split(" "):
            own = classes[start : start + len(part)]
            start += len(part) + 1
            if not part:
                continue
            part_ids, part_marks = by_library(tokenizer, part, own)
            ids += part_ids
            marks += part_marks
    return ids, marks


@pytest.fixture(scope="module")
def bundled():
    folder = Path(harakat.model.__path__[0]) / "bundled"
    return PieceTokenizer.from_folder(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))


def differing(bundled, texts):
    tokenizer, library = bundled
    found = [(tokens.ids.tolist(), tokens.marks.tolist()) for tokens in tokenizer.tokenize(texts)]
    return [ascii(text) for text, both in zip(texts, found, strict=True) if both != plainly(library, text)]


@pytest.mark.parametrize("texts", [mushaf_texts(1, 1500), nasty_texts(2, 1500)], ids=["mushaf", "nasty"])
def test_hard_texts_by_the_bundled_vocabulary(bundled, texts):
    assert differing(bundled, texts) == []
    assert differing(bundled, texts[::-1]) == []  # known words now


def test_every_verse(bundled, verses):
    assert differing(bundled, verses) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(10))
def test_fuzz_at_length(bundled, seed):
    # 10 seeds of 12,000 texts.
    for part in range(6):
        assert differing(bundled, mushaf_texts(1000 * seed + part, 1500) + nasty_texts(100 * seed + part, 500)) == []


def test_long_runs_and_many_words_go_in_portions(bundled, monkeypatch):
    monkeypatch.setattr("harakat.arabic.tokenizers.mini._PORTION_CHARS", 400)
    fresh = PieceTokenizer.from_folder(Path(harakat.model.__path__[0]) / "bundled")
    texts = [*mushaf_texts(7, 200), "بَ" * 300, "ٱلۡ" * 200 + " كِتَابٌ", " ".join(["كِتَابُهُمْ"] * 500)]
    assert differing((fresh, bundled[1]), [*texts, " ".join(texts)]) == []
