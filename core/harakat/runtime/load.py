"""From a model's name and options to a tokenizer and an engine, shared within the process."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat.arabic.tokenizers.tokens import TextTokenizer
from harakat.errors import CheckpointError, DeviceError, OptionError
from harakat.model.checkpoints.config import CheckpointConfig, read_config
from harakat.model.checkpoints.names import Located, locate
from harakat.model.checkpoints.network import Network, load_network, weight_files
from harakat.model.families.names import MARKED_BERT
from harakat.model.layers.attention_choice import check_attention, choose_attention
from harakat.runtime.engine import Engine
from harakat.runtime.prefetch import Prefetcher, TokenizerRecipe, check_workers

if TYPE_CHECKING:
    import torch

__all__ = ["Loaded", "load"]

DTYPES = ("float32", "bfloat16", "float16", "int8")

_networks: weakref.WeakValueDictionary[tuple[Any, ...], Any] = weakref.WeakValueDictionary()
_networks_lock = threading.Lock()


FileState = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Loaded:
    """A checkpoint that is ready to run."""

    name: str
    revision: str | None
    folder: Path
    reopen_as: str
    """What finds the same model again from anywhere: a short name, a hub id, or an absolute folder."""
    config: CheckpointConfig
    dims: tuple[int, ...]
    tokenizer: TextTokenizer
    spelling: str
    segmentation: str
    engine: Engine
    prefetcher: Prefetcher
    dtype: str

    state: FileState
    """What the folder's files were when they were read."""

    def is_current(self) -> bool:
        """Whether the files are still those that were read. Files that are gone count as unchanged."""
        return file_state(self.folder) in (self.state, ())

    def weights_digest(self) -> str:
        """SHA-256 of the weight files, computed once for each state of the files.

        Raises:
            CheckpointError: The files were replaced before anybody asked, so what was read is no longer known.
        """
        return _digest(self.folder, self.state)


def file_state(folder: Path) -> FileState:
    """Name, size in bytes, and time of change in nanoseconds of each file that decides a vector."""
    files = sorted((*folder.glob("*.json"), *folder.glob("*.safetensors")))
    return tuple((p.name, stat.st_size, stat.st_mtime_ns) for p in files for stat in [p.stat()])


@lru_cache(maxsize=64)
def _digest(folder: Path, state: FileState) -> str:
    if file_state(folder) != state:
        raise CheckpointError(f"{folder}: its files have changed since they were loaded; make the encoder again")
    return weight_files(folder).digest()


def load(
    model: str | os.PathLike[str],
    *,
    device: str,
    dtype: str,
    revision: str | None,
    spelling: str | None,
    segmentation: bool | None,
    morphology: str | os.PathLike[str] | None,
    batch_tokens: int | None,
    attention: str,
    compile: bool,
    workers: int,
    offline: bool,
    cache_dir: str | os.PathLike[str] | None,
) -> Loaded:
    """Load a checkpoint; see `harakat.Encoder` for the arguments and the errors."""
    import torch

    from harakat.model.families.mini_one_text import one_text

    if spelling not in (None, "as-is", "imlai"):
        raise OptionError(f"spelling={spelling!r} is unknown; choose 'as-is' or 'imlai'")
    if batch_tokens is not None and (isinstance(batch_tokens, bool) or batch_tokens < 1):
        raise OptionError(f"batch_tokens={batch_tokens!r} is not a whole number above 0")
    check_attention(attention)
    check_workers(workers)
    if not isinstance(compile, bool):
        raise OptionError(f"compile={compile!r} is neither True nor False")
    on = resolve_device(device)
    number = resolve_dtype(dtype)
    if number == torch.int8:
        _check_int8(on, compile)
    located = locate(model, revision=revision, cache_dir=cache_dir, offline=offline)
    state = file_state(located.folder)
    config = read_config(located.folder)
    kind = choose_attention(attention, on, _floats(number), _head_dim(config))
    recipe = _recipe(located.folder, config, spelling, segmentation, morphology)
    tokenizer = recipe.open()
    vocabulary = int(config.raw.get("vocab_size", 0))
    if tokenizer.vocab_size > vocabulary:
        raise CheckpointError(
            f"{located.folder}: tokenizer.json gives ids up to {tokenizer.vocab_size - 1:,}, but the embedding of "
            f"config.json has {vocabulary:,} rows; the files belong to different models"
        )
    network = _network(located.folder, config, on, number, compile, tokenizer)
    one = one_text(network)
    engine = Engine(
        network, tokenizer.prefix, tokenizer.suffix, on, batch_tokens, attention=kind, compiled=compile, one=one
    )
    return Loaded(
        name=located.name,
        revision=located.revision,
        folder=located.folder,
        reopen_as=_reopen_as(located),
        config=config,
        dims=_dims(located, config, network.hidden_size),
        tokenizer=tokenizer,
        spelling=recipe.spelling,
        segmentation="on" if getattr(tokenizer, "segmentation", False) else "off",
        engine=engine,
        prefetcher=Prefetcher(tokenizer, recipe, workers, beside=on.type == "cuda"),
        dtype=str(number).removeprefix("torch."),
        state=state,
    )


