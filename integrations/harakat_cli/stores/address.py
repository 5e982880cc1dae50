"""Addresses of collections as a person writes them: which store, which folder or server, which collection."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, unquote, urlsplit

import typer

from harakat.errors import OptionError

__all__ = ["DEFAULT_COLLECTION", "Address", "StoreArgument", "parse_address"]

DEFAULT_COLLECTION = "harakat"
KINDS = ("chroma", "qdrant", "qdrant-edge")
DEFAULT_PORTS = {"chroma": 8000, "qdrant": 6333}
"""Ports of the servers where a URL names none."""

FORMS = (
    "chroma:FOLDER or chroma:FOLDER#COLLECTION (or chroma:http://HOST:PORT#COLLECTION for a server), for example "
    "chroma:./index#poems; likewise qdrant:FOLDER#COLLECTION, qdrant:http://HOST:PORT#COLLECTION and "
    "qdrant-edge:FOLDER#COLLECTION"
)
URL_START = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
SCHEME_ALONE = re.compile(r"https?:", re.IGNORECASE)
HOST_AND_PORT = re.compile(r"(?:[^/\\]*@)?(\[[0-9a-fA-F:.]+\]|[^/\\:@]+):\d+(?:/.*)?")
HOST_ALONE = re.compile(
    r"localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|[^/\\:]*:[^/\\]*@[^/\\]+|//[^/].*", re.IGNORECASE
)
"""Places that would quietly become a folder, where a server is meant."""

StoreArgument = Annotated[
    str,
    typer.Argument(
        help="chroma:FOLDER, qdrant:FOLDER (qdrant-client's local mode) or qdrant-edge:FOLDER (Qdrant's engine in the "
        "process), each with #COLLECTION; chroma:http://HOST:PORT#COLLECTION or qdrant:http://HOST:PORT#COLLECTION "
        "for a server (https:// too; USER:PASSWORD@HOST, and QDRANT_API_KEY in the environment).",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Address:
    """Place of a collection.

    Attributes:
        kind: One of `KINDS`.
        place: A folder, or the URL of a server, without user and password.
        collection: The collection's name; None where the address names none.
        credentials: ``USER:PASSWORD`` of a server; empty where the URL holds none. Never printed.
    """

    kind: str
    place: str
    collection: str | None = None
    credentials: str = field(default="", repr=False)

    @property
    def served(self) -> bool:
        """Return True for a server's address."""
        return self.place.startswith(("http://", "https://"))

    @property
    def folder(self) -> Path:
        """The folder of an address that is not a server's.

        Raises:
            OptionError: The home of a user that there is not.
        """
        try:
            return Path(self.place).expanduser()
        except RuntimeError as error:
            raise OptionError(f"the store {self}: there is no home folder {self.place.split('/')[0]}") from error

    @property
    def url(self) -> str:
        """The URL of a server's address, with its port."""
        parts = urlsplit(self.place)
        if parts.port is not None:
            return self.place
        return parts._replace(netloc=f"{parts.netloc}:{DEFAULT_PORTS[self.kind]}").geturl()

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that carry the credentials."""
        if not self.credentials:
            return {}
        return {"Authorization": f"Basic {base64.b64encode(self.credentials.encode()).decode()}"}

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}" + (f"#{self.collection}" if self.collection else "")


def parse_address(text: str) -> Address:
    """Read an address.

    Args:
        text: ``KIND:FOLDER``, ``KIND:FOLDER#COLLECTION`` or ``KIND:http://HOST:PORT#COLLECTION``.

    Returns:
        The address; a URL's scheme in lower case.

    Raises:
        OptionError: Something else, or a server's address that would be taken for a folder. The message shows no
            password.
    """
    kind, colon, rest = text.partition(":")
    place, sharp, collection = rest.partition("#")
    if kind not in KINDS or not colon or not place or (sharp and not collection):
        raise OptionError(f"the store {_masked(text)!r} is not of the form {FORMS}")
    url = URL_START.match(place)
    if url is None:
        _refuse_host(text, kind, place)
        found = Address(kind, place, collection or None)
        found.folder  # noqa: B018  refused here, before anything is opened
        return found
    scheme = url[1].lower()
    if scheme not in ("http", "https"):
        raise OptionError(
            f"the store {_masked(text)!r}: {scheme}:// is no scheme of a server; write {kind}:http:// or "
            f"{kind}:https://, or {kind}:./ and the name for a folder"
        )
    if kind == "qdrant-edge":
        raise OptionError(
            f"the store {_masked(text)!r}: qdrant-edge is an engine in this process and has no server; write qdrant: "
            f"and the URL, or qdrant-edge: and a folder"
        )
    if "@" in collection:
        raise OptionError(
            f"the store {_masked(text)!r}: an '@' follows the '#', which ends the URL; write a '#' in a password as %23"
        )
    return _served(text, kind, urlsplit(scheme + place[len(url[1]) :]), collection or None)


def _served(text: str, kind: str, parts: SplitResult, collection: str | None) -> Address:
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        # The error itself may show a piece of a password.
        raise OptionError(
            f"the store {_masked(text)!r}: the port of the URL is not a number from 0 to 65535; write "
            f"{kind}:http://HOST:PORT#COLLECTION (a '/', '?' or '#' in a password as %2F, %3F, %23)"
        ) from error
    if not host or port == 0:
        raise OptionError(
            f"the store {_masked(text)!r}: the URL names no host; write {kind}:http://HOST:PORT#COLLECTION"
        )
    if parts.query or "@" in parts.path:
        raise OptionError(
            f"the store {_masked(text)!r}: nothing reads what follows the host in this URL; write "
            f"{kind}:http://USER:PASSWORD@HOST:PORT#COLLECTION (a '/', '?' or '#' in a password as %2F, %3F, %23)"
        )
    credentials, _, host_and_port = parts.netloc.rpartition("@")
    place = f"{parts.scheme}://{host_and_port}{parts.path.rstrip('/')}"
    return Address(kind, place, collection, unquote(credentials))


def _refuse_host(text: str, kind: str, place: str) -> None:
    """Refuse a place that reads as a server's address and would make a local folder.

    Raises:
        OptionError: It does.
    """
    if place == ":memory:":
        raise OptionError(
            f"the store {text!r} would end with the command; name a folder, or write {kind}:./:memory: for one of "
            f"that name"
        )
    if not (SCHEME_ALONE.match(place) or HOST_AND_PORT.fullmatch(place) or HOST_ALONE.fullmatch(place)):
        return
    # With an '@' any piece of the place may be one of a password.
    shown = "" if "@" in text else SCHEME_ALONE.sub("", place).lstrip("/")
    shown = shown or "HOST:PORT"
    server = "" if kind == "qdrant-edge" else f"{kind}:http://{shown} for a server, or "
    raise OptionError(
        f"the store {_masked(text)!r} reads as a server's address without http:// and would make a folder of that "
        f"name; write {server}{kind}:./{shown} for a folder"
    )


def _masked(text: str) -> str:
    """Return an address without what may be a user and a password."""
    kind, colon, rest = text.partition(":")
    if "@" not in rest:
        return text
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*:)?/*", rest)
    start = scheme[0] if scheme and "//" in scheme[0] else ""
    return f"{kind}{colon}{start}***@{rest.rpartition('@')[2]}"
