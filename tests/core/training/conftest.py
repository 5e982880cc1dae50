"""What every test of training stands on."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def hide_module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a package that an extra brings look as if it were not installed."""
    real = importlib.import_module

    def hide(hidden: str) -> None:
        def without(name: str, *rest: Any) -> Any:
            if name == hidden:
                raise ModuleNotFoundError(name=name)
            return real(name, *rest)

        monkeypatch.setattr("harakat._support.extras.import_module", without)

    return hide
