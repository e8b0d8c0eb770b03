"""The other face of accounts: what Supabase's client asks of `/auth/v1`, in the words and shapes that it reads.

Only translation lives here. Who may sign in, what a password must be, how a session ends: that is decided by the
services beside this package, whoever asks.
"""
