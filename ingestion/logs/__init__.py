"""Reading the logs of other tools, a package for each, and importing what they hold into the raw layer.

`importer.import_paths` is the door. A reader (`records.LogFormat`) knows nothing of the warehouse's files,
and the importer nothing of any tool's.
"""
