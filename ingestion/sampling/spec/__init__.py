"""What a spec can say, and reading one with errors that name file, field, value and fix."""
