"""`harakat encode`: texts to vectors, into a file or onto standard output."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
import typer
from numpy.typing import NDArray

from harakat.errors import OptionError, StoreError
from harakat_cli import console
from harakat_cli.options import (
    CacheDir,
    Device,
    Dim,
    Dtype,
    Model,
    Offline,
    Overflow,
    Revision,
    Spelling,
    make_encoder,
)
from harakat_cli.records import Fields, open_file, read_stdin

__all__ = ["encode"]

OUTPUTS = ("npy", "jsonl")
ROLES = ("none", "query", "document")


def encode(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts; none reads --input or standard input.", show_default=False)
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(
            "--input", "-i", help="A .txt (a text a line), .csv, .tsv or .jsonl file, or '-'.", show_default=False
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="A .npy or .jsonl file, or '-'.", show_default="standard output"),
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="npy or jsonl.", show_default="by the output's suffix, else jsonl")
    ] = None,
    text_field: Annotated[str | None, typer.Option(help="Field or column with the text.", show_default="text")] = None,
    format: Annotated[
        str | None, typer.Option(help="Format of the input: txt, csv, tsv or jsonl.", show_default="by its suffix")
    ] = None,
    role: Annotated[
        str, typer.Option(help="'query' or 'document' puts the model's prompt for that before each text.")
    ] = "none",
    precision: Annotated[str | None, typer.Option(help="float32, int8 or binary.", show_default="float32")] = None,
    model: Model = None,
    dim: Dim = None,
    revision: Revision = None,
    spelling: Spelling = None,
    overflow: Overflow = None,
    device: Device = None,
    dtype: Dtype = None,
    offline: Offline = False,
    cache_dir: CacheDir = None,
) -> None:
    r"""Turn texts into vectors: float32, unit length, in the order of the texts.

    The n-th row belongs to the n-th line (or record) of the input, empty lines included. A .jsonl output holds
    {"text": ..., "embedding": [...]} a line, a .npy output the array (texts, dim); memory stays bounded, and the file
    appears under its name only when it is whole.

    [bold]Examples[/bold]

      harakat encode "عِلْم" "عَلَم"

      harakat encode -i poems.txt -o poems.npy --dim 128

      harakat encode -i hadith.jsonl --text-field matn --role document -o hadith.npy
    """
    if role not in ROLES:
        raise OptionError(f"--role {role!r} is unknown; choose {', '.join(ROLES)}")
    if texts and input is not None:
        raise OptionError("texts were given both as arguments and with --input; choose one")
    if texts and (text_field or format):
        raise OptionError("--text-field and --format speak of an input file; give --input")
    kind = _output_kind(output, to)
    with _texts(texts, input, format, Fields(text=text_field)) as (source, total):
        encoder = make_encoder(
            model=model,
            dim=dim,
            revision=revision,
            precision=precision,
            spelling=spelling,
            overflow=overflow,
            device=device,
            dtype=dtype,
            offline=offline,
            cache_dir=cache_dir,
        )
        prompt = {"none": "", "query": encoder.query_prompt, "document": encoder.document_prompt}[role]
        waiting: deque[str] = deque()

        def remembered() -> Iterator[str]:
            for text in source:
                waiting.append(text)
                yield text

        rows = encoder.encode_stream(remembered(), prompt=prompt, show_progress=False)
        with console.progress("encoding", total, "texts") if output not in (None, "-") else _silent() as advance:
            pairs = ((waiting.popleft(), row) for row in rows)
            width = encoder.encode([]).shape[1]
            written = _write(_counted(pairs, advance), output, kind, width, _dtype(encoder.precision))
    if output not in (None, "-"):
        console.note(f"{written:,} vectors of {width} values in {output}")


@contextmanager
def _silent() -> Iterator[Any]:
    yield lambda steps: None


def _counted(pairs: Iterable[tuple[str, NDArray[Any]]], advance: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    for pair in pairs:
        yield pair
        advance(1)


def _dtype(precision: str) -> np.dtype[Any]:
    return np.dtype({"float32": "<f4", "int8": "i1", "binary": "u1"}[precision])


def _output_kind(output: str | None, to: str | None) -> str:
    suffix = Path(output).suffix.lower().lstrip(".") if output not in (None, "-") else ""
    kind = to or suffix or "jsonl"
    if kind not in OUTPUTS:
        raise OptionError(f"{output or '--to'}: {kind!r} is no output format; choose {' or '.join(OUTPUTS)} with --to")
    if kind == "npy" and output in (None, "-") and sys.stdout.isatty():
        raise OptionError("a .npy array is binary and standard output is a terminal; give --output FILE.npy")
    return kind


@contextmanager
def _texts(
    arguments: list[str] | None, name: str | None, kind: str | None, fields: Fields
) -> Iterator[tuple[Iterable[str], int | None]]:
    if arguments:
        yield arguments, len(arguments)
    elif name in (None, "-"):
        if name is None and sys.stdin.isatty():
            raise OptionError("no texts: give them as arguments, name a file with --input, or pipe one in")
        with read_stdin(kind or (None if fields.text else "txt"), fields) as source:
            yield source.texts(), None
    else:
        yield open_file(Path(str(name)), kind, fields).texts(), None


def _write(
    pairs: Iterator[tuple[str, NDArray[Any]]], output: str | None, kind: str, width: int, dtype: np.dtype[Any]
) -> int:
    if output in (None, "-"):
        if kind == "jsonl":
            count = 0
            for text, row in pairs:
                console.data_bytes(_json_line(text, row))
                count += 1
            return count
        with tempfile.TemporaryFile() as file:
            count = _write_npy(file, pairs, width, dtype)
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
            sys.stdout.buffer.flush()
            return count
    path = Path(str(output))
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w+b") as file:
            if kind == "npy":
                count = _write_npy(file, pairs, width, dtype)
            else:
                count = 0
                for text, row in pairs:
                    file.write(_json_line(text, row))
                    count += 1
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _json_line(text: str, row: NDArray[Any]) -> bytes:
    # Nine significant digits name a float32 exactly.
    numbers = ",".join(f"{value:.9g}" for value in row.tolist())
    return f'{{"text": {json.dumps(text, ensure_ascii=False)}, "embedding": [{numbers}]}}\n'.encode()


def _write_npy(file: BinaryIO, pairs: Iterator[tuple[str, NDArray[Any]]], width: int, dtype: np.dtype[Any]) -> int:
    """Rows as they come, behind a header that is written again when their number is known."""
    start = _write_header(file, 0, width, dtype)
    count = 0
    for _, row in pairs:
        file.write(np.ascontiguousarray(row, dtype=dtype).tobytes())
        count += 1
    file.seek(0)
    # The format leaves room for a growing first axis, so the second header is as long as the first.
    if _write_header(file, count, width, dtype) != start:
        raise StoreError(f"the header of the .npy file does not hold {count:,} rows")
    file.seek(0, os.SEEK_END)
    return count


def _write_header(file: BinaryIO, rows: int, width: int, dtype: np.dtype[Any]) -> int:
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (rows, width)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.tell()
