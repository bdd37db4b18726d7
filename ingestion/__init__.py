"""How completions get in: importers of other tools' logs and the parsing of answers.

Everything here ends in the raw contract (`warehouse.schemas`). Works from a plain script: nothing here knows Dagster.
"""
