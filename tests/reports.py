"""What a written report carries beside its words."""

from __future__ import annotations

import base64
import gzip
import re


def carried_by(page: str) -> str:
    """The JSON that a page unpacks: its charts with their rows, its pools, and the texts that a click opens."""
    packed = re.search(r'<script id="payload" type="text/plain">(.*?)</script>', page)
    assert packed, "the page carries nothing"
    return gzip.decompress(base64.b64decode(packed[1])).decode()
