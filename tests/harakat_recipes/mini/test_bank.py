"""The bank of earlier passages, and which passages must not stand against each other."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from harakat_recipes.mini.bank import Bank
from harakat_recipes.mini.mixture import overlaps


@given(st.lists(st.integers(1, 5), max_size=8), st.integers(1, 9))
def test_the_bank_keeps_the_last_ones(sizes, size):
    bank, given_rows, at = Bank(size), [], 0
    for count in sizes:
        rows = torch.arange(at, at + count).float()[:, None].repeat(1, 3).requires_grad_()
        bank.keep("verse", rows, [(n, n + 1) for n in range(at, at + count)])
        given_rows += range(at, at + count)
        at += count
    vectors, places = bank.recall("verse", 3)
    assert vectors.shape == (min(size, at), 3)
    assert not vectors.requires_grad
    assert vectors[:, 0].int().tolist() == given_rows[-size:]
    assert [first for first, _ in places] == given_rows[-size:]
    assert bank.recall("question", 3)[0].shape == (0, 3)


def test_a_restored_bank_is_the_same_and_does_not_share():
    bank, other = Bank(2), Bank(2)
    bank.keep("verse", torch.ones(1, 2), [(4, 6)])
    other.restore(*bank.state())
    bank.keep("verse", torch.zeros(2, 2), [(7, 8), (8, 9)])
    vectors, places = other.recall("verse", 2)
    assert vectors.tolist() == [[1.0, 1.0]]
    assert places == [(4, 6)]


def test_an_empty_bank_keeps_nothing():
    bank = Bank(0)
    bank.keep("verse", torch.ones(1, 2), [(0, 1)])
    assert bank.recall("verse", 2)[1] == []


spot = st.tuples(st.integers(0, 9), st.integers(1, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(spot, min_size=1, max_size=6), st.lists(spot, min_size=1, max_size=6))
def test_passages_overlap_where_they_share_a_part(first, second):
    expected = [[bool(set(range(*a)) & set(range(*b))) for b in second] for a in first]
    assert overlaps(first, second).tolist() == expected
