"""Errors of a Chroma client, turned into those of harakat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from chromadb.errors import ChromaError, InternalError

from harakat.errors import HarakatError, StoreError

__all__ = ["failures"]


@contextmanager
def failures(doing: str) -> Iterator[None]:
    """Turn the error of a failing store into a `StoreError` that says what was being done.

    Args:
        doing: For the message, such as ``"writing 512 records into 'poems'"``.

    Raises:
        StoreError: The client is closed, the server does not answer, or Chroma refused.
    """
    try:
        yield
    except HarakatError:
        raise
    except (httpx.HTTPError, ConnectionError) as error:
        raise StoreError(
            f"{doing}: the Chroma server does not answer ({error or type(error).__name__}). Batches that it confirmed "
            f"are stored; start it again and repeat the call, which completes the rest"
        ) from error
    except AttributeError as error:
        # A closed embedded client loses its bindings; nothing else tells.
        if getattr(error, "name", None) != "bindings":
            raise
        raise StoreError(
            f"{doing}: the Chroma client is closed. Batches before this one are stored; open a client again and "
            f"repeat the call, which completes the rest"
        ) from error
    except InternalError as error:
        raise StoreError(
            f"{doing}: Chroma failed: {error.message()}. Batches before this one are stored; mend the cause (a full "
            f"disk, a folder that cannot be written, a damaged file) and repeat the call, which completes the rest"
        ) from error
    except ChromaError as error:
        raise StoreError(f"{doing}: Chroma refused: {error.message() or type(error).__name__}") from error
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        raise StoreError(f"{doing}: {error}") from error
    except Exception as error:
        # Chroma's HTTP client raises a bare Exception for an answer that it cannot read.
        if type(error) is not Exception:
            raise
        raise StoreError(f"{doing}: the Chroma server answered: {error}") from error
