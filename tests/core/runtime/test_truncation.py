"""Every call that cuts a text says so, and options of a wrong type are named."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from harakat import Encoder
from harakat.errors import OptionError, TruncationWarning


def test_each_call_warns(tiny_folder: Path) -> None:
    encoder = Encoder(tiny_folder, max_length=8)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            encoder.encode("كتب " * 30)
    assert [w.category for w in caught] == [TruncationWarning] * 3


@pytest.mark.parametrize("options", [{"batch_tokens": "64"}, {"batch_tokens": 1.5}, {"query_prompt": "\ud800"}])
def test_wrong_types(tiny_folder: Path, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Encoder(tiny_folder, **options)
