# SPDX-License-Identifier: Apache-2.0

"""The way in of `bench_class`: `python -m scripts.bench [pupils ...]`. Thin, as `scripts.__main__` is and for its reason.

Its workers would otherwise import the benchmark, and pay for what no worker of production imports.
"""


def main() -> None:
    """Runs it."""
    from scripts.bench.bench_class import main as run  # noqa: PLC0415 - see above

    run()


if __name__ == "__main__":
    main()
