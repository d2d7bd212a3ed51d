"""The only kopf decorators."""
