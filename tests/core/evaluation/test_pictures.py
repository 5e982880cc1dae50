"""Pictures: both files, Arabic shaped and in order, no letter that the font lacks, the same SVG each time."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from harakat.data.families import FAMILIES, family_of, family_rows
from harakat.errors import EvaluationError, OptionError
from harakat.evaluation import Bootstrap, Embedder, Report, Result
from harakat.evaluation.figures import Key
from harakat.evaluation.pictures import family_picture, margin_picture, quality_picture, save, surah_picture
from harakat.evaluation.pictures.canvas import arabic, shaped
from harakat.evaluation.tasks.triplets import triplet_figures
from harakat.evaluation.views import views_of


def drawn(figure: object, folder: Path, name: str) -> str:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")  # missing from the font
        png, svg = save(figure, folder, name)  # type: ignore[arg-type]
    assert png.read_bytes().startswith(b"\x89PNG") and png.stat().st_size > 5000
    return svg.read_text(encoding="utf-8")


def test_a_family(tiny: Embedder, tmp_path: Path):
    one = drawn(family_picture(family_of("علم"), [tiny, tiny]), tmp_path, "family")
    assert one == drawn(family_picture(family_of("علم"), [tiny, tiny]), tmp_path, "family")
    assert "<svg" in one


def test_every_family_has_its_glyphs(tmp_path: Path):
    from matplotlib import font_manager, ft2font

    font = ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))
    have = set(font.get_charmap())
    words = {arabic(word) for f in FAMILIES for s in f.senses for word in (s.word, s.near)}
    assert not {char for word in words for char in word if ord(char) not in have}


def test_margins(tmp_path: Path):
    drawn(margin_picture({"a": np.linspace(-1, 1, 50), "b": np.zeros(5)}, "title"), tmp_path, "margins")
    with pytest.raises(EvaluationError, match="at least one system"):
        margin_picture({}, "title")


def test_quality(tiny: Embedder, tmp_path: Path):
    figures = triplet_figures("homographs", tiny, family_rows(), views_of(tiny.dims))
    report = Report("t", [Result("tiny", {}, figures)], bootstrap=Bootstrap(resamples=100))
    key = Key("homographs", "accuracy", "all", "as-is")
    drawn(quality_picture(report, [key, key._replace(metric="margin")]), tmp_path, "quality")
    with pytest.raises(EvaluationError, match="no system of this report has"):
        quality_picture(report, [key._replace(task="other")])


@pytest.mark.filterwarnings("ignore::harakat.errors.TruncationWarning")
def test_a_surah(tiny: Embedder, tmp_path: Path):
    drawn(surah_picture(tiny, 55), tmp_path, "surah")
    with pytest.raises(OptionError, match="1 to 114"):
        surah_picture(tiny, 115)


def test_shaping_before_matplotlib_could():
    pytest.importorskip("arabic_reshaper")
    pytest.importorskip("bidi")
    joined = shaped("كَتَبَ abc")
    assert joined.startswith("abc ") and not re.search("[\u0643\u062a\u0628]", joined)
    assert [c for c in joined if "\ufe70" <= c <= "\ufeff"] == [
        "\ufe90",
        "\ufe98",
        "\ufedb",
    ]  # beh, teh, kaf, from the left
    assert joined.count("\u064e") == 3
