"""Optional dependencies; the error of a missing one names the extra that brings it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from harakat.errors import MissingExtraError


def require(module: str, extra: str) -> ModuleType:
    """Import `module`, or raise an error that tells how to install it.

    Args:
        module: The import name, for example ``"chromadb"``.
        extra: The extra of this distribution that brings it, for example ``"chroma"``.

    Raises:
        MissingExtraError: The module, or the top-level package that holds it, is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtraError(
            f"{module!r} is not installed; it comes with: pip install 'harakat[{extra}]'", name=error.name
        ) from error
