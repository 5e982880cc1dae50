"""`harakat search`: the records nearest to a query."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from harakat.errors import OptionError
from harakat_cli import console
from harakat_cli.options import Json, encoder_options
from harakat_cli.stores import StoreArgument, choose, encoder_for, open_store, parse_address

__all__ = ["search"]

MOST = 1_000_000
"""Records that one search prints; stores take no number of any size."""
DEEPEST = 32
"""Levels of a filter; the engines walk it by recursion."""


@encoder_options()
def search(
    query: Annotated[str, typer.Argument(help="What to look for, with or without marks.", show_default=False)],
    store: StoreArgument,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Most records to print.", min=1)] = 10,
    where: Annotated[
        str | None,
        typer.Option(
            help="Filter on the payload, as JSON: a value, a list of values or bounds by field "
            '(\'{"page": {"gte": 2}}\'), or Chroma\'s own for Chroma.',
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    r"""Print id, score and stored text of the records nearest to a query, best first.

    The encoder is the one that the collection was made with; another one is refused. The score is the cosine
    similarity, and the text is what was stored, byte for byte. Chroma and Qdrant are searched alike.

    [bold]Examples[/bold]

      harakat search "الصبر عند المصيبة" chroma:./index

      harakat search "الجِنَّة" chroma:./index -n 3 --where '{"surah": 114}'

      harakat search "يوم القيامة" chroma:./index --json | jq -r .id

      harakat search "الصبر" qdrant:http://localhost:6333#quran

    With --json one object a line: rank, id, score, text, payload.
    """
    address = parse_address(store)
    if limit > MOST:
        raise OptionError(f"--limit {limit:,} is over {MOST:,}; ask for fewer records")
    condition = _condition(where)
    with open_store(address, write=False) as opened:
        name = choose(opened)
        hits = opened.open(name, encoder_for(name, options)).search(query, limit=limit, filter=condition)
    if as_json:
        for rank, hit in enumerate(hits, 1):
            row = {"rank": rank, "id": hit.id, "score": hit.score, "text": hit.text, "payload": dict(hit.payload)}
            console.data(json.dumps(row, ensure_ascii=False))
        return
    if not hits:
        console.note("nothing found")
    for hit in hits:
        console.data(f"{hit.id}  {hit.score:.4f}")
        console.data(hit.text)
        console.data("")


def _condition(where: str | None) -> dict[str, Any] | None:
    """Read --where.

    Raises:
        OptionError: It is no JSON object.
    """
    if where is None:
        return None
    try:
        condition = json.loads(where)
    except RecursionError as error:
        raise OptionError("--where is nested too deeply; a filter holds a few levels") from error
    except ValueError as error:
        raise OptionError(f"--where {where!r} is not JSON ({error}); write for example '{{\"surah\": 2}}'") from error
    if _depth(condition) > DEEPEST:
        raise OptionError(f"--where is nested over {DEEPEST} levels; write a flatter filter")
    if not isinstance(condition, dict) or not condition:
        raise OptionError(f"--where {where!r} is not a JSON object; write for example '{{\"surah\": 2}}'")
    return condition


def _depth(value: Any) -> int:
    """Return how deep lists and objects are nested, without recursion."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth
