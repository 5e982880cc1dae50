"""Mark-up off a text: HTML, entities, tajweed codes, Markdown, OpenITI mARkdown.

Sources: HTML by the standard library (`html`, `html.parser`); Markdown by CommonMark 0.31; the tajweed codes in
brackets of the AlQuran Cloud and Quran Foundation interfaces (``[h:1[ letters]``); OpenITI mARkdown 2.0.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from harakat.errors import TextTypeError

__all__ = ["has_markup", "strip_markup"]

# Elements that stand between words; all others may stand inside one, as tajweed tags do.
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption "
        "figure footer form frame h1 h2 h3 h4 h5 h6 head header hr html img input legend li link main meta nav ol "
        "option p pre section select summary table tbody td textarea tfoot th thead title tr ul video",
    )
)
_HIDDEN = frozenset({"script", "style", "template"})
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9:-]*(?:\s[^<>]*)?/?>|<!--.*?-->|<!DOCTYPE[^>]*>", re.DOTALL)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_TAJWEED = re.compile(r"\[[a-z](?::[0-9]+)?\[([^\[\]]*)\]")

_OPENITI = re.compile(
    r"^#META#.*$|^######OpenITI#.*$"
    r"|PageV[0-9]{1,3}P[0-9]{1,4}[A-Z]?|Page(?:Beg|End)V[0-9]+P[0-9]+|\bms[0-9]{1,6}\b|\bMilestone[0-9]+\b"
    r"|^### (?:\|+|\$+(?:[A-Z_]+\$*)?|\$(?:BIO|DIC|CHR)_[A-Z]+\$)\s*|^###\s*\|(?:EDITOR|PARATEXT)\|.*$"
    r"|%~%|@(?:QB|QE|HB|HE|P|T|S|YB|YD|YA)[0-9]*@?|@[A-Z]{3}@[A-Za-z_]*[0-9]*@?",
    re.M,
)
_OPENITI_LINE = re.compile(r"^(?:# |~~)", re.M)
_OPENITI_SIGN = re.compile(r"\A\ufeff?######OpenITI#|PageV[0-9]{1,3}P[0-9]{1,4}|^### [|$]|^~~|%~%", re.M)

_FENCE = re.compile(r"^ {0,3}(?:```|~~~).*$", re.M)
_IMAGE_OR_LINK = re.compile(
    r"!?\[([^\[\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\)|!?\[([^\[\]\n]+)\]\[[^\[\]\n]*\]"
)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:\s+\S+.*$", re.M)
_LINE_START = re.compile(r"^ {0,3}(?:#{1,6}[ \t]+|(?:>[ \t]?)+|[*+-][ \t]+(?:\[[ xX]\][ \t]+)?)", re.M)
_RULE_LINE = re.compile(
    r"^ {0,3}(?:(?:[*][ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|=+|\|?[ \t:|-]*-{3}[ \t:|-]*)$", re.M
)
_EMPHASIS = re.compile(r"(\*{1,3}|_{2,3}|~~|`{1,3})(?=\S)([^\n]*?\S)\1")
_ROUNDS = 8


class _Text(HTMLParser):
    """Parser that keeps the text of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Put a line feed where an element stands between words."""
        self._hidden += tag in _HIDDEN
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Treat an element without content, which hides nothing."""
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Put a line feed where an element stands between words."""
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep text that is shown."""
        if not self._hidden:
            self.parts.append(data)


def has_markup(text: str) -> bool:
    """Return True where a text holds an HTML tag, an entity, a tajweed code or a sign of OpenITI mARkdown.

    Markdown does not count: its signs stand in ordinary text too.

    Args:
        text: Any text.
    """
    return any(pattern.search(text) is not None for pattern in (_TAG, _ENTITY, _TAJWEED, _OPENITI_SIGN))


def strip_markup(text: str) -> str:
    """Return the text without HTML, entities, tajweed codes, Markdown and OpenITI mARkdown.

    Elements that divide a page (a paragraph, a line break) leave a line feed; all others leave nothing, so that letters
    that a tajweed tag colours stay one word.

    Args:
        text: Any text.

    Returns:
        What a reader sees, lines without blanks at their ends; `text` itself where it holds no mark-up. Applying it
        twice changes nothing more.

    Raises:
        TextTypeError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise TextTypeError(f"strip_markup takes a str, not {type(text).__name__}: {text!r:.80}")
    # Entities may hide tags, and tags codes: until nothing is left, so that a second call finds nothing.
    for _ in range(_ROUNDS):
        stripped = _once(text)
        if stripped == text:
            break
        text = stripped
    return text


def _once(text: str) -> str:
    before = text
    if _OPENITI_SIGN.search(text) is not None:
        text = _OPENITI_LINE.sub("", _OPENITI.sub("", text))
    if _TAG.search(text) is not None:
        parser = _Text()
        parser.feed(text)
        parser.close()
        text = "".join(parser.parts)
    elif _ENTITY.search(text) is not None:
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    text = _TAJWEED.sub(r"\1", text)
    text = _markdown(text)
    if text == before:
        return text
    lines = [re.sub("[ \t\u00a0]+", " ", line).strip() for line in text.splitlines()]
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _markdown(text: str) -> str:
    text = _FENCE.sub("", text)
    text = _DEFINITION.sub("", text)
    text = _RULE_LINE.sub("", text)
    text = _LINE_START.sub("", text)
    text = _IMAGE_OR_LINK.sub(lambda match: match.group(1) if match.group(1) is not None else match.group(2), text)
    return _EMPHASIS.sub(r"\2", text)
