"""The routes of accounts, one file a subject. Each only translates between HTTP and a service."""
