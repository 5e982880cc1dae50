"""What an encoder's options may be, given its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harakat._support.checks import check_one_of, is_whole
from harakat.errors import DimError, OptionError
from harakat.runtime.batching import OVERFLOW, Overflow
from harakat.runtime.load import Loaded

__all__ = ["check_dim", "check_max_length", "check_overflow", "choose_prompt"]


def check_dim(loaded: Loaded, dim: int | None, *, allow_untrained: bool) -> int:
    """The Matryoshka dim: `dim`, or the checkpoint's own where None.

    Raises:
        DimError: More than the checkpoint gives, less than 1, or not trained and not allowed.
    """
    full = loaded.dims[0]
    if dim is None:
        return loaded.config.dim or full
    trained = ", ".join(map(str, loaded.dims))
    if isinstance(dim, bool) or not isinstance(dim, int | np.integer) or not 1 <= dim <= full:
        raise DimError(f"dim={dim!r}: {loaded.name} gives 1 to {full} values; trained dims: {trained}")
    if dim not in (*loaded.dims, loaded.config.dim) and not allow_untrained:
        raise DimError(
            f"dim={dim}: {loaded.name} was trained for {trained}; at another size similarities are worse. Choose one "
            f"of these, or pass allow_untrained_dim=True"
        )
    return int(dim)


def check_max_length(loaded: Loaded, max_length: int | None) -> int:
    """Longest sequence in tokens: `max_length`, or the checkpoint's own where None.

    Raises:
        OptionError: More than the checkpoint has positions for, or no room for a token beside the special ones.
    """
    if max_length is None:
        return loaded.config.max_length
    most, least = loaded.config.max_positions, loaded.engine.specials + 1
    if not is_whole(max_length, least, most):
        raise OptionError(f"max_length={max_length!r}: {loaded.name} takes {least} to {most} tokens")
    return max_length


def check_overflow(overflow: str) -> Overflow:
    """The policy for texts that are too long.

    Raises:
        OptionError: No such policy.
    """
    check_one_of("overflow", overflow, OVERFLOW)
    return overflow  # type: ignore[return-value]


def choose_prompt(given: str | None, prompts: Mapping[str, Any], *names: str) -> str:
    """The prompt: as `given`, or the first of the checkpoint's own under one of `names`, or none.

    Raises:
        OptionError: `given` is no str.
    """
    if given is not None:
        if not isinstance(given, str):
            raise OptionError(f"a prompt is a str, not {given!r}")
        return given
    return next((str(prompts[name]) for name in names if name in prompts), "")
