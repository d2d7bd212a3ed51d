"""Mixes the dubbed voice with the background, and muxes the dub with the source's video."""
