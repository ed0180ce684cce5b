"""Requests: told to the event log as they run, read back as the views of a pool, billed and limited.

recorder    records of the log while statements are done
history     what the log tells, folded; pure
reading     the history of a workspace, kept up to date in this process
budget      billed MB, periods and limits; pure
allowance   the refusal of a query whose budget is used up
"""
