"""What sweeps and contests share: Dask clusters, exclusive slots, the store of finished runs."""
