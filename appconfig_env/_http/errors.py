"""What to do where an answer is not the server's own, or where none comes; pure."""

from __future__ import annotations

BETWEEN = "is something between here and AWS?"
SLOW = "is AWS at fault (health.aws.amazon.com), or something between here and AWS?"
