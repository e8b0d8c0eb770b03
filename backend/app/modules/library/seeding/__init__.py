"""What `relais seed` puts into the library: the demo's rows, generated ones, and how they are written."""
