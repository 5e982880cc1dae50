"""Checks of the texts that are analysed: each before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from harakat.errors import TextError, TextTypeError

__all__ = ["check_text", "check_texts"]


def check_text(text: object, index: int | None = None) -> str:
    """Return the text itself, if it is one.

    Args:
        text: Anything.
        index: Its position among several, for the message.

    Raises:
        TextTypeError: Not a `str`.
        TextError: It holds a lone surrogate, which is no character and cannot be stored as UTF-8.
    """
    name = "the text" if index is None else f"text {index}"
    if not isinstance(text, str):
        extra = "; decode bytes first, for example with .decode('utf-8')" if isinstance(text, bytes) else ""
        raise TextTypeError(f"{name} is {text!r:.60}, a {type(text).__name__}; give each text as a str{extra}")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise TextError(
                f"{name} holds the lone surrogate U+{ord(text[error.start]):04X} at character {error.start}, which is "
                f"half of a character; read the source with the right encoding, or drop it with "
                f".encode('utf-8', 'ignore').decode()"
            ) from None
    return text


def check_texts(texts: object) -> Iterator[str]:
    """Yield the texts of an ordered run of them, each checked when it is reached.

    Raises:
        TextTypeError: One text, bytes, a mapping, a set, or nothing iterable; or an element is not a `str`.
        TextError: As `check_text`.
    """
    if isinstance(texts, str):
        raise TextTypeError(f"one text was given where several are expected; write [{texts[:20]!r}]")
    if isinstance(texts, bytes | bytearray | Mapping | Set) or not isinstance(texts, Iterable):
        why = "which has no order" if isinstance(texts, Mapping | Set) else "which holds no texts"
        raise TextTypeError(f"texts is a {type(texts).__name__}, {why}; give a list of str")
    return (check_text(text, index) for index, text in enumerate(texts))
