"""Models on the models volume: what a profile's engines need, where it comes from, and
whether it is there and whole.

A model is a folder ``<engine>/<model>`` with a ``SHA256SUMS`` file in the form of
``sha256sum``, whose comments hold the files' sizes. It is the last file that is written.
"""

from dubstage.models.volume import model_folder, model_revision

__all__ = ["model_folder", "model_revision"]
