"""Data sets, downloaded once, on demand, into the warehouse's `downloads/` folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pooch
import requests

from ingestion.sampling.questions.items import TaskError
from warehouse import environment
from warehouse.parquet import atomic_path

TIMEOUT_S = 60.0
HUB = "https://huggingface.co/datasets"
HUB_KEY = "HF_TOKEN"


def fetch(url: str, path: Path, *, advice: str, is_gated: bool = False) -> Path:
    """`path`, downloaded from `url` if it is not there.

    Args:
        url: where it is.
        path: where to keep it.
        advice: how to get the file by hand, for the error.
        is_gated: send the token that `HF_TOKEN` holds.

    Raises:
        TaskError: if it cannot be had; the message says how to get it by hand.
    """
    if path.exists():
        return path
    token = environment.value(HUB_KEY)
    if is_gated and not token:
        raise TaskError(f"{url}: its owners ask for an account; set {HUB_KEY} to your token, or {advice}")
    # Where the hub sends the request on to another host, the token stays behind.
    headers = {"Authorization": f"Bearer {token}"} if is_gated else {}
    download = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), headers=headers, timeout=TIMEOUT_S)
    try:
        with atomic_path(path) as temporary:
            download(url, str(temporary), None)
    except (requests.RequestException, OSError) as error:
        reason = str(error).replace(token, "[token]") if token else str(error)
        raise TaskError(f"{url}: cannot be downloaded ({reason}); {advice}") from None
    return path
