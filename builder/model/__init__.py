"""The nouns: frozen values without I/O that every room speaks in; import them by module, ``builder.model.recipe``."""
