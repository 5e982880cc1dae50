"""Triplets: three words for the gap of one context, of which the first two mean the same."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GAP", "Triplet"]

GAP = "_"
"""The place of a word in a context; a context of this alone stands for words by themselves."""


@dataclass(frozen=True, slots=True)
class Triplet:
    """Anchor, positive and negative for one gap.

    Attributes:
        context: A text with one `GAP`.
        anchor: The word that the two others are compared with.
        positive: A word of the same meaning.
        negative: A word of another meaning.
    """

    context: str
    anchor: str
    positive: str
    negative: str

    def texts(self) -> tuple[str, str, str]:
        """Return the context filled with the anchor, with the positive and with the negative."""
        return (
            self.context.replace(GAP, self.anchor),
            self.context.replace(GAP, self.positive),
            self.context.replace(GAP, self.negative),
        )
