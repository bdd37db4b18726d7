"""The batch half of the test server: OpenAI files and batches, Anthropic message batches."""

from __future__ import annotations

import json
import re
import time
import zlib
from datetime import UTC, datetime
from typing import Any

from tests.sampling.vendor_contracts import refusal

Routed = tuple[int, bytes, str] | None


class Batches:
    """Batches that end after a number of looks. Models named `…-batchfail` fail, `…-batchexpire` expire, each once."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.looks_until_ended = 1
        self.files: dict[str, bytes] = {}
        self.openai: dict[str, dict[str, Any]] = {}
        self.anthropic: dict[str, dict[str, Any]] = {}
        self.refused: set[str] = set()
        self.n_submitted = 0
        self.drop_next_answer = False
        self.fail_next = False

    def route(self, method: str, path: str, headers: dict[str, str], raw: bytes) -> Routed:
        if path == "/v1/files" and method == "POST":
            return self._upload(headers, raw)
        if match := re.fullmatch(r"/v1/files/([^/]+)/content", path):
            return 200, self.files[match[1]], "application/octet-stream"
        if path == "/v1/batches":
            return self._create_openai(raw) if method == "POST" else self._page(list(self.openai.values()))
        if match := re.fullmatch(r"/v1/batches/([^/]+)", path):
            return self._look_openai(match[1])
        if path == "/v1/messages/batches":
            if method == "POST":
                return self._create_anthropic(headers, raw)
            return self._page(list(self.anthropic.values()))
        if match := re.fullmatch(r"/v1/messages/batches/([^/]+)/results", path):
            return self._results(match[1])
        if match := re.fullmatch(r"/v1/messages/batches/([^/]+)", path):
            return self._look_anthropic(match[1])
        return None

    # ---- OpenAI

    def _upload(self, headers: dict[str, str], raw: bytes) -> Routed:
        boundary = headers["content-type"].split("boundary=")[1].strip('"').encode()
        part = next(part for part in raw.split(b"--" + boundary) if b'name="file"' in part)
        file_id = self._file(part.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n", 1)[0])
        return _json(
            {"id": file_id, "object": "file", "bytes": 1, "created_at": 1, "filename": "in", "purpose": "batch"}
            | {"status": "processed"}
        )

    def _file(self, content: bytes) -> str:
        file_id = f"file-{len(self.files)}"
        self.files[file_id] = content
        return file_id

    def _create_openai(self, raw: bytes) -> Routed:
        body = json.loads(raw)
        self.n_submitted += 1
        batch = {
            "id": f"batch_{len(self.openai)}",
            "object": "batch",
            "endpoint": body["endpoint"],
            "input_file_id": body["input_file_id"],
            "completion_window": body["completion_window"],
            "metadata": body.get("metadata"),
            "status": "in_progress",
            "created_at": int(time.time()),
        }
        self.openai[batch["id"]] = batch | {"looks": 0}
        if self.drop_next_answer:
            self.drop_next_answer = False
            return 500, b"{}", "application/json"
        return _json(batch)

    def _look_openai(self, batch_id: str) -> Routed:
        batch = self.openai[batch_id]
        batch["looks"] += 1
        if self.fail_next:
            self.fail_next = False
            problem = {"code": "token_limit_exceeded", "message": f"too much: {self.server.last_key}"}
            batch |= {"status": "failed", "errors": {"object": "list", "data": [problem]}}
        if batch["status"] == "in_progress" and batch["looks"] > self.looks_until_ended:
            answers, failures = [], []
            for line in self.files[batch["input_file_id"]].decode().splitlines():
                request = json.loads(line)
                if (reason := self._refusal(request["url"], {}, request["body"])) is not None:
                    response = {"status_code": 400, "request_id": "r", "body": {"error": {"message": reason}}}
                    failures.append({"id": "e", "custom_id": request["custom_id"], "response": response, "error": None})
                    continue
                if self._fails(request["body"]):
                    response = {"status_code": 400, "request_id": "r", "body": {"error": {"message": self._bad()}}}
                    failures.append({"id": "e", "custom_id": request["custom_id"], "response": response, "error": None})
                    continue
                if self._expires(request["body"]):
                    error = {"code": "batch_expired", "message": "too late"}
                    failures.append({"id": "e", "custom_id": request["custom_id"], "response": None, "error": error})
                    continue
                body = self.server.complete(request["url"], request["body"])
                response = {"status_code": 200, "request_id": "r", "body": body}
                answers.append({"id": "a", "custom_id": request["custom_id"], "response": response, "error": None})
            batch["status"] = "completed"
            batch["output_file_id"] = self._file(_lines(answers[::-1]))
            if failures:
                batch["error_file_id"] = self._file(_lines(failures))
        return _json({name: value for name, value in batch.items() if name != "looks"})

    # ---- Anthropic

    def _create_anthropic(self, headers: dict[str, str], raw: bytes) -> Routed:
        body = json.loads(raw)
        self.n_submitted += 1
        batch = {
            "id": f"msgbatch_{len(self.anthropic)}",
            "type": "message_batch",
            "processing_status": "in_progress",
            "created_at": datetime.now(UTC).isoformat(),
            "expires_at": "2026-01-02T00:00:00Z",
            "request_counts": {"processing": len(body["requests"]), "succeeded": 0, "errored": 0}
            | {"canceled": 0, "expired": 0},
            "results_url": None,
        }
        self.anthropic[batch["id"]] = batch | {"looks": 0, "requests": body["requests"], "results": None}
        self.anthropic[batch["id"]]["headers"] = headers
        if self.drop_next_answer:
            self.drop_next_answer = False
            return 500, b"{}", "application/json"
        return _json(batch)

    def _look_anthropic(self, batch_id: str) -> Routed:
        batch = self.anthropic[batch_id]
        batch["looks"] += 1
        if batch["results"] is None and batch["looks"] > self.looks_until_ended:
            results = []
            for request in batch["requests"]:
                reason = self._refusal("/v1/messages", batch["headers"], request["params"])
                if reason is not None:
                    error = {"type": "error", "error": {"type": "invalid_request_error", "message": reason}}
                    result: dict[str, Any] = {"type": "errored", "error": error}
                elif self._fails(request["params"]):
                    error = {"type": "error", "error": {"type": "api_error", "message": self._bad()}}
                    result = {"type": "errored", "error": error}
                elif self._expires(request["params"]):
                    result = {"type": "expired"}
                else:
                    message = self.server.complete("/v1/messages", request["params"])
                    result = {"type": "succeeded", "message": message}
                results.append({"custom_id": request["custom_id"], "result": result})
            batch["results"] = results[::-1]
            batch["processing_status"] = "ended"
            batch["ended_at"] = "2026-01-01T00:01:00Z"
            batch["results_url"] = f"{self.server.url}/v1/messages/batches/{batch_id}/results"
            batch["request_counts"] = {"processing": 0, "succeeded": len(results), "errored": 0} | {
                "canceled": 0,
                "expired": 0,
            }
        return _json(_shown(batch))

    def _results(self, batch_id: str) -> Routed:
        return 200, _lines(self.anthropic[batch_id]["results"]), "application/x-jsonl"

    # ---- both

    def _refusal(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> str | None:
        reason = refusal(path, headers, body, is_batch=True)
        self.server.n_broken_contracts += reason is not None
        return reason

    def _fails(self, body: dict[str, Any]) -> bool:
        return self._once("batchfail", body)

    def _expires(self, body: dict[str, Any]) -> bool:
        return self._once("batchexpire", body)

    def _bad(self) -> str:
        return f"bad: {self.server.last_key}"  # it is as careless as the other half

    def _once(self, mark: str, body: dict[str, Any]) -> bool:
        """Whether to refuse: one question in three, the first time it is asked."""
        question = json.dumps(body.get("messages") or body.get("input"))
        if mark not in body["model"] or zlib.crc32(question.encode()) % 3 or question in self.refused:
            return False
        self.refused.add(question)
        return True

    def _page(self, batches: list[dict[str, Any]]) -> Routed:
        newest_first = [_shown(batch) for batch in reversed(batches)]
        return _json({"object": "list", "data": newest_first, "has_more": False, "first_id": None, "last_id": None})


def _shown(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in batch.items() if name not in ("looks", "requests", "results", "headers")}


def _json(value: Any) -> Routed:
    return 200, json.dumps(value).encode(), "application/json"


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()
