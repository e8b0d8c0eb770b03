"""Signing in with an account that somebody has elsewhere, and linking such accounts to one of ours.

How requests reach a provider is in `app.adapters.providers`; here is what its answers mean and what follows from them.
"""
