"""int8 for a network: rounded with the help of a few texts, and kept only where its vectors stay close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harakat.arabic import strip_marks
from harakat.arabic.tokenizers.tokens import TextTokenizer
from harakat.errors import CheckpointError, DeviceError
from harakat.runtime.batching import Window, plan_windows
from harakat.runtime.engine import Engine

if TYPE_CHECKING:
    from harakat.model.families.family import Network

__all__ = ["LEAST_COSINE", "round_to_int8"]

LEAST_COSINE = 0.999
"""Least mean cosine of int8 vectors to float32 ones."""

_SEEN = (
    "ذَهَبَ الطَّالِبُ إِلَى المَكْتَبَةِ صَبَاحًا وَقَرَأَ كِتَابًا قَدِيمًا فِي تَارِيخِ العُلُومِ.",
    "قَالَ الشَّيْخُ: العِلْمُ نُورٌ، وَالجَهْلُ ظُلْمَةٌ، وَمَنْ صَبَرَ ظَفِرَ.",
    "هَلْ تَعْرِفُ مَتَى يَبْدَأُ الدَّرْسُ؟",
    "فِي سَنَةِ ١٩٨٤ انْتَقَلَتِ الأُسْرَةُ مِنَ القَرْيَةِ إِلَى المَدِينَةِ، وَفَتَحَ الأَبُ مَتْجَرًا صَغِيرًا لِبَيْعِ القُمَاشِ.",
    "كَتَبَ",
    "سَقَطَ المَطَرُ عَلَى الجِبَالِ فَجَرَتِ الأَنْهَارُ وَاخْضَرَّتِ الأَرْضُ.",
)
_UNSEEN = (
    "رَجَعَ التَّاجِرُ مِنْ سَفَرِهِ وَمَعَهُ هَدَايَا لِأَهْلِهِ وَجِيرَانِهِ.",
    "يُحِبُّ الأَطْفَالُ اللَّعِبَ فِي الحَدِيقَةِ بَعْدَ العَصْرِ.",
    "سُئِلَ القَاضِي عَنِ المَسْأَلَةِ فَقَالَ: لَا أَدْرِي، ثُمَّ نَظَرَ فِي الكُتُبِ حَتَّى وَجَدَ الجَوَابَ.",
    "البَحْرُ هَادِئٌ وَالسَّمَاءُ صَافِيَةٌ",
    "اتَّفَقَ المُهَنْدِسُونَ عَلَى بِنَاءِ جِسْرٍ جَدِيدٍ فَوْقَ الوَادِي، طُولُهُ ٣٠٠ مِتْرٍ.",
    "عَلَمٌ",
)


def round_to_int8(network: Network, tokenizer: TextTokenizer, max_positions: int) -> None:
    """Give a network's blocks int8 layers (`harakat.model.layers.int8_linear`), unless that moves its vectors too far.

    Six sentences, with marks and without, show which inputs are large; six others are encoded before and after.

    Args:
        network: float32, on the CPU, of plain layers; not to be used further where an error is raised.
        tokenizer: The checkpoint's.
        max_positions: Longest sequence in tokens.

    Raises:
        DeviceError: This processor or build of torch cannot.
        CheckpointError: Mean cosine to the float32 vectors under `LEAST_COSINE`.
    """
    import torch

    from harakat.model.layers.int8_linear import int8_obstacle, quantise_linears

    obstacle = int8_obstacle()
    if obstacle:
        raise DeviceError(f"dtype='int8' {obstacle}; use 'float32' or 'bfloat16'")
    engine = Engine(network, tokenizer.prefix, tokenizer.suffix, torch.device("cpu"), None)
    budget = max_positions - engine.specials
    seen, unseen = (_windows(tokenizer, texts, budget) for texts in (_SEEN, _UNSEEN))
    exact = engine.pooled(unseen)
    module: Any = network
    quantise_linears(module, lambda: engine.pooled(seen))
    cosine = float(_cosines(exact, engine.pooled(unseen)).mean())
    if not cosine >= LEAST_COSINE:
        raise CheckpointError(
            f"dtype='int8': with this checkpoint vectors keep a mean cosine of {cosine:.4f} to those of float32, and "
            f"{LEAST_COSINE} is the least that is offered; use 'float32' or 'bfloat16'"
        )


def _windows(tokenizer: TextTokenizer, texts: Sequence[str], budget: int) -> list[Window]:
    both = [*texts, *map(strip_marks, texts)]
    return plan_windows(tokenizer.tokenize(both), budget, "warn")


def _cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Row by row; NaN where one of them is zero or not finite."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: NDArray[np.float64] = (x * y).sum(1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))
    return result
