# SPDX-License-Identifier: Apache-2.0

"""The chain, and the registry contract on it.

`registry` says what may be asked and done, `web3_registry` does it through one node, `quorum` asks several nodes and believes
what enough of them say, `wallet` keeps the chain key. A verifier imports the first three and never the last.
"""
