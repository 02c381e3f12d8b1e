# SPDX-License-Identifier: Apache-2.0

"""The audit: what the ledger says, held against its files, its journal and the chain, row by row and in constant memory.

`auditor.audit` is the way in; `findings` is the table of everything that can be found. What each part compares stands at its top:

* `journal_part`: the journal's own chain of hashes, and whether what it tells of is there
* `class_part`: classes against their imports, pupils against the enrolled count
* `unit_part`: each unit against its manifest, signatures, files, leaf, recall and journal entries
* `batch_part`: each leaf, path, root and receipt, derived again
* `errand_part`: recalls, acts, numbers and attempts
* `transfer_part`: transfers against the journal
* `chain_part`: all of that against the contract's events and state
* `file_part`: every byte

It reads and never mends: what to do about a finding is a person's decision, and stands beside it.
"""
