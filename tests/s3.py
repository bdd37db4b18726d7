"""An S3 server on this machine, for tests over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

SECRET = "not-a-secret-but-stands-for-one"

BUCKET = "bucket"


@contextmanager
def s3_server() -> Iterator[str]:
    """Serve one empty bucket, with an environment in which it is S3; gives the server's own address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_REGION", "us-east-1")
        try:
            assert requests.put(f"{url}/{BUCKET}", timeout=10).ok
            yield url
        finally:
            server.stop()
