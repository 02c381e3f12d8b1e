# SPDX-License-Identifier: Apache-2.0

"""Benchmarks: ratios against a peer or a raw limit in the same run, never timed tests."""
