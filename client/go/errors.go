// SPDX-License-Identifier: Apache-2.0

package multisafepay

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

// The outcomes of a failed call that moves money; for errors.Is.
var (
	// ErrRejected: MultiSafepay refused; nothing was done.
	ErrRejected = errors.New("rejected")
	// ErrNotSent: the service, or this client (Reason NOT_CONNECTED), did not send the request; nothing was done.
	ErrNotSent = errors.New("not sent")
	// ErrInvalidRequest: the request itself is invalid; Error.Violations names the fields. It was not sent either.
	ErrInvalidRequest = errors.New("invalid request")
	// ErrOutcomeUnknown: the money may have moved. Call GetOrder, or repeat the same call; never under another order id.
	// A refund or capture is repeated with Control.Repeat set, without it only 300 s after it was sent.
	ErrOutcomeUnknown = errors.New("outcome unknown")
)

// The domains of the service's own ErrorInfo; one from a proxy proves nothing.
const (
	remoteDomain = "multisafepay.com"
	ownDomain    = "multisafepay-grpc"
)

// FieldViolation is one rejected field of the request.
type FieldViolation struct {
	Field       string // "gateway_info.card_number"
	Description string // Never the value.
}

// Error is a failed call.
type Error struct {
	Code    codes.Code
	Message string
	// "OUTCOME_UNKNOWN", "MSP_1006"; empty for gRPC's own status, which proves nothing about the payment.
	Reason string
	// Who defines the reason: "multisafepay.com" or "multisafepay-grpc".
	Domain string
	// The outcome; OUTCOME_UNSPECIFIED for calls that move no money.
	Outcome v1.Outcome
	// MultiSafepay's own code and HTTP status; 0 if absent.
	ErrorCode  int
	HTTPStatus int
	OrderID    string
	Violations []FieldViolation
	// The time after which the same call may be sent again; nil unless nothing was done: not sent, or refused by
	// MultiSafepay's rate limit.
	RetryAfter *time.Duration
	// True if the service itself reported the error: the trailer has its ErrorInfo.
	FromService bool

	cause error
}

func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString(e.Code.String())
	if e.Reason != "" {
		text.WriteString(" " + e.Reason)
	}
	if e.Outcome != v1.Outcome_OUTCOME_UNSPECIFIED {
		text.WriteString(" outcome=" + strings.TrimPrefix(e.Outcome.String(), "OUTCOME_"))
	}
	text.WriteString(": " + e.Message)
	for _, violation := range e.Violations {
		fmt.Fprintf(&text, "; %s: %s", violation.Field, violation.Description)
	}
	return text.String()
}

// Unwrap returns gRPC's own error, for status.FromError.
func (e *Error) Unwrap() error { return e.cause }

// Is compares with the Err... of this package.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrRejected:
		return e.Outcome == v1.Outcome_OUTCOME_REJECTED
	case ErrNotSent:
		return e.Outcome == v1.Outcome_OUTCOME_NOT_SENT
	case ErrInvalidRequest:
		return e.Outcome == v1.Outcome_OUTCOME_NOT_SENT && e.Code == codes.InvalidArgument
	case ErrOutcomeUnknown:
		return e.Outcome == v1.Outcome_OUTCOME_UNKNOWN
	}
	return false
}

func (e *Error) takeInfo(info *errdetails.ErrorInfo) {
	if info.GetDomain() != remoteDomain && info.GetDomain() != ownDomain {
		return
	}
	metadata := info.GetMetadata()
	e.FromService = true
	e.Reason, e.Domain, e.OrderID = info.GetReason(), info.GetDomain(), metadata["order_id"]
	e.Outcome = v1.Outcome(v1.Outcome_value["OUTCOME_"+metadata["outcome"]])
	// A value that is not a number counts as absent.
	e.ErrorCode, _ = strconv.Atoi(metadata["error_code"])
	e.HTTPStatus, _ = strconv.Atoi(metadata["http_status"])
}

// notEncodable is the error of a request that is nil, or that cannot be encoded because of err.
func notEncodable(err error) *Error {
	result := &Error{Code: codes.InvalidArgument, Message: "the request is nil", Outcome: v1.Outcome_OUTCOME_NOT_SENT,
		cause: err}
	if err != nil {
		result.Message = "the request cannot be encoded: " + err.Error()
	}
	return result
}

// readError is the typed error of a call that gRPC ended with err, which is not nil.
func readError(err error, movesMoney bool) *Error {
	state, ok := status.FromError(err)
	if !ok {
		state = status.FromContextError(err)
	}
	result := &Error{Code: state.Code(), Message: state.Message(), cause: err}
	for _, detail := range state.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			result.takeInfo(detail)
		case *errdetails.BadRequest:
			for _, one := range detail.GetFieldViolations() {
				result.Violations = append(result.Violations, FieldViolation{one.GetField(), one.GetDescription()})
			}
		case *errdetails.RetryInfo:
			if delay := detail.GetRetryDelay(); delay != nil {
				after := delay.AsDuration()
				result.RetryAfter = &after
			}
		}
	}
	if !movesMoney {
		result.Outcome = v1.Outcome_OUTCOME_UNSPECIFIED
	} else if result.Outcome == v1.Outcome_OUTCOME_UNSPECIFIED {
		// A lost connection does not determine the payment's outcome.
		result.Outcome = v1.Outcome_OUTCOME_UNKNOWN
	}
	// Honouring a RetryInfo that is not the service's could charge twice.
	if !result.FromService || result.Outcome == v1.Outcome_OUTCOME_UNKNOWN {
		result.RetryAfter = nil
	}
	return result
}
