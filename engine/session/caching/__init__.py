"""The result-set cache of dedicated pools: answers of queries that would be the same again.

rules     what may be kept, and the documented code where it may not; pure
keys      what an answer depends on, as a name
store     answers as Parquet files in the workspace, whole or not there
"""
