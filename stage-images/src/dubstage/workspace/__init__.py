"""The folders of a job: layout, manifests, publishing, ownership, reuse and deletion."""
