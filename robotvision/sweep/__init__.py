"""Many runs from one file: a grid of configurations, computed once, on Dask.

`robotvision.sweep.plan` reads the file, `robotvision.sweep.steps` finds what runs share,
`robotvision.sweep.engine` has a cluster do it, `robotvision.sweep.table` is what comes out.
"""
