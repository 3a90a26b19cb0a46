"""Community platforms, one module a platform: profiles go out, nothing is decided here.

Belongs here: how a platform finds, creates, updates, hides and erases a member, and how to look
whether someone is gone. Does not belong here: who is a member (`membership`), and for how long.
"""
