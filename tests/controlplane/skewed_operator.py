"""The operator with a clock that is wrong by ``SKEW_SECONDS``."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, timezone

from dubjob_operator import __main__
from dubjob_operator.cluster.reconcile import Reconciler

SKEW = timedelta(seconds=float(os.environ["SKEW_SECONDS"]))


def skewed() -> datetime:
    return datetime.now(timezone.utc) + SKEW


Reconciler.__init__.__defaults__ = (skewed,)

if __name__ == "__main__":
    sys.exit(__main__.main())
