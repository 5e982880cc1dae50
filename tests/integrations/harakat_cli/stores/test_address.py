"""Addresses: every form is read, a server is never taken for a folder, and no message shows a password."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.errors import OptionError
from harakat_cli.stores import Address, parse_address

KINDS = st.sampled_from(["chroma", "qdrant", "qdrant-edge"])
SERVED = st.sampled_from(["chroma", "qdrant"])
hosts = st.sampled_from(["localhost", "127.0.0.1", "[::1]", "db.example.com"])
ports = st.integers(1, 65535)
names = st.from_regex(r"[a-z][a-z0-9_-]{2,12}", fullmatch=True)
anything = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("chroma:./a b#poems", ("chroma", "./a b", "poems")),
        ("chroma:/x", ("chroma", "/x", None)),
        ("chroma:~/x", ("chroma", "~/x", None)),
        ("chroma:///x", ("chroma", "///x", None)),
        ("chroma:./localhost:8000#c", ("chroma", "./localhost:8000", "c")),
        (r"chroma:C:\index#c", ("chroma", r"C:\index", "c")),
        ("qdrant:./local#c", ("qdrant", "./local", "c")),
        ("qdrant-edge:edge#شعر", ("qdrant-edge", "edge", "شعر")),
        ("chroma:http://localhost:8000#poems", ("chroma", "http://localhost:8000", "poems")),
        ("chroma:HTTP://Host#c", ("chroma", "http://Host", "c")),
        ("qdrant:hTTpS://host:6333/prefix/#c", ("qdrant", "https://host:6333/prefix", "c")),
        ("qdrant:http://[::1]:6333", ("qdrant", "http://[::1]:6333", None)),
    ],
)
def test_every_form_is_read(text: str, address: tuple[str, str, str | None]):
    found = parse_address(text)
    assert (found.kind, found.place, found.collection) == address
    assert found.served == address[1].startswith("http")


def test_a_port_is_that_of_the_store():
    assert parse_address("chroma:http://host#c").url == "http://host:8000"
    assert parse_address("qdrant:https://host/a#c").url == "https://host:6333/a"
    assert parse_address("qdrant:http://[::1]#c").url == "http://[::1]:6333"
    assert parse_address("qdrant:http://host:80#c").url == "http://host:80"


@pytest.mark.parametrize(
    "text", ["index", "chroma", "chroma:", "chroma:#x", "chroma:a#", "redis:a", "sqlite:a", "QDRANT:a", "", "#", ":a"]
)
def test_another_form_is_refused(text: str):
    with pytest.raises(OptionError, match="chroma:FOLDER .*qdrant:FOLDER.*qdrant-edge:FOLDER"):
        parse_address(text)


@pytest.mark.parametrize("kind", ["chroma", "qdrant", "qdrant-edge"])
@pytest.mark.parametrize(
    "place",
    [
        "localhost:8000",
        "localhost",
        "LocalHost",
        "127.0.0.1",
        "10.0.0.7:6333",
        "[::1]:8000",
        "[::1]",
        "db.example.com:443/path",
        "//localhost:8000",
        "//localhost",
        "http:localhost:8000",
        "http:/localhost:8000",
        "HTTPS:host",
        "http:",
        ":memory:",
    ],
)
def test_a_server_without_its_scheme_makes_no_folder(kind: str, place: str):
    with pytest.raises(OptionError, match=re.escape(f"{kind}:./")):
        parse_address(f"{kind}:{place}#c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chroma:ftp://host#c", "ftp:// is no scheme of a server"),
        ("qdrant:grpc://host:6334#c", "grpc:// is no scheme of a server"),
        ("chroma:http://#c", "names no host"),
        ("chroma:http://:8000#c", "names no host"),
        ("chroma:http://host:port#c", "the port"),
        ("chroma:http://host:70000#c", "the port"),
        ("qdrant:http://host:6333?api_key=x#c", "nothing reads"),
        ("qdrant-edge:http://host:6333#c", "no server; write qdrant:"),
    ],
)
def test_a_bad_url_is_refused(text: str, message: str):
    with pytest.raises(OptionError, match=message):
        parse_address(text)


@given(kind=SERVED, host=hosts, port=st.none() | ports, name=st.none() | names, user=anything, password=anything)
def test_credentials_are_read_and_never_shown(
    kind: str, host: str, port: int | None, name: str | None, user: str, password: str
):
    word = SECRET + password
    place = f"http://{host}" + (f":{port}" if port else "")
    end = f"#{name}" if name else ""
    text = f"{kind}:http://{quote(user, safe='')}:{quote(word, safe='')}@{place.removeprefix('http://')}{end}"
    found = parse_address(text)
    assert (found.place, found.collection, found.credentials) == (place, name, f"{user}:{word}")
    assert str(found) == f"{kind}:{place}{end}"
    assert SECRET not in f"{found} {found!r} {found.url}"
    assert found.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("kind", ["chroma", "qdrant", "qdrant-edge", "redis"])
@pytest.mark.parametrize("scheme", ["http://", "HTTPS://", "", "//", "http:", "ftp://", "http:/"])
@pytest.mark.parametrize(
    "userinfo",
    [f"u:{SECRET}", f"u:{SECRET}#x", f"u:#{SECRET}", f"u:{SECRET}/x", f"u:x/{SECRET}", f"u:?{SECRET}", f":{SECRET}@x"],
)
@pytest.mark.parametrize("end", [":6333#c", "#c", ":port#c", ":6333?k=1#c", "#"])
def test_no_message_shows_a_password(kind: str, scheme: str, userinfo: str, end: str):
    try:
        found = parse_address(f"{kind}:{scheme}{userinfo}@host{end}")
    except OptionError as error:
        shown = str(error)
    else:
        shown = f"{found} {found!r}"
        if not found.served:  # a folder of that very name was asked for; nothing but a path can be meant
            return
    assert SECRET not in shown


@given(kind=KINDS, place=names, deep=st.booleans(), name=st.none() | names)
def test_a_folder_is_a_folder(kind: str, place: str, deep: bool, name: str | None):
    place = f"./{place}:8000" if deep else place
    found = parse_address(f"{kind}:{place}" + (f"#{name}" if name else ""))
    assert found == Address(kind, place, name) and not found.served and str(found).startswith(f"{kind}:{place}")


@given(text=anything | st.builds("{}:{}".format, KINDS, anything))
def test_anything_is_read_or_refused(text: str):
    try:
        found = parse_address(text)
    except OptionError:
        return
    assert str(found) in (text, text.replace("HTTP", "http")) or found.served
