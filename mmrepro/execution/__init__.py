"""Running notebooks: the papermill engine, the cache key and the job runner."""
