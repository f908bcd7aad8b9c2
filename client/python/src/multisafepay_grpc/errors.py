# SPDX-License-Identifier: Apache-2.0

"""The error of a failed call, parsed from its status and the google.rpc details in the trailer."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from multisafepay_grpc.v1 import control_pb2

# The domains of the service's own ErrorInfo; one from a proxy proves nothing.
_DOMAINS = ("multisafepay.com", "multisafepay-grpc")


@dataclass(frozen=True)
class FieldViolation:
    """One rejected field of the request: "gateway_info.card_number", and the reason; never its value."""

    field: str
    description: str


class ServiceError(Exception):
    """A failed call. For a call that moves money one of the subclasses states the outcome."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        #: "OUTCOME_UNKNOWN", "MSP_1006"; empty when the status is gRPC's own, which does not determine the payment's
        #: outcome.
        self.reason = ""
        #: Who defines the reason: "multisafepay.com" or "multisafepay-grpc".
        self.domain = ""
        #: An Outcome of the schema: OUTCOME_UNSPECIFIED for calls that move no money.
        self.outcome = control_pb2.OUTCOME_UNSPECIFIED
        #: MultiSafepay's own code and HTTP status; 0 if absent.
        self.error_code = 0
        self.http_status = 0
        self.order_id = ""
        self.violations: list[FieldViolation] = []
        #: Seconds after which the same call may be sent again; only set if nothing was done: not sent by the service,
        #: not sent by this client, or refused by MultiSafepay's rate limit.
        self.retry_after: float | None = None
        #: True if the service itself reported the error: the trailer has its ErrorInfo.
        self.from_service = False

    @property
    def outcome_name(self) -> str:
        """CONFIRMED, REJECTED, NOT_SENT, UNKNOWN; empty for calls that move no money."""
        name = control_pb2.Outcome.Name(self.outcome).removeprefix("OUTCOME_")
        return "" if name == "UNSPECIFIED" else name

    def __str__(self) -> str:
        words = [self.code.name, self.reason, self.outcome_name and f"outcome={self.outcome_name}"]
        fields = "".join(f"; {one.field}: {one.description}" for one in self.violations)
        return f"{' '.join(filter(None, words))}: {self.message}{fields}"


class Rejected(ServiceError):
    """MultiSafepay refused; nothing was done."""


class NotSent(ServiceError):
    """The service, or this client (reason NOT_CONNECTED), did not send the request; nothing was done."""


class InvalidRequest(NotSent):
    """The request itself is invalid: `violations` names the fields."""


class OutcomeUnknown(ServiceError):
    """The money may have moved. Call get_order, or repeat the same call; never under another order id.

    A refund or capture is repeated with control.repeat set, without it only 300 s after it was sent.
    """


def _class_of(code: grpc.StatusCode, outcome: int) -> type[ServiceError]:
    if outcome == control_pb2.OUTCOME_REJECTED:
        return Rejected
    if outcome == control_pb2.OUTCOME_NOT_SENT:
        return InvalidRequest if code == grpc.StatusCode.INVALID_ARGUMENT else NotSent
    return OutcomeUnknown if outcome == control_pb2.OUTCOME_UNKNOWN else ServiceError


def _details(error: grpc.RpcError):
    """ErrorInfo, BadRequest and RetryInfo of the error; empty ones where it has none that can be read."""
    kinds = error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo
    found = [kind() for kind in kinds]
    try:
        status = rpc_status.from_call(error)
        for detail in status.details if status else ():
            for message in found:
                detail.Unpack(message)
    except (ValueError, DecodeError):  # Malformed, or of another status: an intermediary replaced one of the two.
        return [kind() for kind in kinds]
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def not_sent(reason: str, message: str, retry_after: float | None = None) -> NotSent:
    """This client itself knows that nothing left it."""
    error = NotSent(grpc.StatusCode.UNAVAILABLE, message)
    error.reason, error.outcome, error.retry_after = reason, control_pb2.OUTCOME_NOT_SENT, retry_after
    return error


def read_error(error: grpc.RpcError, moves_money: bool) -> ServiceError:
    """The typed error of a call that gRPC ended with `error`."""
    info, bad, retry = _details(error)
    outcome = control_pb2.OUTCOME_UNSPECIFIED
    from_service = info.domain in _DOMAINS
    if from_service:
        name = "OUTCOME_" + info.metadata.get("outcome", "")
        outcome = dict(control_pb2.Outcome.items()).get(name, outcome)
    if not moves_money:
        outcome = control_pb2.OUTCOME_UNSPECIFIED
    elif outcome == control_pb2.OUTCOME_UNSPECIFIED:
        # A lost connection does not determine the payment's outcome.
        outcome = control_pb2.OUTCOME_UNKNOWN
    result = _class_of(error.code(), outcome)(error.code(), error.details() or "")
    result.outcome = outcome
    result.violations = [FieldViolation(one.field, one.description) for one in bad.field_violations]
    if from_service:
        result.from_service = True
        result.reason, result.domain = info.reason, info.domain
        result.error_code = _number(info.metadata.get("error_code", ""))
        result.http_status = _number(info.metadata.get("http_status", ""))
        result.order_id = info.metadata.get("order_id", "")
        # Honouring a RetryInfo that is not the service's could charge twice.
        if retry.HasField("retry_delay") and outcome != control_pb2.OUTCOME_UNKNOWN:
            result.retry_after = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return result
