"""Rulings: what somebody may do with a case, by ticket and with a reason, two where it is grave."""
