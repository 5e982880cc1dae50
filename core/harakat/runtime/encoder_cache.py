"""Encoders that a process shares by their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from harakat._support.locks import ForkSafeLock

if TYPE_CHECKING:
    from harakat.runtime.checkpoint import Checkpoint

__all__ = ["EncoderCache"]


class _Encoder(Protocol):
    @property
    def checkpoint(self) -> Checkpoint: ...

    @property
    def resolved_options(self) -> dict[str, Any]: ...


Made = TypeVar("Made", bound=_Encoder)


class EncoderCache(Generic[Made]):
    """One encoder for each set of options, as long as its files are those that were read."""

    def __init__(self) -> None:
        self._made: dict[str, Made] = {}
        self._lock = ForkSafeLock()

    def get(self, make: Callable[..., Made], options: Mapping[str, Any]) -> Made:
        """Return the encoder with these options, made where there is none or its files have been replaced.

        Args:
            make: Makes an encoder of options.
            options: Arguments of `harakat.Encoder`.
        """
        key = _key(options)
        with self._lock:
            encoder = self._current(key)
            if encoder is None:
                encoder = make(**options)
                # One encoder also for whoever spells out what this one found in the checkpoint.
                resolved = _key(encoder.resolved_options)
                encoder = self._current(resolved) or encoder
                self._made[key] = self._made[resolved] = encoder
            return encoder

    def _current(self, key: str) -> Made | None:
        encoder = self._made.get(key)
        return encoder if encoder is not None and encoder.checkpoint.is_current() else None


def _key(options: Mapping[str, Any]) -> str:
    return repr(sorted((name, value) for name, value in options.items() if value is not None))
