"""A checkpoint that is ready to run: its files, config, tokenizer and network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harakat.arabic.tokenizers.tokens import TextTokenizer
from harakat.errors import CheckpointError
from harakat.model.checkpoints.config import CheckpointConfig
from harakat.model.checkpoints.network import WeightFiles
from harakat.model.families.family import Family, Network
from harakat.runtime.engine import Engine
from harakat.runtime.prefetch import Prefetcher

__all__ = ["Checkpoint", "FileState", "file_state"]

FileState = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is ready to run; `Encoder.checkpoint` of an encoder.

    Attributes:
        name: Short name, hub id, or folder name.
        revision: The commit of a hub model; None for local files.
        folder: The folder of its files.
        reopen_as: The name that finds the same model again from anywhere: a short name, a hub id, or an absolute
            folder.
        config: Content of its config files.
        dims: Trained Matryoshka dims, largest first.
        tokenizer: Texts to ids.
        spelling: Spelling in use, ``"as-is"`` or ``"imlai"``.
        segmentation: ``"on"`` where clitics are split off, else ``"off"``.
        engine: The network on its device, fed with windows of tokens.
        prefetcher: The tokenizer at work ahead of the engine.
        dtype: Numbers of the computation, such as ``"float32"``.
        weights: The weight files.
        state: State of the folder's files when they were read.
    """

    name: str
    revision: str | None
    folder: Path
    reopen_as: str
    config: CheckpointConfig
    dims: tuple[int, ...]
    tokenizer: TextTokenizer
    spelling: str
    segmentation: str
    engine: Engine
    prefetcher: Prefetcher
    dtype: str
    weights: WeightFiles
    state: FileState

    @property
    def family(self) -> Family:
        """The family of its network, with its capabilities."""
        return self.config.family

    @property
    def network(self) -> Network:
        """The network, on the device of the engine."""
        return self.engine.network

    def is_current(self) -> bool:
        """Return True while the files are those that were read. Files that are gone count as unchanged."""
        return file_state(self.folder) in (self.state, ())

    def weights_digest(self) -> str:
        """Compute SHA-256 of the weight files, once for each state of the files.

        Raises:
            CheckpointError: The files were replaced before anybody asked, so what was read is no longer known.
        """
        return _digest(self.folder, self.weights, self.state)


def file_state(folder: Path) -> FileState:
    """Read name, size in bytes, and time of change in nanoseconds of each file that decides a vector."""
    files = sorted((*folder.glob("*.json"), *folder.glob("*.safetensors")))
    # A link to nowhere is no file; whoever reads it says so.
    return tuple((p.name, stat.st_size, stat.st_mtime_ns) for p in files if p.exists() for stat in [p.stat()])


@lru_cache(maxsize=64)
def _digest(folder: Path, weights: WeightFiles, state: FileState) -> str:
    if file_state(folder) != state:
        raise CheckpointError(f"{folder}: its files have changed since they were loaded; make the encoder again")
    return weights.digest()
