"""The parts of public collections that are kept for judging."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from harakat.data.held_out import is_held_out_surah, is_held_out_synset, one_in


@given(st.text(), st.integers(1, 9))
def test_one_in_so_many_keys(key, parts):
    assert one_in(key, parts) == (zlib.crc32(key.encode("utf-8")) % parts == 0)
    assert one_in(key, 1) and not one_in(key, 0)
    assert is_held_out_synset(key) == one_in(key, 3)


def test_the_same_third_on_every_machine():
    names = [f"{number:08d}-n" for number in range(3000)]
    assert [name for name in names[:12] if is_held_out_synset(name)] == [
        f"{number:08d}-n" for number in (0, 3, 4, 6, 7, 8, 9)
    ]
    assert 900 < sum(map(is_held_out_synset, names)) < 1100
    surahs = [surah for surah in range(1, 115) if is_held_out_surah(f"{surah}:1")]
    assert surahs == list(range(3, 115, 3))
