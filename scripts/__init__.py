# SPDX-License-Identifier: Apache-2.0

"""Composition and the command line: the one place where settings are read and parts meet."""
