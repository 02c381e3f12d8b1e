# SPDX-License-Identifier: Apache-2.0

"""The printed form of a school record: pages, QR, places for signatures, and the stamps that fill them.

`content.PaperUnit` says what stands on the pages, `render.render_unit` makes the PDF with its empty signature
fields, and `stamps.stamp_pdf` draws what a signature shows once it is there. Nothing in here signs anything.
"""
