"""The library's tables, by subject. Importing this package is what declares them to Alembic."""

from app.modules.library.tables import administration, community, people, resources

__all__ = ["administration", "community", "people", "resources"]
