# SPDX-License-Identifier: Apache-2.0

"""The chain, and the registry contract on it.

`registry` says what may be asked and done, `web3_registry` does it through one node, `quorum` asks several nodes and believes
what enough of them say, `quorum_sender` carries changes through several; `wallet` keeps the chain key, and `remote_wallet` asks
a signer elsewhere for its signature. A verifier imports the first three and never the others.
"""
