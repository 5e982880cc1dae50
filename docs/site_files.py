"""A hook of mkdocs: files outside docs/ that its pages link to are published with the site."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = re.compile(r"\]\(\.\./([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add every file outside docs/ that a page links to, under ``files/``; skip this module."""
    files.remove(next(file for file in files if file.src_uri == "site_files.py"))
    linked = {
        place
        for page in Path(config.docs_dir).glob("*.md")
        for place in OUTSIDE.findall(page.read_text(encoding="utf-8"))
    }
    for place in sorted(linked):
        source = ROOT / place
        if source.is_file():
            # A page of Markdown would be rendered, and its own links followed: it is published as a text.
            name = place + ".txt" if source.suffix == ".md" else place
            files.append(File.generated(config, posixpath.join("files", name), abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Point links out of docs/ to the published copies."""

    def published(match: re.Match[str]) -> str:
        place = match.group(1)
        return f"](files/{place}.txt" if place.endswith(".md") else f"](files/{place}"

    return OUTSIDE.sub(published, markdown)
