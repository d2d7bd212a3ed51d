"""Models on the models volume: which ones a profile needs, where they come from, and whether
they are complete.

A model is a folder ``<engine>/<model>`` with a ``SHA256SUMS`` file in the form of
``sha256sum``, whose comments hold the sizes. That file is written last.
"""

from dubstage.models.volume import choice_of, model_folder, model_revision

__all__ = ["choice_of", "model_folder", "model_revision"]
