"""`harakat models` and `harakat tokens`: what there is, and what a model sees."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from harakat_cli import console
from harakat_cli.options import Json, encoder_options

__all__ = ["models", "tokens"]


def models(as_json: Json = False) -> None:
    r"""List the models with a short name; asks nothing of the network.

    Any hub id and any local folder with such a checkpoint can be used as well.

    [bold]Examples[/bold]

      harakat models

      harakat models --json
    """
    from harakat import available_models

    found = available_models()
    if as_json:
        console.data(json.dumps([asdict(model) for model in found], ensure_ascii=False))
        return
    rows = [
        (
            model.name,
            "here" if model.local else "not fetched",
            ", ".join(map(str, model.dims)) or "full size only",
            model.licence,
            model.source,
            model.about,
        )
        for model in found
    ]
    if not console.on_terminal():
        console.table(("name", "files", "dims", "licence", "source", "about"), rows)
        return
    for name, files, dims, licence, source, about in rows:
        for line in (f"{name} ({files})", f"    {about}", f"    {source}", f"    dims {dims}; {licence}"):
            console.data(line)


@encoder_options("model", "revision", "spelling", "offline", "cache_dir")
def tokens(
    text: Annotated[str, typer.Argument(help="Any text.", show_default=False)],
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    r"""Show the pieces that a model cuts a text into, their ids, and the marks that they carry.

    A dotted circle stands for a letter without a mark.

    [bold]Examples[/bold]

      harakat tokens "الْعِلْمُ نُورٌ"

      harakat tokens "الْعِلْمُ نُورٌ" --model neoarabert-msa --json
    """
    from harakat import Encoder

    encoder = Encoder(**options)
    pieces = encoder.pieces(text)
    if as_json:
        rows = [{"piece": piece.text, "marks": piece.marks, "id": piece.id} for piece in pieces]
        console.data(json.dumps({"model": encoder.name, "text": text, "tokens": rows}, ensure_ascii=False))
        return
    console.table(("id", "marks", "piece"), [(str(piece.id), piece.marks, piece.text) for piece in pieces])
    if len(pieces) > encoder.max_length:
        console.note(f"{len(pieces)} tokens, over the {encoder.max_length} that {encoder.name} reads at a time")
