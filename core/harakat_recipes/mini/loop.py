"""The training run: preparation once, then steps with checkpoints, metrics and exact resume."""

from __future__ import annotations

import json
import math
import pickle
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harakat._support.files import write_whole
from harakat.arabic.marks import codes as markcodes
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.model.families.mini_network import MarkedBert
from harakat_recipes.mini import targets, teacher, texts
from harakat_recipes.mini.dictionary import with_dictionary
from harakat_recipes.mini.examples import phrases
from harakat_recipes.mini.glosses import Glosses, save_vectors
from harakat_recipes.mini.head import collect, fit
from harakat_recipes.mini.mixture import Mixture
from harakat_recipes.mini.prefix import even, shorten
from harakat_recipes.mini.settings import Settings
from harakat_recipes.mini.targets import Axes, Phrases
from harakat_recipes.mini.words import Words

__all__ = ["blended", "build_start", "prepare_work", "train"]


def _attested(folder: Path) -> dict[str, list[tuple[int, ...]]]:
    """Return the marked forms of the fully marked prose seen three times and more, the commonest first."""
    counts: dict[tuple[str, tuple[int, ...]], int] = defaultdict(int)
    words: dict[str, int] = defaultdict(int)
    for text in texts.prose(folder, dev=False):
        for word in text.split():
            words[word] += 1
    for word, count in words.items():
        base, classes = markcodes.separate(word)
        while base and not base[-1].isalpha():
            base, classes = base[:-1], classes[:-1]
        if len(base) > 1 and sum(1 for c in classes[:-1] if c) * 2 >= len(base) - 1:
            counts[base, (*classes[:-1], 8 if 8 <= classes[-1] < 15 else 0)] += count
    found: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for (base, form), count in sorted(counts.items(), key=lambda item: -item[1]):
        if count >= 3:
            found[base].append(form)
    return dict(found)


def build_start(settings: Settings) -> tuple[MarkedBert, PieceTokenizer]:
    """Return the teacher as a `MarkedBert`, and its tokenizer."""
    source = teacher.read_source(teacher.source_path())
    kept = teacher.wanted_pieces(source)
    config, state = teacher.starting_state(source, kept)
    network = MarkedBert(config)
    network.load_state_dict(state)
    return network, PieceTokenizer(teacher.bare_tokenizer(source, kept))


def prepare_work(folder: Path, work: Path, settings: Settings) -> None:
    """Compute axes and the teacher's vectors of all phrases into `work`, unless they are there already."""
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(settings.threads)
    if not (work / "attested.pkl").is_file():
        (work / "attested.pkl").write_bytes(pickle.dumps(_attested(folder)))
    if settings.glosses and not (work / "glosses.npz").is_file():
        save_vectors(folder, work / "glosses.npz")
    if (work / "phrases.npz").is_file():
        return
    network, tokenizer = build_start(settings)
    items = phrases(folder, settings.phrase_count, settings.seed, settings.scenes, settings.told, settings.paragraphs)
    sample = [text for text, _ in items[:5000]]
    vectors = targets.teach(network, tokenizer, sample, settings.prompts, longest=settings.longest)
    axes = targets.find_axes(vectors, settings.alpha, settings.centre)
    alpha = settings.alpha if settings.scene_alpha is None else settings.scene_alpha
    everyday = targets.find_axes(
        vectors, alpha, settings.centre if settings.scene_centre is None else settings.scene_centre
    )
    norm = targets.pooled_norm(network, tokenizer, sample[:300])
    np.savez(work / "axes.npz", mean=axes.mean, matrix=axes.matrix, norm=norm)
    started = time.time()
    found = targets.phrase_targets(
        network, tokenizer, items, axes, everyday, settings.prompts, longest=settings.longest
    )
    found.save(work / "phrases.npz")
    count = sum(len(s.ids) for s in found.sequences)
    print(f"{len(items)} phrases, {count} tokens, {time.time() - started:.0f} s", flush=True)  # noqa: T201


def _load_axes(work: Path) -> tuple[Axes, float]:
    with np.load(work / "axes.npz") as found:
        return Axes(found["mean"], found["matrix"]), float(found["norm"])


