"""Files within a page: addresses that hold their contents."""

from __future__ import annotations

import base64


def address(contents: bytes, kind: str = "image/png") -> str:
    """The contents of a file as an address (a data URL, RFC 2397).

    >>> address(b"a,b", "text/csv")
    'data:text/csv;base64,YSxi'
    """
    return f"data:{kind};base64,{base64.b64encode(contents).decode('ascii')}"
