"""The search: what to try, which trials go on, and a journal from which it goes on after any crash.

`machine` decides, purely; `runner` carries out on a pool; `journal` remembers; `proposer` asks Optuna.
"""
