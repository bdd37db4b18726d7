"""Arguments of a model that cannot change what it answers: they are no part of a condition.

Left out by name rather than taken by name: an argument that nobody knows here must split conditions, not mix them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_THE_MODEL = frozenset(
    {
        # where and how it is reached
        *("base_url", "num_concurrent", "max_retries", "timeout", "verify_certificate", "header", "headers", "host"),
        *("port", "api_key", "api_version", "organization", "project", "region", "aws_region", "client", "http_client"),
        *("stream", "emulate_tools", "retries", "max_connections", "responses_store", "background"),
        # what it runs on
        *(
            "device",
            "device_map",
            "parallelize",
            "tensor_parallel_size",
            "data_parallel_size",
            "gpu_memory_utilization",
        ),
        *("batch_size", "max_batch_size", "cache_dir", "download_dir", "num_workers", "max_num_seqs", "swap_space"),
        *("enforce_eager", "disable_log_requests", "disable_log_stats", "pipeline_parallel_size", "memoize"),
        *("tokenizer_backend", "eos_string", "seed", "trust_remote_code", "hidden_states", "low_cpu_mem_usage"),
        # answers of a mock
        "custom_outputs",
    }
)


def telling_arguments(arguments: Any) -> dict[str, Any]:
    """The arguments that may change an answer."""
    given = arguments if isinstance(arguments, Mapping) else {}
    return {str(name): value for name, value in given.items() if name not in NOT_THE_MODEL}
