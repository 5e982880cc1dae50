"""A handful of sayings in an embedded Chroma: filled once, searched with and without vowel marks.

The sayings have their marks; most questions have none, as people type. What is found comes back byte for byte.

Run it twice: the second time everything is found stored, and nothing is encoded again.
"""

from __future__ import annotations

import argparse

import chromadb
from chromadb.config import Settings

from chroma_harakat import create_collection
from harakat import Encoder

SAYINGS = {
    "knowledge": "الْعِلْمُ نُورٌ وَالْجَهْلُ ظَلَامٌ",
    "flag": "رَفَعَ الْجُنْدِيُّ عَلَمَ بِلَادِهِ فَوْقَ الْقَلْعَةِ",
    "patience": "الصَّبْرُ مِفْتَاحُ الْفَرَجِ",
    "time": "الْوَقْتُ كَالسَّيْفِ إِنْ لَمْ تَقْطَعْهُ قَطَعَكَ",
}
QUERIES = ("نور العلم", "علم البلاد", "عَلَمُ الْبِلَادِ", "مفتاح الفرج", "الوقت كالسيف")


def main() -> None:
    """Fill the collection and search it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="harakat-mini")
    parser.add_argument("--folder", default="./sayings-index")
    arguments = parser.parse_args()

    encoder = Encoder(arguments.model)
    client = chromadb.PersistentClient(arguments.folder, settings=Settings(anonymized_telemetry=False))
    sayings = create_collection(client, "sayings", encoder, exist_ok=True)
    report = sayings.ingest(SAYINGS.items())
    print(f"{report.written} written, {report.skipped} stored before")

    for query in QUERIES:
        print(f"\n{query}")
        for hit in sayings.search(query, limit=1):
            print(f"  {hit.score:.3f}  {hit.id}\n  {hit.text}")


if __name__ == "__main__":
    main()
