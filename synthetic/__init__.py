"""The controlled twin of the study: transformers that learn to imitate steepest descent on a quadratic.

Paper section 5 (`synthetic optimizer`). Everything here ends in the raw contract; nothing here knows Dagster.
"""

import os

# Before torch loads its OpenMP, which reads it once. By default a thread that waits for the other spins: measured on
# two cores beside one other busy process, a training step then takes 520 ms; waiting passively, 65 ms.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
