"""Files of the Buckwalter analyser's form."""

from collections.abc import Iterable
from pathlib import Path

from harakat_recipes.mini import lexicon


def write_stems(folder: Path, stems: Iterable[tuple[str, str, str]]) -> None:
    """Write (marked stem, category, glosses), each a lemma of its own."""
    lines = "".join(f";; {stem}_1\nx\t{stem}\t{category}\t{glosses}\n" for stem, category, glosses in stems)
    (folder / lexicon.FILE).write_text(lines, "latin-1")
