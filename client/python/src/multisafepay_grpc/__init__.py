# SPDX-License-Identifier: Apache-2.0

"""Client of the multisafepay-grpc payment service."""

from multisafepay_grpc.channel import Tls
from multisafepay_grpc.client import Client
from multisafepay_grpc.errors import (
    FieldViolation,
    InvalidRequest,
    NotSent,
    OutcomeUnknown,
    Rejected,
    ServiceError,
)
from multisafepay_grpc.retry_policy import RetryPolicy

#: The earlier name, deprecated.
Rule = RetryPolicy

__all__ = [
    "Client",
    "FieldViolation",
    "InvalidRequest",
    "NotSent",
    "OutcomeUnknown",
    "Rejected",
    "RetryPolicy",
    "Rule",
    "ServiceError",
    "Tls",
]
