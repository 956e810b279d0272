"""Git repositories as sources: a revision becomes a commit, and that a tree of which every byte was verified."""
