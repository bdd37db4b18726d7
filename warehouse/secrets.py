"""Values that look like keys and passwords, whatever they are called, are kept as a keyed hash and never as they are.

The rules are those of detect-secrets that name a vendor's form, those of model providers that it lacks, credentials in
URLs and in `name=value` pairs, and long tokens in which letters and digits change too often for a word. Plain checksums
(40 or 64 hexadecimal digits) are no secrets: revisions of models and data are told apart by them.

The hash tells two values apart and is the same in every run of one warehouse. Its key lies in the warehouse, is its own
and is never published, so that a short password cannot be found by trying.
"""

from __future__ import annotations

import hmac
import itertools
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from warehouse.layout import Layout
from warehouse.leftovers import temporary_beside

# Those of detect-secrets that go by a vendor's form. Its guesses by entropy take checksums and names for secrets.
_DETECTORS = (
    *("aws.AWSKeyDetector", "azure_storage_key.AzureStorageKeyDetector", "basic_auth.BasicAuthDetector"),
    *("discord.DiscordBotTokenDetector", "github_token.GitHubTokenDetector", "gitlab_token.GitLabTokenDetector"),
    *("jwt.JwtTokenDetector", "mailchimp.MailchimpDetector", "npm.NpmDetector", "openai.OpenAIDetector"),
    *("pypi_token.PypiTokenDetector", "sendgrid.SendGridDetector", "slack.SlackDetector", "stripe.StripeDetector"),
    *("square_oauth.SquareOAuthDetector", "telegram_token.TelegramBotTokenDetector", "twilio.TwilioKeyDetector"),
)

# Each ends in the group, or is as a whole, what is hashed.
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # OpenAI, Anthropic, OpenRouter and DeepSeek; Hugging Face, GitHub, Slack, GitLab; then other model providers
        r"\b(?:sk|pk|rk|hf|ghp|gho|ghs|xox[abp]|glpat)[-_][A-Za-z0-9_-]{16,}",
        r"\b(?:github_pat|api_org|gsk|xai|nvapi|pplx|csk|fw|r8|tgp_v1|tvly|co|voy|fc|ls__?|lsv2|wandb)[-_][A-Za-z0-9_-]{20,}",
        r"\bAIza[A-Za-z0-9_-]{30,}",
        r"\bya29\.[A-Za-z0-9_-]{20,}",
        r"\b(?i:bearer|basic)\s+([A-Za-z0-9._~+/=-]{16,})",
        r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*-----|$)",
        # A URL's user and password, or its token alone
        r"(?<=://)[^\s/@'\"]+(?=@)",
        # Connection strings and queries
        r"(?i:\b[\w-]*(?:password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|accountkey|[?&]key|[?&]sig))"
        r"=([^\s;&,'\"]{4,})",
        r"[?&](?i:key|sig|code|auth)=([^\s;&,'\"]{8,})",
        # Azure's keys of 32 digits
        r"(?<![A-Za-z0-9])[0-9a-fA-F]{32}(?![A-Za-z0-9])",
    )
)

_MAY_HOLD_ONE = re.compile(r"\S{16,}|://|=|BEGIN")
"""Most texts hold none, and detect-secrets takes half a second to load."""

_TOKEN = re.compile(r"[A-Za-z0-9_+=-]{20,}")
_CHECKSUM = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})", re.IGNORECASE)
_LONG_PART = re.compile(r"[A-Za-z0-9]{20,}")
_HASHED = re.compile(r"\(secret [0-9a-f]{12}\)")

_KEY_OF_PROCESS = secrets.token_bytes(32)

_key_at_work: ContextVar[bytes] = ContextVar("_key_at_work", default=_KEY_OF_PROCESS)
"""Key of the warehouse that is at work; outside of one, of this process."""


@contextmanager
def hashed_for(layout: Layout) -> Iterator[None]:
    """Hash with the key of a warehouse while the block runs."""
    token = _key_at_work.set(hash_key(layout))
    try:
        yield
    finally:
        _key_at_work.reset(token)


def hash_key(layout: Layout) -> bytes:
    """The warehouse's own key, made when it is first asked for; readable by its owner alone."""
    path = layout.hash_key
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_beside(path)
        temporary.touch(0o600)
        temporary.write_bytes(secrets.token_bytes(32))
        _keep_the_first(temporary, path)
    return path.read_bytes()


def without_secrets(text: str) -> str:
    """The text with everything in it that looks like a key or a password replaced by its keyed hash."""
    if not _MAY_HOLD_ONE.search(text):
        return text
    for pattern in _PATTERNS:
        text = pattern.sub(_hash_match, text)
    for find in _detectors():
        for found in find(text):
            text = text.replace(found, _hashed(found)) if found and not _HASHED.search(found) else text
    return _TOKEN.sub(lambda match: _hashed(match[0]) if _is_random(match[0]) else match[0], text)


def masked(text: str) -> str:
    """A text that is not to be shown, as its keyed hash."""
    return f"(hash {_digest(text)})"


def _hash_match(match: re.Match[str]) -> str:
    whole, found = match[0], match[match.lastindex or 0]
    if _HASHED.search(found) or found.startswith("(secret"):
        return whole
    start = match.start(match.lastindex or 0) - match.start()
    return whole[:start] + _hashed(found) + whole[start + len(found) :]


def _hashed(value: str) -> str:
    return f"(secret {_digest(value)})"


def _digest(value: str) -> str:
    return hmac.digest(_key_at_work.get(), value.encode("utf-8", "surrogatepass"), "sha256").hex()[:12]


def _is_random(token: str) -> bool:
    """Whether letters and digits, or capitals and small letters, change as often as no word or name has it."""
    return any(_changes_often(part) for part in _LONG_PART.findall(token) if not _CHECKSUM.fullmatch(part))


def _changes_often(part: str) -> bool:
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in part]
    pairs = [(a, b) for a, b in itertools.pairwise(kinds) if a != b]
    n_digit_changes = sum("d" in pair for pair in pairs)
    return n_digit_changes >= 4 or (len(set(kinds)) == 3 and len(pairs) >= (len(part) - 1) / 2)


@cache
def _detectors() -> tuple[Callable[[str], Any], ...]:
    from importlib import import_module

    found = []
    for name in _DETECTORS:
        module, _, detector = name.partition(".")
        found.append(getattr(import_module(f"detect_secrets.plugins.{module}"), detector)().analyze_string)
    return tuple(found)


def _keep_the_first(temporary: Path, path: Path) -> None:
    """Put a file where none is yet: of two processes that begin together, one's key is everyone's."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
