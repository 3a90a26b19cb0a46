"""Who is there and what they may do: identity, the role table, who is too near, who looked."""
