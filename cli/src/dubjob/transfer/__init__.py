"""Files to and from the data volume, in verified pieces through a pod of its own."""
