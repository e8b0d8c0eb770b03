"""Files as they come in and go out, apart from whose they are."""
