"""The job's folders: their layout, manifests, publication, ownership, reuse and pruning."""
