"""Pages that links in messages lead to, for frontends that have none of their own.

They are plain: a form without scripts, which sends the secret of the link back. To open one changes nothing, for
programs that look at mail open links, too; the button does. What it does is for the services around to decide.
"""
