"""Breaks a running installation in every way that is known, and looks for what it lost.

What was sent and what was answered stands in a ledger outside of the installation;
at the end all is read back, through the API and by SQL, and compared with it.
"""
