"""Training steps: the library's trainer, with arguments, losses and metrics by the settings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat.errors import OptionError
from harakat.training.config import Recipe
from harakat.training.schedule import Schedule

if TYPE_CHECKING:
    from harakat.training.checkpoints import PlainTrainer
    from harakat.training.trainable import Trainable

__all__ = [
    "CHECKPOINTS",
    "METRICS",
    "run_trainer",
    "sentence_arguments",
    "sentence_trainer",
    "trainer_arguments",
]

METRICS, CHECKPOINTS = "metrics.jsonl", "checkpoints"


def run_trainer(
    schedule: Schedule,
    folder: Path,
    arguments: Any,
    first: dict[str, Any],
    make: Callable[[Any], PlainTrainer],
    show_progress: bool | None,
    on_log: Callable[[dict[str, Any]], None] | None,
    passes: float = 1.0,
) -> tuple[int, int | None]:
    """Train to the end, from the last checkpoint where there is one.

    Args:
        schedule: The run's settings.
        folder: The run's folder.
        arguments: See `trainer_arguments`.
        first: Facts of the run, for the first line of the metrics.
        make: Function from the callback that writes the metrics to the trainer.
        show_progress: Show a bar; None shows one on a terminal.
        on_log: Called with every line of the metrics.
        passes: Number of passes over the data that the trainer counts as one.

    Returns:
        The number of steps in all, and the step that it went on from.
    """
    from transformers import PrinterCallback

    from harakat.training.checkpoints import latest_checkpoint
    from harakat.training.metrics import Metrics

    found = latest_checkpoint(folder / CHECKPOINTS)
    first = {**first, "device": str(arguments.device), "processes": arguments.world_size}
    resumed = found[1] if found else None
    metrics = Metrics(folder / METRICS, first, resumed, schedule.batch_size, show_progress, on_log, passes)
    trainer = make(metrics)
    trainer.remove_callback(PrinterCallback)
    if found and _is_last(found[0]):
        trainer.load_weights(found[0])
        return found[1], resumed
    try:
        trainer.train(resume_from_checkpoint=str(found[0]) if found else None)
    finally:
        metrics.close()
    return int(trainer.state.global_step), resumed


def sentence_trainer(recipe: Recipe, trainable: Trainable, arguments: Any, datasets: Any, metrics: Any) -> PlainTrainer:
    """Make sentence-transformers' trainer with the losses of a recipe."""
    from harakat.training.checkpoints import CheckpointedTrainer

    return CheckpointedTrainer(
        keep=recipe.keep,
        model=trainable.model,
        args=arguments,
        train_dataset=datasets,
        loss=_loss(recipe, trainable, arguments.world_size),
        callbacks=[metrics],
    )


def trainer_arguments(recipe: Schedule, folder: Path, precision: str, **more: Any) -> Any:
    """Translate a schedule to sentence-transformers' arguments, and find the processes that a launcher has started.

    Args:
        recipe: The schedule.
        folder: The run's folder.
        precision: ``"float32"`` or ``"bfloat16"``.
        **more: Further arguments, by the library's names.

    Raises:
        OptionError: The batch cannot be shared evenly.
    """
    import torch
    from sentence_transformers import SentenceTransformerTrainingArguments

    cpu = recipe.device == "cpu"
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if recipe.batch_size % world:
        raise OptionError(
            f"batch_size={recipe.batch_size} is shared by {world} processes and does not divide; take a multiple"
        )
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(folder / CHECKPOINTS),
        per_device_train_batch_size=recipe.batch_size,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        learning_rate=recipe.lr,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup,
        optim="adamw_torch",
        adam_beta1=recipe.betas[0],
        adam_beta2=recipe.betas[1],
        adam_epsilon=recipe.eps,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip,
        bf16=precision == "bfloat16",
        seed=recipe.seed,
        data_seed=recipe.seed,
        dataloader_num_workers=recipe.workers,
        dataloader_pin_memory=not cpu and torch.cuda.is_available(),
        dataloader_drop_last=world > 1,
        logging_strategy="steps",
        logging_steps=recipe.log_every,
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=recipe.save_every,
        # Processes share the very batches that one process would see, whose rows are all different.
        accelerator_config={"split_batches": True},
        report_to="none",
        disable_tqdm=True,
        use_cpu=cpu,
        **more,
    )
    if arguments.world_size == 1:
        # Several GPUs without a launcher would become threads of one process (DataParallel), another loss altogether.
        arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


def sentence_arguments(recipe: Recipe, folder: Path, precision: str) -> Any:
    """Translate a recipe to sentence-transformers' arguments, as `trainer_arguments`, with the sampling of its data."""
    # Passed only where it is wanted: newer releases of transformers call it by another name.
    rare: dict[str, Any] = {"gradient_checkpointing": True} if recipe.gradient_checkpointing else {}
    return trainer_arguments(
        recipe,
        folder,
        precision,
        batch_sampler="no_duplicates",
        multi_dataset_batch_sampler="round_robin" if recipe.mixing == "round_robin" else "proportional",
        **rare,
    )


def _is_last(checkpoint: Path) -> bool:
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    return bool(state["global_step"] >= state["max_steps"])


def _loss(recipe: Recipe, trainable: Trainable, world_size: int) -> Any:
    from sentence_transformers.sentence_transformer.losses import (
        CachedMultipleNegativesRankingLoss,
        MatryoshkaLoss,
        MultipleNegativesRankingLoss,
    )

    # The negatives are the rest of the batch, on however many devices it lies.
    gather = world_size > 1
    inner: Any
    if recipe.mini_batch_size is None:
        inner = MultipleNegativesRankingLoss(trainable.model, scale=recipe.scale, gather_across_devices=gather)
    else:
        size = max(1, recipe.mini_batch_size // world_size)
        inner = CachedMultipleNegativesRankingLoss(
            trainable.model, scale=recipe.scale, mini_batch_size=size, gather_across_devices=gather
        )
    return MatryoshkaLoss(trainable.model, inner, matryoshka_dims=list(trainable.dims))
