"""`python -m ingestion.sampling`: the JSON Schema of specs, as `docs/experiment.schema.json` holds it."""

import json
import sys

from ingestion.sampling.spec.file import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
