"""Growth of time with the number and the length of texts: the exponent of a power law, fitted in log-log."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harakat.errors import OptionError

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["exponent", "scaling", "scaling_in_count", "scaling_in_length", "scaling_of_attention", "words_long"]

ROUNDS = 3


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Fit the b of seconds = a * sizes ** b, by least squares over the logarithms: 1 is linear, 2 quadratic.

    Raises:
        OptionError: Fewer than two different sizes, unlike lengths, or a value that is not above 0.
    """
    if len(sizes) != len(seconds) or len(set(sizes)) < 2 or min(*sizes, *seconds) <= 0:
        raise OptionError("an exponent needs a time above 0 for each of two or more different sizes above 0")
    return float(np.polyfit(np.log(np.asarray(sizes, float)), np.log(np.asarray(seconds, float)), 1)[0])


def scaling(work: Callable[[int], Any], sizes: Sequence[int], rounds: int = ROUNDS) -> dict[str, Any]:
    """Time `work` at several sizes: ``"sizes"``, ``"seconds"`` (the best of `rounds`) and ``"exponent"``.

    Rounds go over all sizes in turn, and the first pass of each is not counted.
    """
    best = dict.fromkeys(sizes, float("inf"))
    for number in range(rounds + 1):
        for size in sizes:
            started = time.perf_counter()
            work(size)
            took = time.perf_counter() - started
            if number:
                best[size] = min(best[size], took)
    seconds = list(best.values())
    return {
        "sizes": list(best),
        "seconds": [round(value, 5) for value in seconds],
        "exponent": round(exponent(list(best), seconds), 3),
    }


def words_long(texts: Sequence[str], words: int) -> str:
    """Return so many words of the running text of `texts`, which comes round again where it ends."""
    running = [word for text in texts for word in text.split()]
    if not running:
        raise OptionError("the texts hold no word")
    return " ".join(running[at % len(running)] for at in range(words))


def scaling_in_count(encoder: Encoder, texts: Sequence[str], counts: Sequence[int]) -> dict[str, Any]:
    """Measure how the time of `encode` grows with the number of texts, drawn evenly from `texts`: linear."""

    def some(count: int) -> list[str]:
        return [texts[at * len(texts) // count % len(texts)] for at in range(count)]

    drawn = {count: some(count) for count in counts}
    return scaling(lambda count: encoder.encode(drawn[count], show_progress=False), counts)


def scaling_in_length(encoder: Encoder, texts: Sequence[str], words: Sequence[int]) -> dict[str, Any]:
    """Measure how the time of one text grows with its length, in words and windows: linear.

    Over the encoder's length a text is read in windows, so attention, which is quadratic within a window, is linear
    from there on. ``"sizes"`` are the tokens read.

    Args:
        encoder: Its overflow policy does not matter.
        texts: Where the words come from.
        words: Lengths; give some over `max_length` for the linear part, or only such below it for the other.
    """
    made = [words_long(texts, length) for length in words]
    by_size = dict(zip(encoder.count_tokens(made).tolist(), made, strict=True))
    return scaling(lambda size: encoder.encode([by_size[size]], overflow="chunk", show_progress=False), list(by_size))


def scaling_of_attention(encoder: Encoder, texts: Sequence[str], lengths: Sequence[int]) -> dict[str, Any]:
    """Measure how attention alone grows with the length of one sequence: quadratic, and the only thing that is.

    Args:
        encoder: Not compiled.
        texts: Where the words come from.
        lengths: Words; texts over the encoder's length are left out.
    """
    from harakat.bench.stages import stage_seconds

    made = [words_long(texts, length) for length in lengths]
    found: dict[int, float] = {}
    for size, text in zip(encoder.count_tokens(made).tolist(), made, strict=True):
        if size <= encoder.max_length:
            found[size] = min(stage_seconds(encoder, [text])["attention"] for _ in range(ROUNDS))
    return {
        "sizes": list(found),
        "seconds": [round(value, 5) for value in found.values()],
        "exponent": round(exponent(list(found), list(found.values())), 3),
    }
