"""The controlled twin of the study: transformers that learn to imitate steepest descent on a quadratic.

Paper section 5 (`synthetic optimizer`). Everything here ends in the raw contract; nothing here knows Dagster.
"""
