"""The process of one stage: how it starts, the order of its work, and how it ends."""
