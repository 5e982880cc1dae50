"""Texts that were cut, counted and reported once: truncation is never silent."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from harakat.errors import TextTooLongError, TruncationWarning
from harakat.options import Overflow

__all__ = ["Truncation"]


class Truncation:
    """A count of the texts that are cut, reported once."""

    def __init__(self, max_length: int) -> None:
        self.max_length = max_length
        self.texts = self.cut = self.longest = 0

    def count(self, sizes: Sequence[int], budget: int, policy: Overflow, first: int) -> None:
        """Take note of content sizes; refuse the first one over `budget` under ``"error"``."""
        self.texts += len(sizes)
        if policy == "chunk":
            return
        specials = self.max_length - budget
        for index, size in enumerate(sizes):
            if size <= budget:
                continue
            if policy == "error":
                raise TextTooLongError(
                    f"text {first + index} has {size + specials:,} tokens, over max_length={self.max_length}; split "
                    f"it, or choose overflow='chunk' (all of it counts) or overflow='warn' (its beginning counts)"
                )
            self.cut += 1
            self.longest = max(self.longest, size + specials)

    def add(self, other: Truncation) -> None:
        """Take over what another one has counted."""
        self.texts += other.texts
        self.cut += other.cut
        self.longest = max(self.longest, other.longest)

    def report(self) -> None:
        """Warn, if anything was cut."""
        if self.cut:
            caller = sys._getframe(2)
            warnings.warn_explicit(
                f"{self.cut:,} of {self.texts:,} texts are longer than max_length={self.max_length} tokens (the "
                f"longest has {self.longest:,}) and only their beginning was read; overflow='chunk' reads all of it",
                TruncationWarning,
                caller.f_code.co_filename,
                caller.f_lineno,
                registry={},  # an empty one each time: Python shows a message it remembers only once
            )
