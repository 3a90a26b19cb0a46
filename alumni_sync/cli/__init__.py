"""The command line, `alumni-sync`: one module a command group.

What belongs here: options, what is printed, exit codes, the wiring of ports that only a command
knows. What does not: decisions; a command calls a service of the stages and shows its counts. Only
`run` and `up` import `assets`. Modules import the heavy parts inside their functions, so that
`--help` answers at once.
"""
