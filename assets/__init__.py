"""Dagster, and only Dagster: the two flows, what starts them, and what shows them.

    intake flow, per payroll close
        leavers → eligibility → exclusion_queue → consent_requests
                                                        ⋮
                                    (the leaver decides on the consent site)
                                                        ⋮
    community flow, while work is pending
                            consents → alumni_profiles → community_members → programme_report

What belongs here: one module a stage (`leavers`, `eligibility`, `consent`, `community`,
`reporting`), in which every asset is glue: it calls one service of `alumni_sync` and reports
counts. Jobs, schedules, the sensor, who launched a run, and the composition root `definitions`.
What does not: anything about people. An `if` about a leaver belongs in `alumni_sync`; nothing here
is ever the only record of something, so Dagster's home may be deleted at any time.
Nothing but the CLI's `run` and `up`, and its `launching` for the HR desk, imports this package.
"""
