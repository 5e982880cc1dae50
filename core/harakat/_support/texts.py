"""Checks of the texts that are to be embedded, made before the first one is encoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Set

from harakat._support.checks import surrogate_at
from harakat.errors import TextError, TextTypeError

__all__ = ["check_text", "checked", "refuse_container", "remembered", "text_list"]

HINT = "give each text as a str"


def check_text(text: object, index: int | None = None) -> str:
    """Return the text itself, if it is one.

    Args:
        text: Anything.
        index: Its place among several, for the message; None where it is the only one.

    Raises:
        TextTypeError: Not a `str`.
        TextError: It holds a lone surrogate, which is no character and cannot be stored as UTF-8.
    """
    name = "the text" if index is None else f"text {index}"
    if not isinstance(text, str):
        shown = repr(text)
        shown = shown if len(shown) <= 60 else shown[:57] + "…"
        extra = "; decode bytes first, for example with .decode('utf-8')" if isinstance(text, bytes) else ""
        raise TextTypeError(f"{name} is {shown}, a {type(text).__name__}; {HINT}{extra}")
    place = surrogate_at(text)
    if place is not None:
        raise TextError(
            f"{name} holds the lone surrogate U+{ord(text[place]):04X} at character {place}, which is half of a "
            f"character; read the source with the right encoding, or drop it with .encode('utf-8', 'ignore').decode()"
        )
    return text


def checked(texts: Iterable[object], first: int = 0) -> Iterator[str]:
    """Give the texts one by one, each checked."""
    for index, text in enumerate(texts, first):
        yield check_text(text, index)


def refuse_container(texts: object) -> None:
    """Refuse things that can be looped over but are no ordered run of texts.

    Raises:
        TextTypeError: One text, bytes, a mapping, a set, or nothing iterable.
    """
    if isinstance(texts, str):
        raise TextTypeError(f"one text was given where several are expected; write [{texts[:20]!r}]")
    if isinstance(texts, bytes | bytearray | Mapping | Set) or not isinstance(texts, Iterable):
        why = "which has no order" if isinstance(texts, Mapping | Set) else "which holds no texts"
        raise TextTypeError(f"texts is a {type(texts).__name__}, {why}; give a list of str")


def text_list(texts: object) -> list[str]:
    """Return a list of checked texts from any ordered run of them (list, tuple, array, series, generator).

    Raises:
        TextTypeError: Not such a run, or an element is not a `str`.
        TextError: An element cannot be embedded.
    """
    if isinstance(texts, list):
        return [check_text(text, index) for index, text in enumerate(texts)]
    refuse_container(texts)
    return list(checked(texts))  # type: ignore[arg-type]


def remembered(texts: Iterable[str]) -> tuple[Iterator[str], Iterator[str]]:
    """Return the texts twice; kept are only those that the first iterator has given and the second has not."""
    waiting: deque[str] = deque()

    def first() -> Iterator[str]:
        for text in texts:
            waiting.append(text)
            yield text

    def second() -> Iterator[str]:
        while waiting:
            yield waiting.popleft()

    return first(), second()
