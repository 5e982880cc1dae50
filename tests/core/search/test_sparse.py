"""Sparse vectors: what they find in the Quran, and what they may depend on."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quran_text import Mushaf

from harakat.arabic import strip_marks, to_imlai
from harakat.errors import OptionError, TextError, TextTypeError
from harakat.search import (
    DEFAULT_FIELDS,
    Field,
    FieldAverages,
    FieldSetting,
    IdfTable,
    SparseEncoder,
    split_words,
    to_csr,
)

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text(
    st.sampled_from("ابلنويىءأٱة \u064e\u0650\u0651\u0652\u06e1\u06d6،1؟"), max_size=60
)
PLAIN = SparseEncoder()


@pytest.fixture(scope="module")
def quran():
    verses = {verse.key: verse.text for sura in Mushaf.hafs().surahs for verse in sura.ayahs}
    encoder = SparseEncoder(FieldAverages.measure(verses.values()))
    return encoder, list(verses), list(verses.values()), to_csr(encoder.encode_document(verses.values()))


def search(quran, query, count=10):
    encoder, keys, _, (matrix, terms) = quran
    scores = (to_csr([encoder.encode_query(query)], terms)[0] @ matrix.T).toarray().ravel()
    return [keys[at] for at in np.argsort(-scores, kind="stable")[:count]]


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("لا اكراه في الدين", "2:256"),
        ("قل یا ایها الکافرون", "109:1"),
        ("وبشر الصابرين", "2:155"),
        ("انما اشكو بثي وحزني الى الله", "12:86"),
        ("اني رايت احد عشر كوكبا", "12:4"),
        ("ليله القدر خير من الف شهر", "97:3"),
        ("وَإِذَا الْمَوْءُودَةُ سُئِلَتْ", "81:8"),
        ("ياأيها المزمل", "73:1"),
        ("من هو الذي التقمه الحوت؟", "37:142"),
        ("عسى ان تكرهوا شيئا وهو خير لكم", "2:216"),
    ],
)
def test_verses_as_people_type_them(quran, query, key):
    assert search(quran, query)[0] == key


@pytest.mark.parametrize("word", ["الصبر", "الصَّبْر", "صبر", "بالصبر"])
def test_prefixes_and_marks_hide_no_word(quran, word):
    encoder, keys, texts, _ = quran
    verse = texts[keys.index("2:153")]
    assert "بالصبر" in [word.folded for word in split_words(verse)]
    assert encoder.encode_query(word).dot(encoder.encode_document(verse)) > 0.2
    folded = [strip_marks(to_imlai(texts[keys.index(key)])) for key in search(quran, word)]
    assert sum("صبر" in text or "صابر" in text for text in folded) >= 9


@pytest.mark.parametrize(("typed", "other"), [("المَلِكُ", "المَلَكُ"), ("مُلْك", "مَلِك"), ("البِرّ", "البَرّ")])
def test_marks_prefer_and_never_exclude(typed, other):
    query = PLAIN.encode_query(typed)
    same, different, bare = (query.dot(PLAIN.encode_document(text)) for text in (typed, other, strip_marks(typed)))
    assert same > different > 0
    assert same > bare > 0


@given(ANYTHING)
def test_shape_of_a_vector(text):
    for vector in (PLAIN.encode_document(text), PLAIN.encode_query(text)):
        assert vector.indices.dtype == np.uint32 and vector.values.dtype == np.float32
        assert np.all(np.diff(vector.indices.astype(np.int64)) > 0)
        assert np.all(vector.values > 0) and np.all(vector.values <= 1)
        assert np.all(vector.indices < 2**31)


@given(ANYTHING, ANYTHING)
def test_scores_lie_between_0_and_1(query, text):
    asked, found = PLAIN.encode_query(query), PLAIN.encode_document(text)
    assert 0.0 <= asked.dot(found) <= 1.0
    assert sum(asked.by_field(found).values()) == pytest.approx(asked.dot(found), abs=1e-5)
    if len(asked):
        assert float(asked.values.sum()) == pytest.approx(1.0, abs=1e-5)


@given(st.lists(ANYTHING, max_size=5), ANYTHING)
def test_a_document_never_depends_on_others(texts, other):
    together = PLAIN.encode_document([*texts, other])
    assert together == [*map(PLAIN.encode_document, texts), PLAIN.encode_document(other)]
    assert PLAIN.encode_document([other, *texts])[1:] == together[:-1]
    assert list(PLAIN.encode_document_stream(iter([*texts, other]))) == together
    assert PLAIN.encode_query([*texts, other]) == [PLAIN.encode_query(text) for text in [*texts, other]]


@given(st.text(st.sampled_from("ابتسلمنهوي "), max_size=30))
def test_variants_have_the_same_terms(text):
    variant = text.replace("ه", "ہ").replace("ي", "ی").replace(" ", "  ")
    assert PLAIN.encode_document(variant) == PLAIN.encode_document(text)


@pytest.mark.parametrize("text", ["", "  ", "؟!", "\u064e", "﴿﴾"])
def test_nothing_to_find(text):
    assert len(PLAIN.encode_query(text)) == 0
    assert len(PLAIN.encode_document(text)) == 0
    assert PLAIN.encode_query(text).dot(PLAIN.encode_document("الله")) == 0.0


def test_longer_texts_count_less_for_one_word():
    query = PLAIN.encode_query("زنجبيل")
    scores = [query.dot(PLAIN.encode_document("زنجبيل" + " كلام" * more)) for more in (0, 5, 50, 500)]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 4


def test_streams_read_one_text_at_a_time():
    read = []

    def texts():
        for number in range(3):
            read.append(number)
            yield f"كتاب {number}"
        yield None

    stream = PLAIN.encode_document_stream(texts())
    next(stream)
    assert read == [0]
    next(stream), next(stream)
    with pytest.raises(TextTypeError, match="text 3 is None"):
        next(stream)


@pytest.mark.parametrize("encode", ["encode_document", "encode_query"])
def test_wrong_input(encode):
    call = getattr(PLAIN, encode)
    for wrong, message in (
        (None, "texts is a NoneType"),
        (b"x", "which holds no texts"),
        ({"a": 1}, "which has no order"),
        ({"a"}, "which has no order"),
        (["a", 5], "text 1 is 5, a int"),
        ([b"a"], "decode bytes first"),
    ):
        with pytest.raises(TextTypeError, match=message):
            call(wrong)
    with pytest.raises(TextError, match=r"text 1 holds the lone surrogate U\+D800 at character 2"):
        call(["a", "اب\ud800"])


def test_wrong_options():
    for options, message in (
        ({"averages": 60}, "averages is a int"),
        ({"fields": {"word": 1}}, "fields maps each Field"),
        ({"fields": {}}, "no field has a weight"),
        ({"idf": "table"}, "idf is a str"),
    ):
        with pytest.raises(OptionError, match=message):
            SparseEncoder(**options)


def test_fingerprint_that_collections_hold():
    """A change here shuts every stored collection out: raise ANALYSIS_VERSION knowingly."""
    assert PLAIN.fingerprint == (
        'harakat-lexical:{"analysis":1,"averages":{"gram":255.0,"marked":60.0,"pair":59.0,"stem":60.0,"word":60.0},'
        '"fields":{"gram":[2.0,1.2,0.75],"marked":[1.0,0.3,0.0],"pair":[1.5,0.3,0.0],"stem":[1.0,0.6,0.75],'
        '"word":[1.0,1.2,0.75]},"idf":"f4fdf27f6f1684ad"}'
    )


def test_fingerprint_follows_all_that_decides():
    others = [
        SparseEncoder(FieldAverages(word=12.0)),
        SparseEncoder(fields=dict(DEFAULT_FIELDS) | {Field.GRAM: FieldSetting(0.5, 1.2, 0.75)}),
        SparseEncoder(idf=IdfTable.from_counts(np.array([5], np.uint32), np.array([2]), 100)),
    ]
    assert len({each.fingerprint for each in [PLAIN, *others]}) == 4
    assert SparseEncoder(FieldAverages()).fingerprint == PLAIN.fingerprint
    assert len(PLAIN.short_fingerprint) == 16


def test_fields_without_weight_are_left_out():
    encoder = SparseEncoder(fields={Field.WORD: FieldSetting(1.0, 1.2, 0.75)})
    vector = encoder.encode_document("بِسْمِ اللَّهِ الرَّحْمَنِ")
    assert len(vector) == 3 and set(vector.indices >> 28) == {int(Field.WORD)}
    assert encoder.encode_query("بِسْمِ").values.sum() == pytest.approx(1.0)
    assert list(encoder.fields) == [Field.WORD]


@pytest.mark.parametrize("own", [False, True])
def test_pickled(own):
    idf = IdfTable.from_counts(np.array([5], np.uint32), np.array([2]), 100) if own else None
    encoder = SparseEncoder(FieldAverages(word=12.0), idf=idf)
    data = pickle.dumps(encoder)
    assert len(data) < 4000
    back = pickle.loads(data)
    assert back.fingerprint == encoder.fingerprint
    assert back.encode_query("بسم الله") == encoder.encode_query("بسم الله")


def test_threads_agree():
    texts = [verse.text for verse in Mushaf.hafs().surah(36).ayahs] * 3
    alone = PLAIN.encode_document(texts)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(PLAIN.encode_document, texts)) == alone


def test_rows_of_a_matrix():
    vectors = PLAIN.encode_document(["بسم الله", "", "الحمد لله"])
    matrix, terms = to_csr(vectors)
    assert matrix.shape == (3, len(terms)) and matrix.dtype == np.float32
    assert np.all(np.diff(terms.astype(np.int64)) > 0)
    assert (matrix @ matrix.T)[0, 2] == pytest.approx(vectors[0].dot(vectors[2]))
    assert matrix[1].nnz == 0
    query = PLAIN.encode_query("الحمد للرحمن")
    row, same = to_csr([query], terms)
    assert same is terms or np.array_equal(same, terms)
    assert (row @ matrix.T).toarray()[0].tolist() == pytest.approx([query.dot(vector) for vector in vectors])
    assert to_csr([])[0].shape == (0, 0)
    assert to_csr(vectors, np.empty(0, np.uint32))[0].nnz == 0


def test_needs_no_torch():
    code = (
        "import sys, harakat.search as s\n"
        "assert 'numpy' not in sys.modules\n"
        "s.SparseEncoder().encode_document('x'), [getattr(s, n) for n in s.__all__]\n"
        "assert not {'torch', 'transformers', 'scipy', 'nltk'} & set(sys.modules)\n"
        "assert set(s.__all__) <= set(dir(s))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
