"""`python -m tests.golden [network…]`: print the parity table."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from tests.golden.parity import TOLERANCE, batches_of, compare


def main(networks: list[str]) -> bool:
    """Print network, batch, error and key counts; return whether all is within tolerance."""
    table = Table("network", "seed", "batch", "max error", "missing", "unexpected", box=None)
    rows = [compare(batch) for batch in batches_of(*networks)]
    for row in rows:
        counts = (str(row.missing), str(row.unexpected))
        identity = (row.batch.network, str(row.batch.seed), str(row.batch.size))
        table.add_row(*identity, f"{row.error:.1e}", *counts)
    Console(highlight=False).print(table)
    return all(row.error <= TOLERANCE and row.missing == row.unexpected == 0 for row in rows)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
