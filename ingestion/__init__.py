"""How completions get in: drawn by `sampling`, or read from the logs of other tools, one package for each.

Everything here ends in the raw contract (`warehouse.schemas`). Works from a plain script: nothing here knows Dagster.
"""
