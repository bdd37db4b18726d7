"""Not collected where Spark is not installed: `make test-spark` runs these tests, in an environment of its own."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("pyspark") else ["test_*.py"]
