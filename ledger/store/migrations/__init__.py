# SPDX-License-Identifier: Apache-2.0

"""The tables' history, one step a file, forward only."""