def _reopen_as(located: Located) -> str:
    if located.known is not None or located.revision is not None:
        return located.name
    return str(located.folder)


def _dims(located: Located, config: CheckpointConfig, hidden: int) -> tuple[int, ...]:
    dims = config.dims or (located.known.dims if located.known else ())
    return tuple(sorted({hidden, *(d for d in dims if d <= hidden)}, reverse=True))


def _recipe(
    folder: Path,
    config: CheckpointConfig,
    spelling: str | None,
    segmentation: bool | None,
    morphology: str | os.PathLike[str] | None,
) -> TokenizerRecipe:
    if config.model_type == MARKED_BERT:
        if spelling not in (None, config.spelling):
            raise OptionError(f"spelling={spelling!r}: {folder.name} reads {config.spelling!r} only")
        if segmentation or morphology:
            raise OptionError(f"segmentation: {folder.name} was trained without clitic segmentation and has none")
    return TokenizerRecipe(
        folder=folder,
        model_type=config.model_type,
        spelling=spelling or config.spelling,
        everyday=config.everyday,
        segmentation=segmentation,
        morphology=None if morphology is None else str(morphology),
    )


def _head_dim(config: CheckpointConfig) -> int:
    """Width of an attention head; 0 where the config does not say, which its reader will refuse."""
    hidden, heads = config.raw.get("hidden_size"), config.raw.get("num_attention_heads")
    return hidden // heads if isinstance(hidden, int) and isinstance(heads, int) and heads > 0 else 0


def _network(
    folder: Path,
    config: CheckpointConfig,
    device: torch.device,
    dtype: torch.dtype,
    compiled: bool,
    tokenizer: TextTokenizer,
) -> Network:
    """The network of a folder, loaded once a process for each device and number format."""
    files = [folder / "config.json", *weight_files(folder).paths]
    state = tuple((p.stat().st_size, p.stat().st_mtime_ns) for p in files)
    rounded = _floats(dtype) != dtype
    # What is rounded how depends a little on the ids that a tokenizer gives to the texts it is tried with.
    key = (str(folder), state, str(device), str(dtype), compiled, tokenizer.identity if rounded else "")
    with _networks_lock:
        network: Network | None = _networks.get(key)
        if network is None:
            network = load_network(folder, config, device=device, dtype=_floats(dtype))
            if rounded:
                _round(network, tokenizer, config)
            if compiled:
                compile_blocks(network)
            elif device.type == "cpu":
                _pack(network)
            _networks[key] = network
        return network


def _floats(number: torch.dtype) -> torch.dtype:
    """The number format outside the linear layers."""
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
    """The device of a name.

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
    """The number format of a name; ``"auto"`` is exact float32.

    Raises:
        OptionError: Unknown.
    """
    import torch

    name = str(dtype).removeprefix("torch.")
    if name == "auto":
        return torch.float32
    if name not in DTYPES:
        raise OptionError(f"dtype={dtype!r} is unknown; choose 'auto', {', '.join(map(repr, DTYPES))}")
    found: torch.dtype = getattr(torch, name)
    return found
