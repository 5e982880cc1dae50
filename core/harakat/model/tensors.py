"""Tensors of a safetensors file, read into memory of their own.

The library's readers map the file: whoever writes into it then changes the tensors, and whoever cuts it short ends the
process. Here every tensor is copied once, as it is read, and takes its own size of memory and no more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harakat.errors import CheckpointError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["TensorFile", "all_finite"]

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


class TensorFile:
    """An open safetensors file; a context manager.

    Args:
        path: The file. Its header is checked by the safetensors library: tensors fill the file without gaps or
            overlaps, and no size goes beyond it.

    Attributes:
        path: The file.
        metadata: Free texts of the header.

    Raises:
        CheckpointError: It is missing, damaged or cut short.
    """

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        self.path = path
        try:
            with safe_open(path, "pt") as checked:
                self.metadata: Mapping[str, str] = checked.metadata() or {}
            self._file = path.open("rb", buffering=0)
        except (OSError, SafetensorError) as error:
            raise self._damaged(error) from error
        try:
            length = int.from_bytes(self._file.read(8), "little")
            header = json.loads(self._file.read(length))
            self._entries: dict[str, Any] = {name: entry for name, entry in header.items() if name != "__metadata__"}
            self._start = 8 + length
        except (OSError, ValueError, AttributeError) as error:
            self._file.close()
            raise self._damaged(error) from error

    def __enter__(self) -> TensorFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def names(self) -> list[str]:
        """Names of the tensors."""
        return list(self._entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor, without reading it."""
        return tuple(self._entries[name]["shape"])

    def read(self, name: str) -> Tensor:
        """Read a tensor: on the CPU, in its stored dtype, in memory that nothing else shares.

        Raises:
            CheckpointError: The file ends early, or its dtype is none of the common ones.
        """
        import torch

        entry = self._entries[name]
        if entry["dtype"] not in _DTYPES:
            raise CheckpointError(f"{self.path}: {name!r} is stored as {entry['dtype']}, which is not supported")
        dtype: torch.dtype = getattr(torch, _DTYPES[entry["dtype"]])
        begin, end = entry["data_offsets"]
        stored = torch.empty(end - begin, dtype=torch.uint8)
        view = stored.numpy().data
        try:
            self._file.seek(self._start + begin)
            while len(view):
                read = self._file.readinto(view)
                if not read:
                    raise self._damaged("it ended while it was read")
                view = view[read:]
        except OSError as error:
            raise self._damaged(error) from error
        return stored.view(dtype).reshape(entry["shape"])

    def _damaged(self, error: object) -> CheckpointError:
        try:
            state = f"damaged or cut short ({self.path.stat().st_size:,} bytes)"
        except OSError:
            state = "missing"
        return CheckpointError(f"{self.path} is {state}: {error}; fetch the model again")


def all_finite(tensor: Tensor) -> bool:
    """Return True where a floating-point tensor holds neither NaN nor infinity; takes no memory of its size."""
    import torch

    if tensor.numel() == 0:
        return True
    least, most = torch.aminmax(tensor)  # NaN carries over to both
    return bool(torch.isfinite(least) & torch.isfinite(most))
