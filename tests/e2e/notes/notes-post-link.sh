echo linked
