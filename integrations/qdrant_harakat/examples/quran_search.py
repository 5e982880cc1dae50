"""Search the Quran by meaning in the embedded Qdrant engine: candidates at a small dim, ranking at the full one.

Needs: pip install 'harakat[qdrant]' quran-text
Run:   python quran_search.py [FOLDER]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from quran_text import Mushaf

from harakat import Encoder
from qdrant_harakat import EdgeClient, Record, create_collection, open_collection

SURAS = range(93, 115)
QUERY = "قُلْ أَعُوذُ بِرَبِّ النَّاسِ"


def main(folder: Path, encoder: Encoder) -> None:
    """Ingest the short suras, then search them three ways."""
    records = [
        Record(ayah.key, ayah.text, {"sura": int(ayah.key.split(":")[0])})
        for ayah in Mushaf.hafs().ayahs
        if int(ayah.key.split(":")[0]) in SURAS
    ]
    with EdgeClient(folder) as client:
        verses = create_collection(client, "verses", encoder, tokens=True, quantization="int8")
        print(verses.ingest(records))

        for title, hits in (
            ("two stages", verses.search_two_stage(QUERY, limit=3)),
            ("late interaction", verses.search_tokens(QUERY, limit=3)),
            ("sura 113 only", verses.search(QUERY, limit=3, filter={"sura": 113})),
        ):
            print(f"\n{title}")
            for hit in hits:
                print(f"  {hit.score:6.3f}  {hit.id:>6}  {hit.text}")

    # Later, elsewhere: another encoder would be refused here, before anything is read or written.
    with EdgeClient(folder) as client:
        print(f"\n{open_collection(client, 'verses', encoder).count()} verses")


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
    main(Path(given), Encoder())
