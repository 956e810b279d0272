"""What belongs to a feedstock: its settings, its migrations, its CI jobs."""
