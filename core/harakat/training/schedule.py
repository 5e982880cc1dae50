"""Schedule of every training run: steps, rates, number format, seed, checkpoints."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from harakat._support.setting_checks import check_number, check_one_of, check_whole
from harakat.training.checks import check_betas

__all__ = ["Schedule"]

PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Settings of every training run.

    Attributes:
        batch_size: Number of rows in a step, over all processes together.
        lr: Peak learning rate.
        betas: Decay rates of AdamW.
        eps: Epsilon of AdamW.
        weight_decay: Weight decay of AdamW.
        warmup: Share of the steps in which the rate rises; a cosine takes it to zero after that.
        clip: Largest norm of the gradient.
        epochs: Number of passes over the data.
        max_steps: Number of steps, instead of epochs.
        precision: ``"auto"`` is bfloat16 autocast on a CUDA device that has it and float32 elsewhere.
        seed: Seed of everything drawn at random.
        device: ``"auto"`` or ``"cpu"``.
        workers: Number of processes that tokenise ahead; 0 tokenises between steps.
        log_every: Number of steps between lines of the metrics.
        save_every: Number of steps between checkpoints.
        keep: Number of checkpoints to keep.
    """

    batch_size: int = 64
    lr: float = 1e-5
    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0
    epochs: float = 1.0
    max_steps: int | None = None
    precision: str = "auto"
    seed: int = 0
    device: str = "auto"
    workers: int = 0
    log_every: int = 10
    save_every: int = 500
    keep: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Return every field, as JSON holds it."""
        result: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return result

    def check_schedule(self, where: str) -> None:
        """Refuse impossible values.

        Args:
            where: Name of the settings in messages.

        Raises:
            OptionError: Names the field and its value.
        """
        for name in ("batch_size", "log_every", "save_every", "keep"):
            check_whole(where, name, getattr(self, name), least=1)
        for name in ("seed", "workers"):
            check_whole(where, name, getattr(self, name), least=0)
        if self.max_steps is not None:
            check_whole(where, "max_steps", self.max_steps, least=1)
        for name in ("lr", "eps", "clip", "epochs"):
            check_number(where, name, getattr(self, name), above=0.0)
        check_number(where, "weight_decay", self.weight_decay, least=0.0)
        check_number(where, "warmup", self.warmup, least=0.0, below=1.0)
        object.__setattr__(self, "betas", check_betas(where, self.betas))
        check_one_of(where, "precision", self.precision, PRECISIONS)
        check_one_of(where, "device", self.device, ("auto", "cpu"))
