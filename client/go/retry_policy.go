// SPDX-License-Identifier: Apache-2.0

package multisafepay

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

// The minimum time of an attempt: the service refuses a call that cannot complete in time.
const attemptMin = time.Second

// RetryPolicy is how a call that moves money is repeated until its outcome is conclusive. Zero values mean the defaults.
//
//	CONFIRMED  the reply is returned; a declined card is CONFIRMED too
//	REJECTED   the error is returned: the same call would be refused again; with a retry time (RATE_LIMITED) the same
//	           call again after it
//	NOT_SENT   the same call again if the service gave a retry time, or no connection was made; else the error
//	UNKNOWN    the same call again with control.repeat: the service reads the order before it sends it
type RetryPolicy struct {
	Budget      time.Duration // All attempts and pauses together; 2 minutes.
	AttemptsMax int           // 5.
	Pause       time.Duration // Before the second attempt; 500 ms. Doubles. A longer RetryInfo takes precedence.
	// Called before each repeat, for logs.
	OnRepeat func(err *Error, wait time.Duration)

	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

// Rule is the earlier name of RetryPolicy.
//
// Deprecated: use RetryPolicy.
type Rule = RetryPolicy

// or returns the policy with its zero values replaced by those of other.
func (p RetryPolicy) or(other RetryPolicy) RetryPolicy {
	if p.Budget == 0 {
		p.Budget = other.Budget
	}
	if p.AttemptsMax == 0 {
		p.AttemptsMax = other.AttemptsMax
	}
	if p.Pause == 0 {
		p.Pause = other.Pause
	}
	if p.OnRepeat == nil {
		p.OnRepeat = other.OnRepeat
	}
	if p.now == nil {
		p.now = other.now
	}
	if p.sleep == nil {
		p.sleep = other.sleep
	}
	return p
}

func (p RetryPolicy) valid() bool { return p.Budget >= 0 && p.AttemptsMax >= 0 && p.Pause >= 0 }

func (p RetryPolicy) withDefaults() RetryPolicy {
	return p.or(RetryPolicy{Budget: 2 * time.Minute, AttemptsMax: 5, Pause: 500 * time.Millisecond, now: time.Now,
		sleep: sleep})
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type answer interface {
	proto.Message
	GetResult() *v1.CallResult
}

func setRepeat(request proto.Message) {
	message := request.ProtoReflect()
	control := message.Mutable(message.Descriptor().Fields().ByName("control")).Message()
	control.Set(control.Descriptor().Fields().ByName("repeat"), protoreflect.ValueOfBool(true))
}

func longer(a, b time.Duration) time.Duration {
	if a > b {
		return a
	}
	return b
}

func shorter(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}

// callWithRetry makes the call until its answer is conclusive, or the policy's budget or ctx is spent. Every attempt
// carries the same ids and idempotency key.
func callWithRetry[Q proto.Message, R answer](ctx context.Context, policy RetryPolicy, timeout time.Duration, request Q,
	call func(context.Context, Q) (R, error)) (R, error) {
	var none R
	policy = policy.withDefaults()
	// In a call gRPC would end it with INTERNAL, as if it had been sent.
	if _, err := proto.Marshal(request); err != nil || !request.ProtoReflect().IsValid() {
		return none, notEncodable(err)
	}
	mine := proto.Clone(request).(Q)
	end := policy.now().Add(policy.Budget)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	indeterminate := false
	for attempt, pause := 1, policy.Pause; ; attempt, pause = attempt+1, 2*pause {
		left := longer(end.Sub(policy.now()), attemptMin)
		attemptCtx, cancel := context.WithTimeout(ctx, shorter(timeout, left))
		reply, err := call(attemptCtx, mine)
		cancel()
		var failed *Error
		switch {
		case err == nil && (reply.GetResult().GetOutcome() == v1.Outcome_OUTCOME_CONFIRMED ||
			reply.GetResult().GetDryRunJson() != ""):
			return reply, nil
		case err == nil:
			failed = &Error{Code: codes.Unknown, Message: "the reply does not state the outcome",
				Outcome: v1.Outcome_OUTCOME_UNKNOWN}
		case !errors.As(err, &failed):
			return none, err
		}
		if failed.Outcome == v1.Outcome_OUTCOME_UNKNOWN {
			indeterminate = true
			setRepeat(mine)
		}
		mayRetry := failed.Outcome == v1.Outcome_OUTCOME_UNKNOWN || failed.RetryAfter != nil
		wait := pause
		if failed.RetryAfter != nil {
			wait = longer(wait, *failed.RetryAfter)
		}
		timeLeft := !policy.now().Add(wait + attemptMin).After(end)
		if mayRetry && attempt < policy.AttemptsMax && timeLeft {
			if policy.OnRepeat != nil {
				policy.OnRepeat(failed, wait)
			}
			if policy.sleep(ctx, wait) == nil {
				continue
			}
		}
		// The last attempt was not sent, but an earlier one may have been.
		if indeterminate && failed.Outcome == v1.Outcome_OUTCOME_NOT_SENT {
			failed.Outcome, failed.RetryAfter = v1.Outcome_OUTCOME_UNKNOWN, nil
		}
		return none, failed
	}
}
