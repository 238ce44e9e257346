"""Formulas between dollars become MathML while the site is built: browsers show it without a script or a network."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert

# what pymdownx.arithmatex leaves of $...$ and $$...$$
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
DISPLAY = re.compile(r'<div class="arithmatex">\\\[(.*?)\\\]</div>', re.DOTALL)


def on_page_content(html: str, **_: Any) -> str:
    """Put MathML in place of TeX."""
    html = INLINE.sub(lambda found: str(convert(unescape(found[1]))), html)
    return DISPLAY.sub(
        lambda found: f'<div class="formula">{convert(unescape(found[1]).strip(), display="block")}</div>', html
    )
