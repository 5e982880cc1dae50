"""Trainers, transformers' and sentence-transformers' own, with checkpoints that a kill cannot spoil."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformerTrainer
from transformers import Trainer

__all__ = ["CheckpointedTrainer", "PlainTrainer", "latest_checkpoint"]

_FOLDER = re.compile(r"checkpoint-(\d+)")
_COMPLETE = "complete"
_WEIGHTS = "model.safetensors"


def latest_checkpoint(folder: Path) -> tuple[Path, int] | None:
    """Find the newest checkpoint that was written to its end, and its step; None where there is none."""
    found = [
        (int(match[1]), path)
        for path in folder.glob("checkpoint-*")
        if (match := _FOLDER.fullmatch(path.name)) and (path / _COMPLETE).exists()
    ]
    if not found:
        return None
    step, path = max(found)
    return path, step


class PlainTrainer(Trainer):
    """A trainer of transformers that stores safetensors, and marks checkpoints that every process has written.

    Args:
        keep: Checkpoints to keep.
        **kwargs: As in transformers.
    """

    def __init__(self, *, keep: int, **kwargs: Any) -> None:
        self.keep = keep
        super().__init__(**kwargs)

    def load_weights(self, checkpoint: Path) -> None:
        """Load the weights of a checkpoint."""
        self._load_from_checkpoint(str(checkpoint))

    def _network(self) -> torch.nn.Module:
        assert isinstance(self.model, torch.nn.Module)  # given from the start
        return self.model

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        state = {name: tensor.detach().contiguous() for name, tensor in self._network().state_dict().items()}
        save_file(state, folder / _WEIGHTS)

    def _load_from_checkpoint(self, checkpoint_path: str, model: Any = None) -> None:
        self._network().load_state_dict(load_file(Path(checkpoint_path) / _WEIGHTS))

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
        if self.args.should_save:
            # What a killed run left half-written would otherwise be taken for this one's.
            shutil.rmtree(folder, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            (folder / _COMPLETE).touch()
            self._prune(folder)

    def _prune(self, newest: Path) -> None:
        steps = {int(match[1]): path for path in newest.parent.iterdir() if (match := _FOLDER.fullmatch(path.name))}
        for step in sorted(steps)[: -self.keep]:
            (steps[step] / _COMPLETE).unlink(missing_ok=True)
            shutil.rmtree(steps[step])


class CheckpointedTrainer(PlainTrainer, SentenceTransformerTrainer):
    """A trainer of sentence-transformers with the same checkpoints.

    Args:
        keep: Checkpoints to keep.
        **kwargs: As in sentence-transformers.
    """

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Leave the library's card out: the finished model gets one of ours."""
