"""The two web sites and the worker beside them: what people open in a browser.

Belongs here: HTTP (routes, headers, forms, sessions), pages and their texts, the withdrawal worker,
and `serve`, which runs them. Does not belong here: any decision about a person. A page asks a stage
(`consent`, `review`) and shows its answer; what a form says is handed to a stage as a value.

`consent/` is the public site for leavers, `desk/` the HR desk on a port of its own. They share
headers, forms, languages and the look, never a session and never a route.
"""
