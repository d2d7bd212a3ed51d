"""The API `dubjob.dev/v1alpha1`, as models; `crd` turns them into schemas."""
