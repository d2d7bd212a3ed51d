"""The table of engines: the stages, loader, languages, models and version of each.

Nothing here imports the library of an engine: ingest and ``dubstage models`` read the table in
images without these libraries.
"""

from dubstage.engines.table import ENGINES, Engine, engine_of, engine_version, names_of

__all__ = ["ENGINES", "Engine", "engine_of", "engine_version", "names_of"]
