"""The HR desk: cases with their people, and everything that is done for a person by a person.

Rulings are launched in Dagster or on the command line, where they are recorded; all the rest has
its room here. Belongs here: who is looking, what a page shows, which form is taken. Does not belong
here: who may do what (`review.people`), and what is done (the stages). Its own port, never the
public one; on loopback or behind a proxy.
"""
