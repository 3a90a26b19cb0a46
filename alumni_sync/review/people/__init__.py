"""Who is there and what they may do: identity, the role table, who is too near, who looked.

Belongs here: what every act asks first, whatever it is about. Does not belong here: the acts.
"""
