"""The command ``dub``, also ``kubectl dub``."""
