"""Raw data in an object store: fetched before a build, pushed after an import. Everything is read and built locally."""
