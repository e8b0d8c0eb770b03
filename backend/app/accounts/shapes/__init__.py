"""What the routes of accounts answer, as the description shows it, one file a subject."""
