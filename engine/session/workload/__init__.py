"""Who runs and who waits on a dedicated pool: capacity, groups, classifiers, and the queue between them."""
