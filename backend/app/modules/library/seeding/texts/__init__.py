"""The French texts of the demo's resources, in the little format that `sheets` reads. Nothing here runs."""
