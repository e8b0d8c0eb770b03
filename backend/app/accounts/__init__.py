"""Accounts as people meet them: signing up and in, what they prove, what they are members of.

What all of it rests on (passwords, keys, sessions, limits) is in `app.auth`; here are the services and their routes.
"""
