"""The idf table: counted by the command, kept in a file, read as it was."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harakat.errors import DataUnavailableError, RecordError
from harakat.search.counting import count_passages, frequent, main, passages_of, read_texts
from harakat.search.fields import Field, term_number
from harakat.search.idf import IdfTable, default_idf

TERMS = arrays(np.uint32, st.integers(0, 50), elements=st.integers(0, 2**31 - 1), unique=True)


def idf_of(table, *words, field=Field.WORD):
    return table.idf(np.array([term_number(field, word) for word in words], np.uint32))


@given(TERMS, st.data())
def test_a_table_comes_back_from_its_file(tmp_path_factory, terms, data):
    terms = np.sort(terms)
    counts = data.draw(arrays(np.int64, len(terms), elements=st.integers(1, 10**6)))
    table = IdfTable.from_counts(terms, counts, 10**6, {"sources": [{"name": "كتاب", "licence": "MIT"}]})
    path = tmp_path_factory.mktemp("idf") / "table.bin"
    table.save(path)
    back = IdfTable.load(path)
    assert np.array_equal(back.terms, terms)
    assert np.array_equal(back.codes, table.codes)
    assert (back.passages, back.about, back.digest) == (table.passages, table.about, table.digest)
    # A quarter of an octave: no count is off by more than an eighth of one.
    exact = np.log1p((10**6 - counts + 0.5) / (counts + 0.5))
    assert np.all(np.abs(back.idf(terms) - exact) < 0.13)


def test_unknown_words_have_the_largest_idf():
    table = IdfTable.from_counts(np.array([5, 9], np.uint32), np.array([1, 90]), 100)
    known, common, unknown, beyond = table.idf(np.array([5, 9, 7, 2**31 - 1], np.uint32))
    assert common < known < unknown == beyond
    assert IdfTable.from_counts(np.empty(0, np.uint32), np.empty(0, np.int64), 10).idf(np.array([3], np.uint32)) > 0


def test_the_table_that_ships():
    table = default_idf()
    common, known, unknown = idf_of(table, "الله", "زنجبيل", "صضثقفغعهخ")
    assert 0 < common < 1 < known <= unknown
    assert np.all(np.diff(table.terms.astype(np.int64)) > 0)
    assert {source["licence"] for source in table.about["sources"]} == {"MIT", "CC BY 4.0"}
    assert {int(field) for field in np.unique(table.terms >> 28)} == {int(field) for field in Field}
    assert default_idf() is table


def test_a_table_is_pickled():
    table = IdfTable.from_counts(np.array([5], np.uint32), np.array([2]), 100)
    assert pickle.loads(pickle.dumps(table)).digest == table.digest


def test_damage_is_named(tmp_path):
    path = tmp_path / "t.bin"
    with pytest.raises(DataUnavailableError, match="cannot be read"):
        IdfTable.load(path)
    path.write_bytes(b"something else")
    with pytest.raises(DataUnavailableError, match="no idf table"):
        IdfTable.load(path)
    IdfTable.from_counts(np.array([5], np.uint32), np.array([2]), 100).save(path)
    whole = path.read_bytes()
    for end in range(len(whole) - 40, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(DataUnavailableError, match="damaged"):
            IdfTable.load(path)


def test_passages_are_counted_once_a_term():
    terms, counts = count_passages(["الله الله أكبر", "الله"])
    found = dict(zip(terms.tolist(), counts.tolist(), strict=True))
    assert found[term_number(Field.WORD, "الله")] == 2
    assert found[term_number(Field.WORD, "اكبر")] == 1
    kept, _ = frequent((terms, counts), dict.fromkeys(Field, 2))
    assert term_number(Field.WORD, "الله") in kept and term_number(Field.WORD, "اكبر") not in kept


def test_passages_hold_every_word_once():
    assert list(passages_of(["a b c d e", "", "f"], 2)) == ["a b", "c d", "e", "f"]


def test_the_command(tmp_path, capsys):
    rows, lines, out = tmp_path / "a.jsonl", tmp_path / "b.txt", tmp_path / "t.bin"
    rows.write_text("\n".join(json.dumps({"text": "بسم الله"}) for _ in range(5)), encoding="utf-8")
    lines.write_text("الحمد لله\n" * 3, encoding="utf-8")
    main(["--source", "one", "MIT", str(rows), "--source", "two", "CC0", str(lines), "-o", str(out)])
    assert "over 8 passages" in capsys.readouterr().out
    table = IdfTable.load(out)
    assert table.about["sources"] == [
        {"name": "one", "licence": "MIT", "passages": 5},
        {"name": "two", "licence": "CC0", "passages": 3},
    ]
    often, less, never = idf_of(table, "الله", "الحمد", "غيره")
    assert often < less < never


def test_sources_are_checked(tmp_path):
    with pytest.raises(RecordError, match="neither .txt nor .jsonl"):
        list(read_texts(tmp_path / "a.csv"))
    bad = tmp_path / "a.jsonl"
    for line, message in (
        ("{", "line 1: no JSON"),
        ('{"x": 1}', "no JSON object with"),
        ('{"text": 5}', "text is a int"),
    ):
        bad.write_text(line, encoding="utf-8")
        with pytest.raises(RecordError, match=message):
            list(read_texts(bad))
