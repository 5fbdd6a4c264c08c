"""The parts of tools/catalog_check: the proof of the catalogue against vendors' own documents."""
