# SPDX-License-Identifier: Apache-2.0

"""Where the keys are: PDF and XML signatures, timestamps, validation data.

This package holds signing keys and decides nothing: what is signed, by whom and in which order is decided by who calls it.
It imports nothing of ours, so that it can run alone on a teacher's computer.
"""
