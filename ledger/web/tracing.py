# SPDX-License-Identifier: Apache-2.0

"""What FastAPI may tell others of requests: nothing.

It can send traces, with paths, words of errors and stack traces, to whatever collector the environment names. Paths hold digests,
ids and the secrets of invitations. What operators may see is in `verifier_api.telemetry`.
"""

from typing import Final

from fastapi.telemetry import TelemetryConfig

NONE: Final = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False)
