# SPDX-License-Identifier: Apache-2.0

"""What a học bạ says: pupils, marks, results, and the two forms they travel in.

Everything here is pure: bytes and values in, values and findings out. No module of this package opens a file, asks the
time, or knows a database, a chain or a web page. Read in this order:

* `model` and `scales`: the words, as frozen dataclasses and enums; `subjects` and `spelling` give them their names.
* `rules`: what the circulars say, dated because circulars change; `check` holds a class against them and says what is wrong
  in a teacher's words (`findings`); `differences` tells two records apart.
* `sheets`: the class as a school exports it, in XLSX, CSV or JSON, and an empty sheet to begin with.
* `xml`: the ministry's format, both ways, with its schema; `digest` is the one digest that everything rests on.
* `booklet`: what the cover of all years of a level says.
"""