def _groups(network: MarkedBert, settings: Settings) -> list[dict[str, Any]]:
    """Parameter groups: lower layers slower, marks faster, no weight decay on vectors."""
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
    warm = max(1, min(60, steps // 10))
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def train(folder: Path, cache: Path, work: Path, out: Path, settings: Settings) -> None:
    """Train one round; a run that was stopped goes on from its last checkpoint to the very same model.

    Args:
        folder: The data folder.
        cache: What `prepare_work` wrote.
        work: For ``metrics.jsonl`` (every 20 steps), the checkpoint ``last.pt`` and, at the end, the network alone in
            ``finished.pt``, from which a further round starts: blended, and before `dictionary`, `head` and `prefix`.
        out: For the finished model.
        settings: Of this round.
    """
    from harakat_recipes.mini.export import export

    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    network, tokenizer = build_start(settings)
    axes, norm = _load_axes(cache)
    targets.attach_axes(network, axes, norm)
    if settings.layers:
        network = teacher.fresh_network(network.config, settings.layers)
    if settings.start:
        network.load_state_dict(torch.load(settings.start, weights_only=True)["network"])
    first = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    words = Words(folder, pickle.loads((cache / "attested.pkl").read_bytes()), settings.sources, settings.dropped)
    glosses = Glosses(folder, cache / "glosses.npz", axes, settings.dropped) if settings.glosses else None
    mixture = Mixture(folder, Phrases.load(cache / "phrases.npz"), words, tokenizer, settings, glosses)
    groups = _groups(network, settings)
    if settings.short:
        rate = settings.short_rate
        groups.append({"params": [mixture.short], "lr": rate, "peak": rate, "weight_decay": 0.0})
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-8, fused=True)
    chance = random.Random(settings.seed)
    step, last = 0, work / "last.pt"
    if last.is_file():
        saved = torch.load(last, weights_only=False)
        network.load_state_dict(saved["network"])
        mixture.short.data.copy_(saved["short"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
        chance.setstate(saved["chance"])
        mixture.bank.restore(saved["bank"])
    network.train()
    sums: dict[str, float] = defaultdict(float)
    started = time.time()
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
        for name, (_, loss) in losses.items():
            sums[name] += float(loss.detach())
            sums[name + "#"] += 1
        sums["tokens"] += tokens
        if step % 20 == 0:
            seconds = time.time() - started
            line = {name: round(sums[name] / sums[name + "#"], 4) for name in sums if name + "#" in sums}
            line |= {
                "step": step,
                "tokens_per_s": round(sums["tokens"] / seconds),
                "s_per_step": round(seconds / 20, 2),
            }
            with (work / "metrics.jsonl").open("a") as file:
                file.write(json.dumps(line) + "\n")
            sums.clear()
            started = time.time()
        if step % settings.save_every == 0 or step == settings.steps:
            state = {
                "network": network.state_dict(),
                "short": mixture.short.data,
                "optimiser": optimiser.state_dict(),
                "step": step,
                "chance": chance.getstate(),
                "bank": mixture.bank.state(),
            }
            with write_whole(last) as file:
                torch.save(state, file)
    network.load_state_dict(blended(network.state_dict(), first, settings.blend))
    if settings.mark_gains:
        network.mark_gain.data[: len(settings.mark_gains)] = torch.tensor(settings.mark_gains)
    torch.save({"network": network.state_dict()}, work / "finished.pt")
    dims = sorted({*settings.dims, *settings.short}, reverse=True)
    if settings.dictionary:
        network = with_dictionary(network.eval(), folder, mixture, settings.dictionary)
    if settings.head:
        collected = collect(network.eval(), mixture, settings.head)
        fit(network.projection, collected, dims, settings.head)
        if settings.prefix:
            shorten(network.projection, collected, settings.prefix, mixture.short.data if settings.short else None)
            if settings.prefix.evenness:
                even(network.projection, collected, dims, settings.prefix.evenness)
    export(network, tokenizer, out, dims)


def blended(trained: dict[str, Tensor], first: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return `trained` with a `share` of the weights before training mixed in; what was all zeros then stays whole.

    The mean of the weights before and after a round does better than either (Wortsman et al. 2022, "Model soups").
    """
    return {
        name: torch.lerp(tensor, first[name], share) if bool(first[name].any()) else tensor
        for name, tensor in trained.items()
    }
