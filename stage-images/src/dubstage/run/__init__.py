"""The process of one stage: how it starts, what it does in which order, how it ends."""
