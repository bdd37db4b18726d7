"""The SWE-bench harness: the folder of one run of one model."""
