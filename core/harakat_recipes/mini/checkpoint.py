"""Checkpoints of a round, as safetensors: everything that an exact resumption needs."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from harakat.errors import OptionError
from harakat.model.families.mini_network import MarkedBert
from harakat_recipes.mini.bank import Bank
from harakat_recipes.mini.cache import write_whole

__all__ = ["load_checkpoint", "load_network", "save_checkpoint", "save_network"]

_NETWORK, _OPTIMISER, _BANK, _STATE = "network.", "optimiser.", "bank.", "state"
Facts = dict[str, Any]


def save_network(path: Path, network: MarkedBert) -> None:
    """Write the weights of a network to `path`."""
    content = save({name: tensor.contiguous() for name, tensor in network.state_dict().items()})
    write_whole(path, lambda file: file.write(content))


def load_network(path: Path, network: MarkedBert) -> None:
    """Read into a network the weights that `save_network` wrote."""
    network.load_state_dict(load_file(path))


def save_checkpoint(
    path: Path,
    facts: Facts,
    step: int,
    network: MarkedBert,
    optimiser: torch.optim.Optimizer,
    chance: random.Random,
    bank: Bank,
) -> None:
    """Write the state of a run to `path`.

    Args:
        path: File; it is replaced at once.
        facts: Everything that must be the same for a resumption to give the same weights, whatever JSON can hold.
        step: Number of steps done.
        network: Network in training.
        optimiser: Its optimiser.
        chance: Source of the examples.
        bank: Passages of earlier steps.
    """
    kept, places = bank.state()
    tensors = {_NETWORK + name: tensor for name, tensor in network.state_dict().items()}
    tensors |= {
        f"{_OPTIMISER}{index}.{name}": tensor
        for index, values in optimiser.state_dict()["state"].items()
        for name, tensor in values.items()
    }
    tensors |= {_BANK + kind: tensor for kind, tensor in kept.items()}
    state = {"facts": facts, "step": step, "chance": chance.getstate(), "places": places}
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()}, {_STATE: json.dumps(state)})
    write_whole(path, lambda file: file.write(content))


def load_checkpoint(
    path: Path,
    facts: Facts,
    network: MarkedBert,
    optimiser: torch.optim.Optimizer,
    chance: random.Random,
    bank: Bank,
) -> int:
    """Put back the state that `save_checkpoint` wrote, and return the number of steps done.

    Args:
        path: File.
        facts: Facts of the run that is to go on.
        network: Network to write the weights into.
        optimiser: Optimiser of the same parameters.
        chance: Source of the examples.
        bank: Bank of the same size.

    Raises:
        OptionError: The checkpoint is of a run with other facts; nothing is changed.
    """
    with safe_open(path, "pt") as file:
        state = json.loads((file.metadata() or {}).get(_STATE, "{}"))
    _check_facts(path, state.get("facts", {}), json.loads(json.dumps(facts)))
    parts: dict[str, dict[str, Tensor]] = {_NETWORK: {}, _OPTIMISER: {}, _BANK: {}}
    for name, tensor in load_file(path).items():
        part = next(part for part in parts if name.startswith(part))
        parts[part][name.removeprefix(part)] = tensor.clone()  # off the file, which is soon replaced
    network.load_state_dict(parts[_NETWORK])
    values: dict[int, dict[str, Tensor]] = defaultdict(dict)
    for name, tensor in parts[_OPTIMISER].items():
        index, _, key = name.partition(".")
        values[int(index)][key] = tensor
    optimiser.load_state_dict({"state": dict(values), "param_groups": optimiser.state_dict()["param_groups"]})
    version, numbers, spare = state["chance"]
    chance.setstate((version, tuple(numbers), spare))
    bank.restore(parts[_BANK], state["places"])
    return int(state["step"])


def _check_facts(path: Path, before: Facts, now: Facts) -> None:
    for part in sorted(before.keys() | now.keys()):
        one, other = before.get(part), now.get(part)
        if isinstance(one, dict) and isinstance(other, dict):
            name = next((key for key in sorted(one.keys() | other.keys()) if one.get(key) != other.get(key)), None)
            if name is None:
                continue
            part, one, other = f"{part}.{name}", one.get(name), other.get(name)
        if one != other:
            raise OptionError(
                f"{path} is of a run with {part}={one!r}, and now it is {other!r}: going on would not give the same "
                f"weights. Bring the former back, delete the checkpoint to begin this round anew, or name another "
                f"work folder (--work)"
            )
