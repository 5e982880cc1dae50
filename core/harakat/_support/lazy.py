"""Packages that import their names when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, homes: Mapping[str, Sequence[str]], exported: Sequence[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the functions `__getattr__` and `__dir__` of a package.

    The package repeats the imports under ``if TYPE_CHECKING:`` and lists its names in `__all__`, for type checkers.

    Args:
        package: The package's name, ``__name__``.
        homes: The names of each module that they are imported from.
        exported: The package's `__all__`.

    Returns:
        Both functions. A name is imported once and then is an ordinary attribute of the package; for a name without
        a home `__getattr__` raises AttributeError.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def get(name: str) -> Any:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(home), name)
        setattr(import_module(package), name, value)
        return value

    def names() -> list[str]:
        return sorted(exported)

    return get, names
