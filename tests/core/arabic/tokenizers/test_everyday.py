"""The tokenizers with all rules of everyday spelling, beside what they read without."""

import pickle
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import harakat.model
from harakat.arabic import to_everyday, to_imlai
from harakat.arabic.marks.diacritics import canonical_mark_order
from harakat.arabic.spelling.typed import read_words
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.errors import OptionError
from harakat.model.checkpoints.config import read_config
from harakat.model.families.family import TokenizerOptions
from harakat.options import EncoderOptions
from harakat.runtime.prefetch import TokenizerRecipe
from harakat.runtime.resolve import tokenizer_recipe
from support.mushaf_fuzz import mushaf_texts
from support.published_oracle import nasty_texts

BUNDLED = Path(harakat.model.__path__[0]) / "bundled"
SAMPLES = ["كبير", "کبیر", "«العلم» نور", "سنه", "في سنه ۱۴۴۵", "إِنَّ ٱلدِّينَ", "لَهٗ مَا فِی", "x (1)"]


@pytest.fixture(scope="module")
def everyday():
    return PieceTokenizer.from_folder(BUNDLED, spelling="everyday")


@pytest.fixture(scope="module")
def imlai():
    return PieceTokenizer.from_folder(BUNDLED)


def same(one, other):
    return np.array_equal(one.ids, other.ids) and np.array_equal(one.marks, other.marks)


@pytest.fixture
def folder(tmp_path):
    """A copy of the bundled files that says the next format."""
    for file in BUNDLED.iterdir():
        shutil.copy(file, tmp_path)
    config = tmp_path / "config.json"
    config.chmod(0o644)
    config.write_text(config.read_text("utf-8").replace('"format": 2', '"format": 3'), "utf-8")
    return tmp_path


def test_the_format_of_a_checkpoint_chooses_the_rules(folder, everyday, imlai):
    for path, expected in ((BUNDLED, imlai), (folder, everyday)):
        config = read_config(path)
        opened = tokenizer_recipe(EncoderOptions(str(path)), path, config).open()
        assert opened.identity == expected.identity
        assert all(map(same, opened.tokenize(SAMPLES), expected.tokenize(SAMPLES)))


def test_an_encoder_of_the_next_format_reads_by_the_rules(folder):
    from harakat import Encoder

    today, following = Encoder(), Encoder(folder)
    assert today.fingerprint != following.fingerprint
    vectors = following.encode(["كبير", "کبیر", "«كبير»", "مكة", "مكه"])
    np.testing.assert_allclose(vectors[0] @ vectors[1:3].T, 1, atol=1e-5)
    assert vectors[3] @ vectors[4] == pytest.approx(1, abs=1e-5)
    before = today.encode(["كبير", "کبیر"])
    assert before[0] @ before[1] < 0.5


def test_identities_differ(everyday, imlai):
    names = {everyday.identity, imlai.identity, PieceTokenizer.from_folder(BUNDLED, spelling="given").identity}
    without = PieceTokenizer.from_folder(BUNDLED, spelling="imlai")
    assert without.identity == imlai.identity
    assert len(names) == 3


def test_words_ask_for_the_rules():
    words = read_words(BUNDLED)
    with pytest.raises(OptionError, match="of no use with spelling='imlai'"):
        PieceTokenizer(Tokenizer.from_file(str(BUNDLED / "tokenizer.json")), words=words)


def test_ids_are_those_of_the_everyday_text(everyday, imlai):
    """Texts of more than one marked word, which no lexicon changes."""
    texts = ["\u0643\u064e\u062a\u064e\u0628\u064e " + text for text in mushaf_texts(21, 300)]
    everyday_texts = [to_everyday(text) for text in texts]
    again = everyday.tokenize(everyday_texts)
    assert sum(map(same, everyday.tokenize(texts), again)) == len(texts)


def test_texts_in_everyday_spelling_are_read_as_before(everyday, imlai):
    texts = [to_imlai(text) for text in ("قَالَ رَسُولُ اللَّهِ", "إِنَّ الدِّينَ عِنْدَ اللَّهِ الْإِسْلَامُ", "كِتَابٌ فِي الْبَيْتِ، وَقَلَمٌ.")]
    assert all(map(same, everyday.tokenize(texts), imlai.tokenize(texts)))


@given(st.lists(st.text(max_size=20) | st.sampled_from(SAMPLES), max_size=5))
def test_neighbours_and_caches_change_nothing(texts):
    tokenizer = _shared()
    alone = [tokenizer.tokenize([text])[0] for text in texts]
    assert all(map(same, tokenizer.tokenize(texts), alone))


@cache
def _shared():
    return PieceTokenizer.from_folder(BUNDLED, spelling="everyday")


def test_crosses_to_another_process(everyday):
    other = pickle.loads(pickle.dumps(everyday))
    assert other.identity == everyday.identity
    assert all(map(same, other.tokenize(SAMPLES), everyday.tokenize(SAMPLES)))


def test_neoarabert_reads_by_the_rules_where_asked(tokenizer_folder):
    kinds = {
        spelling: ArabicTokenizer.from_folder(tokenizer_folder, segmentation=False, spelling=spelling)
        for spelling in ("as-is", "imlai", "everyday")
    }
    assert len({tokenizer.identity for tokenizer in kinds.values()}) == 3
    for text in [*SAMPLES, *nasty_texts(22, 50)]:
        try:
            expected = kinds["as-is"].tokenize([canonical_mark_order(to_everyday(text))])[0].ids
        except harakat.errors.TextError:
            continue
        np.testing.assert_array_equal(kinds["everyday"].tokenize([text])[0].ids, expected)
    recipe = TokenizerRecipe(tokenizer_folder, "neoarabert", TokenizerOptions("everyday", segmentation=False))
    assert recipe.open().identity == kinds["everyday"].identity
    as_is = TokenizerRecipe(tokenizer_folder, "neoarabert", TokenizerOptions("as-is", segmentation=False))
    assert as_is.open().identity == kinds["as-is"].identity
