# SPDX-License-Identifier: Apache-2.0

"""Client of the multisafepay-grpc payment service."""

from multisafepay_grpc.certain import Rule
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

__all__ = [
    "Client",
    "FieldViolation",
    "InvalidRequest",
    "NotSent",
    "OutcomeUnknown",
    "Rejected",
    "Rule",
    "ServiceError",
    "Tls",
]
