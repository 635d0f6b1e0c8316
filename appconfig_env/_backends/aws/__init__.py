"""The one home of AWS: its operations, how they are signed, sent, retried; which calls read what.

Nothing is imported here: the settings of this package are part of every start, its clients are not
(`choose.backend` is the way in).
"""
