"""From an encoder's options to a checkpoint that is ready to run; networks are shared within the process."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat._support.json_files import positive_int
from harakat._support.locks import ForkSafeLock
from harakat.arabic.tokenizers.tokens import TextTokenizer
from harakat.errors import CheckpointError, DeviceError, OptionError
from harakat.model.checkpoints.config import CheckpointConfig, read_config
from harakat.model.checkpoints.names import Located, locate
from harakat.model.checkpoints.network import WeightFiles, load_network, weight_files
from harakat.model.families.family import Network
from harakat.model.layers.attention_choice import choose_attention
from harakat.options import DTYPES, EncoderOptions
from harakat.runtime.checkpoint import Checkpoint, file_state
from harakat.runtime.engine import Engine
from harakat.runtime.prefetch import Prefetcher
from harakat.runtime.resolve import check_options, tokenizer_recipe

if TYPE_CHECKING:
    import torch

__all__ = ["load", "resolve_device", "resolve_dtype"]

_networks: weakref.WeakValueDictionary[tuple[Any, ...], Any] = weakref.WeakValueDictionary()
_networks_lock = ForkSafeLock()


def load(options: EncoderOptions) -> Checkpoint:
    """Load a checkpoint.

    Raises:
        HarakatError: As `harakat.Encoder`, but for what is left to `harakat.runtime.resolve`.
    """
    import torch

    check_options(options)
    device = resolve_device(options.device)
    number = resolve_dtype(options.dtype)
    if number == torch.int8:
        _check_int8(device, options.compile)
    located = locate(options.model, revision=options.revision, cache_dir=options.cache_dir, offline=options.offline)
    folder = located.folder
    state = file_state(folder)
    config = read_config(folder)
    attention = choose_attention(options.attention, device, _floats(number), _head_dim(config))
    recipe = tokenizer_recipe(options, folder, config)
    tokenizer = recipe.open()
    rows = positive_int(config.raw, "vocab_size", folder / "config.json")
    if tokenizer.vocab_size > rows:
        raise CheckpointError(
            f"{folder}: tokenizer.json gives ids up to {tokenizer.vocab_size - 1:,}, but the embedding of "
            f"config.json has {rows:,} rows; the files belong to different models"
        )
    weights = weight_files(folder)
    network = _network(folder, config, weights, device, number, options.compile, tokenizer)
    if file_state(folder) != state:
        raise CheckpointError(f"{folder}: its files changed while they were read; make the encoder again")
    engine = Engine(
        network,
        tokenizer.prefix,
        tokenizer.suffix,
        device,
        options.batch_tokens,
        attention=attention,
        compiled=options.compile,
        one=config.family.one_text(network),
    )
    return Checkpoint(
        name=located.name,
        revision=located.revision,
        folder=folder,
        reopen_as=_reopen_as(located),
        config=config,
        dims=_dims(located, config, network.hidden_size),
        tokenizer=tokenizer,
        spelling=options.spelling or config.spelling,
        segmentation="on" if getattr(tokenizer, "segmentation", False) else "off",
        engine=engine,
        prefetcher=Prefetcher(tokenizer, recipe, options.workers, beside=device.type == "cuda"),
        dtype=str(number).removeprefix("torch."),
        weights=weights,
        state=state,
    )


def _reopen_as(located: Located) -> str:
    if located.known is not None or located.revision is not None:
        return located.name
    return str(located.folder)


def _dims(located: Located, config: CheckpointConfig, hidden: int) -> tuple[int, ...]:
    dims = config.dims or (located.known.dims if located.known else ())
    return tuple(sorted({hidden, *(d for d in dims if d <= hidden)}, reverse=True))


def _head_dim(config: CheckpointConfig) -> int:
    """Return the width of an attention head; 0 where the config does not say, which its reader will refuse."""
    hidden, heads = config.raw.get("hidden_size"), config.raw.get("num_attention_heads")
    return hidden // heads if isinstance(hidden, int) and isinstance(heads, int) and heads > 0 else 0


def _network(
    folder: Path,
    config: CheckpointConfig,
    weights: WeightFiles,
    device: torch.device,
    dtype: torch.dtype,
    compiled: bool,
    tokenizer: TextTokenizer,
) -> Network:
    """Load the network of a folder, once a process for each device and number format."""
    state = tuple((p.stat().st_size, p.stat().st_mtime_ns) for p in (folder / "config.json", *weights.paths))
    rounded = _floats(dtype) != dtype
    # What is rounded how depends a little on the ids that a tokenizer gives to the texts it is tried with.
    key = (str(folder), state, str(device), str(dtype), compiled, tokenizer.identity if rounded else "")
    with _networks_lock:
        network: Network | None = _networks.get(key)
        if network is None:
            network = load_network(folder, config, device=device, dtype=_floats(dtype), weights=weights)
            if rounded:
                _round(network, tokenizer, config)
            if compiled:
                compile_blocks(network)
            elif device.type == "cpu":
                _pack(network)
            _networks[key] = network
        return network


def _floats(number: torch.dtype) -> torch.dtype:
    """Return the number format outside the linear layers."""
    import torch

    return torch.float32 if number == torch.int8 else number


def _check_int8(device: torch.device, compiled: bool) -> None:
    if device.type != "cpu":
        raise OptionError(f"dtype='int8' is for the CPU, and this encoder runs on {device}; use 'bfloat16' there")
    if compiled:
        raise OptionError("compile=True and dtype='int8' exclude each other; int8 layers are not compiled")


def _round(network: Network, tokenizer: TextTokenizer, config: CheckpointConfig) -> None:
    from harakat.runtime.calibration import round_to_int8

    round_to_int8(network, tokenizer, config.max_positions)


def _pack(network: Any) -> None:
    from harakat.model.layers.packed_linear import pack_linears

    pack_linears(network)


def compile_blocks(network: Any) -> None:
    """Compile what lies before and after attention in each block: fused norms, rotary positions and SwiGLU.

    Attention stays outside, so that one compilation serves all blocks, kinds of attention and batches. It happens at
    the first forward pass and takes from seconds to a minute.
    """
    import torch

    for module in network.modules():
        for part in getattr(module, "COMPILED_PARTS", ()):
            setattr(module, part, torch.compile(getattr(module, part), dynamic=True))


def resolve_device(device: str) -> torch.device:
    """Return the device of a name.

    Raises:
        DeviceError: Unknown, or not on this machine.
    """
    import torch

    if device == "auto":
        return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise DeviceError(f"device={device!r} is unknown; choose 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'") from error
    present: dict[str, Callable[[], bool]] = {
        "cpu": lambda: True,
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
    }
    if found.type not in present:
        raise DeviceError(f"device={device!r} is not supported; choose 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'")
    if not present[found.type]():
        raise DeviceError(
            f"device={device!r}, but torch {torch.__version__} sees no {found.type} device here; use 'cpu'"
        )
    if found.type == "cuda":
        count = torch.cuda.device_count()
        if found.index is not None and found.index >= count:
            raise DeviceError(f"device={device!r}, but this machine has {count} CUDA devices, numbered from 0")
        return torch.device("cuda", torch.cuda.current_device() if found.index is None else found.index)
    return found


def resolve_dtype(dtype: str) -> torch.dtype:
    """Return the number format of a name; ``"auto"`` is exact float32.

    Raises:
        OptionError: Unknown.
    """
    import torch

    name = str(dtype).removeprefix("torch.")
    if name == "auto":
        return torch.float32
    if name not in DTYPES:
        raise OptionError(f"dtype={dtype!r} is unknown; choose {', '.join(map(repr, DTYPES))}")
    found: torch.dtype = getattr(torch, name)
    return found
