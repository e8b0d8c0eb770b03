"""Resources handed over to GitHub and Google Drive, in the name and with the linked account of their owner.

How a provider is asked is in `app.adapters`; here is what is asked of it, what follows, and what is taken back when
something goes wrong on the way.
"""
