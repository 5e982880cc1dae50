"""What tests count: weights loaded and forward passes."""

from __future__ import annotations

from typing import Any

import pytest

from harakat.runtime import load as loading
from harakat.runtime.engine import Engine


def count_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders whose weights are read from now on, as it happens."""
    seen: list[str] = []
    load = loading.load_network

    def counted(folder: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(str(folder))
        return load(folder, *args, **kwargs)

    monkeypatch.setattr(loading, "load_network", counted)
    return seen


def count_passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of sequences of each forward pass from now on, as it happens."""
    seen: list[int] = []
    forward = Engine._forward

    def counted(self: Engine, windows: Any) -> Any:
        seen.append(len(windows))
        return forward(self, windows)

    monkeypatch.setattr(Engine, "_forward", counted)
    return seen
