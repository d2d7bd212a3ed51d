"""The engines: one table that says of each what it does, how it is loaded, which languages
and models it has, and how its version is read.

Nothing here imports an engine's library: ingest, `dubstage models` and the operator's tests
read the table in images that have none of them.
"""

from dubstage.engines.table import ENGINES, Engine, engine_of, engine_version, names_of

__all__ = ["ENGINES", "Engine", "engine_of", "engine_version", "names_of"]
