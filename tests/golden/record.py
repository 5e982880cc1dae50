"""Record the running tree as golden: `PYTHONPATH=core:integrations python tests/golden/record.py [--replace] [PART …]`.

Parts are the sections of `support.golden.record`, ``vectors`` and ``collections``; none means all of them. What is
stored is overwritten only with --replace. Look at the diff before you commit it: every line of it is a promise changed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "core"), str(ROOT / "integrations")]

from support.golden import collections  # noqa: E402  after the path is set
from support.golden.commands import write_inputs  # noqa: E402
from support.golden.record import (  # noqa: E402
    COLLECTIONS,
    SECTIONS,
    STORED,
    VECTORS,
    compute,
    machine,
    one_thread,
    read,
    workplace,
    write,
    write_vectors,
)


def record_collections() -> list[Path]:
    """Make, pack and search the miniature collections.

    Returns:
        The files written.
    """
    found, files = {}, []
    with tempfile.TemporaryDirectory() as folder, one_thread():
        work = Path(folder)
        write_inputs(work)
        for kind in collections.KINDS:
            found[kind] = collections.make(kind, work)
            files.append(COLLECTIONS / f"{kind}.tar.xz")
            collections.pack(work / kind, files[-1])
    versions = machine()["versions"]
    found["versions"] = {name: versions[name] for name in ("chromadb", "qdrant-client", "qdrant-edge-py")}
    shutil.move(write("collections", found), COLLECTIONS / "expected.json")
    return [*files, COLLECTIONS / "expected.json"]


def main() -> None:
    """Record what the command line asks for."""
    parts = [*SECTIONS, "vectors", "collections"]
    parser = argparse.ArgumentParser(description="Record the running tree as golden.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; none for all")
    parser.add_argument("--replace", action="store_true", help="overwrite what is stored")
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(parts))
    if unknown:
        parser.error(f"{unknown[0]!r} is no part; there are: {', '.join(parts)}")
    chosen = given.parts or parts
    files = {part: STORED / f"{part}.json" for part in SECTIONS}
    files |= {"vectors": VECTORS, "collections": COLLECTIONS / "expected.json"}
    there = [str(files[part].relative_to(ROOT)) for part in chosen if files[part].exists()]
    if there and not given.replace:
        parser.error(f"{', '.join(there)} would be overwritten; say --replace if that is meant")
    stored = STORED / "machine.json"
    if set(chosen) < set(parts) and stored.exists() and read("machine") != machine():
        parser.error(f"{stored.relative_to(ROOT)} names another machine or other versions; record all parts")
    written = [write("machine", machine())]
    with workplace() as work:
        for part in chosen:
            if part in SECTIONS:
                written.append(write(part, compute(SECTIONS[part], work)))
            elif part == "vectors":
                written.append(write_vectors(work))
            else:
                written += record_collections()
    for file in written:
        sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
