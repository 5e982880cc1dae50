"""`harakat encode`: texts to vectors, into a file or onto standard output."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from numpy.typing import NDArray

from harakat._support.files import file_errors, write_whole
from harakat.errors import OptionError
from harakat.runtime.output import file_kind
from harakat_cli import console
from harakat_cli.options import encoder_options, given
from harakat_cli.records import Fields, open_file, read_stdin

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["encode"]

OUTPUTS = ("npy", "parquet", "jsonl")
ROLES = ("none", "query", "document")


@encoder_options()
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
        typer.Option("--output", "-o", help="A .npy, .parquet or .jsonl file, or '-'.", show_default="standard output"),
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="npy, parquet or jsonl.", show_default="by the output's suffix, else jsonl")
    ] = None,
    text_field: Annotated[str | None, typer.Option(help="Field or column with the text.", show_default="text")] = None,
    format: Annotated[
        str | None, typer.Option(help="Format of the input: txt, csv, tsv or jsonl.", show_default="by its suffix")
    ] = None,
    role: Annotated[
        str, typer.Option(help="'query' or 'document' puts the model's prompt for that before each text.")
    ] = "none",
    precision: Annotated[str | None, typer.Option(help="float32, int8 or binary.", show_default="float32")] = None,
    *,
    options: dict[str, Any],
) -> None:
    r"""Turn texts into vectors: float32, unit length, in the order of the texts.

    The n-th row belongs to the n-th line (or record) of the input, empty lines included. A .jsonl output holds
    {"text": ..., "embedding": [...]} a line, a .parquet output the columns text and embedding, a .npy output the
    array (texts, dim); memory stays bounded, and the file appears under its name only when it is whole.

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
        from harakat import Encoder

        encoder = Encoder(**options, **given(precision=precision))
        prompt = {"none": "", "query": encoder.query_prompt, "document": encoder.document_prompt}[role]
        with console.progress("encoding", total, "texts") if output not in (None, "-") else _silent() as advance:
            written = _write(encoder, source, prompt, output, kind, advance)
    if output not in (None, "-"):
        width = encoder.encode([]).shape[1]
        console.note(f"{written:,} vectors of {width} values in {output}")


@contextmanager
def _silent() -> Iterator[Any]:
    yield lambda steps: None


def _output_kind(output: str | None, to: str | None) -> str:
    suffix = Path(output).suffix.lower().lstrip(".") if output not in (None, "-") else ""
    kind = to or suffix or "jsonl"
    if kind not in OUTPUTS:
        choices = f"{', '.join(OUTPUTS[:-1])} or {OUTPUTS[-1]}"
        raise OptionError(f"{output or '--to'}: {kind!r} is no output format; choose {choices} with --to")
    if kind != "jsonl":
        if output in (None, "-") and console.on_terminal():
            raise OptionError(f"{kind} is binary and standard output is a terminal; give --output FILE.{kind}")
        file_kind(Path(str(output)), kind)  # whether it can be written at all
    return kind


@contextmanager
def _texts(
    arguments: list[str] | None, name: str | None, kind: str | None, fields: Fields
) -> Iterator[tuple[Iterable[str], int | None]]:
    if arguments:
        yield arguments, len(arguments)
    elif name in (None, "-"):
        if name is None and sys.stdin is not None and sys.stdin.isatty():
            raise OptionError("no texts: give them as arguments, name a file with --input, or pipe one in")
        with read_stdin(kind or (None if fields.text else "txt"), fields) as source:
            yield source.texts(), None
    else:
        yield open_file(Path(str(name)), kind, fields).texts(), None


def _write(
    encoder: Encoder,
    texts: Iterable[str],
    prompt: str,
    output: str | None,
    kind: str,
    advance: Callable[[int], None],
) -> int:
    if kind != "jsonl" and output not in (None, "-"):
        return _save(encoder, texts, prompt, Path(str(output)), kind, advance)
    if kind != "jsonl":
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"vectors.{kind}"
            count = _save(encoder, texts, prompt, file, kind, advance)
            with file.open("rb") as written:
                while block := written.read(1 << 20):
                    console.data_bytes(block)
            return count
    waiting: deque[str] = deque()

    def remembered() -> Iterator[str]:
        for text in texts:
            waiting.append(text)
            yield text

    rows = encoder.encode_stream(remembered(), prompt=prompt, show_progress=advance)
    lines = (_json_line(waiting.popleft(), row) for row in rows)
    count = 0
    if output in (None, "-"):
        for count, line in enumerate(lines, 1):  # noqa: B007  counted after the loop
            console.data_bytes(line)
        return count
    path = Path(str(output))
    with write_whole(path) as target:
        for count, line in enumerate(lines, 1):  # noqa: B007
            with file_errors(path):
                target.write(line)
    return count


def _save(
    encoder: Encoder, texts: Iterable[str], prompt: str, path: Path, kind: str, advance: Callable[[int], None]
) -> int:
    return encoder.encode_to(
        path,
        texts,
        kind=kind,  # type: ignore[arg-type]
        keep_texts=kind == "parquet",
        prompt=prompt,
        show_progress=advance,
    )


def _json_line(text: str, row: NDArray[Any]) -> bytes:
    # Nine significant digits name a float32 exactly.
    numbers = ",".join(f"{value:.9g}" for value in row.tolist())
    return f'{{"text": {json.dumps(text, ensure_ascii=False)}, "embedding": [{numbers}]}}\n'.encode()
