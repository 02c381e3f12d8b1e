# SPDX-License-Identifier: Apache-2.0

"""The commands of `hocba`, by who uses them: a school, or anybody who wants to know whether a file is genuine."""
