// SPDX-License-Identifier: Apache-2.0

package multisafepay

// The retry policy on answers that are made up, in virtual time.

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

type play struct {
	answers []any // *Error or *v1.CreateOrderResponse
	repeats []bool
	waits   []time.Duration
	now     time.Time
}

func (p *play) run(policy RetryPolicy) (*v1.CreateOrderResponse, error) {
	policy.now = func() time.Time { return p.now }
	policy.sleep = func(_ context.Context, d time.Duration) error {
		p.waits, p.now = append(p.waits, d), p.now.Add(d)
		return nil
	}
	request := &v1.CreateOrderRequest{OrderId: proto.String("a")}
	return callWithRetry(context.Background(), policy, 35*time.Second, request,
		func(_ context.Context, mine *v1.CreateOrderRequest) (*v1.CreateOrderResponse, error) {
			p.repeats = append(p.repeats, mine.GetControl().GetRepeat())
			next := p.answers[0]
			p.answers = p.answers[1:]
			if err, ok := next.(*Error); ok {
				return nil, err
			}
			return next.(*v1.CreateOrderResponse), nil
		})
}

var confirmed = &v1.CreateOrderResponse{Result: &v1.CallResult{Outcome: v1.Outcome_OUTCOME_CONFIRMED}}

func failed(outcome v1.Outcome) *Error { return &Error{Outcome: outcome, FromService: true} }
func unknown() *Error                  { return failed(v1.Outcome_OUTCOME_UNKNOWN) }

func expect(t *testing.T, found, expected any) {
	t.Helper()
	if !reflect.DeepEqual(found, expected) {
		t.Errorf("found %v, expected %v", found, expected)
	}
}

func TestUnknownIsRepeatedAsARepeat(t *testing.T) {
	p := &play{answers: []any{unknown(), unknown(), confirmed}}
	_, err := p.run(RetryPolicy{})
	expect(t, err, nil)
	expect(t, p.repeats, []bool{false, true, true})
	expect(t, p.waits, []time.Duration{500 * time.Millisecond, time.Second})
}

func TestNotSentIsRepeatedOnlyWhenTheServiceSaysWhen(t *testing.T) {
	after := 3 * time.Second
	busy := failed(v1.Outcome_OUTCOME_NOT_SENT)
	busy.RetryAfter = &after
	p := &play{answers: []any{busy, confirmed}}
	_, err := p.run(RetryPolicy{})
	expect(t, err, nil)
	expect(t, p.repeats, []bool{false, false})
	expect(t, p.waits, []time.Duration{after})
	_, err = (&play{answers: []any{failed(v1.Outcome_OUTCOME_NOT_SENT)}}).run(RetryPolicy{})
	expect(t, errors.Is(err, ErrNotSent), true)
}

func TestRejectedIsRepeatedOnlyWhenTheServiceSaysWhen(t *testing.T) {
	after := 3 * time.Second
	limited := failed(v1.Outcome_OUTCOME_REJECTED)
	limited.RetryAfter = &after
	p := &play{answers: []any{limited, confirmed}}
	_, err := p.run(RetryPolicy{})
	expect(t, err, nil)
	expect(t, p.repeats, []bool{false, false})
	expect(t, p.waits, []time.Duration{after})
	p = &play{answers: []any{failed(v1.Outcome_OUTCOME_REJECTED)}}
	_, err = p.run(RetryPolicy{})
	expect(t, errors.Is(err, ErrRejected), true)
	expect(t, p.repeats, []bool{false})
}

func TestNotSentAfterUnknownStaysUnknown(t *testing.T) {
	_, err := (&play{answers: []any{unknown(), failed(v1.Outcome_OUTCOME_NOT_SENT)}}).run(RetryPolicy{})
	expect(t, errors.Is(err, ErrOutcomeUnknown), true)
}

func TestAttemptsAndTimeAreBounded(t *testing.T) {
	p := &play{}
	for i := 0; i < 99; i++ {
		p.answers = append(p.answers, unknown())
	}
	_, err := p.run(RetryPolicy{})
	expect(t, errors.Is(err, ErrOutcomeUnknown), true)
	expect(t, len(p.repeats), 5)
	start := p.now
	_, err = p.run(RetryPolicy{AttemptsMax: 90, Budget: 10 * time.Second})
	expect(t, errors.Is(err, ErrOutcomeUnknown), true)
	expect(t, p.now.Sub(start) <= 10*time.Second, true)
}

func TestAReplyWithoutOutcomeIsUnknown(t *testing.T) {
	p := &play{answers: []any{&v1.CreateOrderResponse{}, confirmed}}
	_, err := p.run(RetryPolicy{})
	expect(t, err, nil)
	expect(t, p.repeats, []bool{false, true})
}

func TestARequestThatCannotBeEncodedIsRefusedAtOnce(t *testing.T) {
	client, err := New("127.0.0.1:1", Options{RetryPolicy: RetryPolicy{
		OnRepeat: func(*Error, time.Duration) { t.Error("it was tried again") }}})
	expect(t, err, nil)
	defer client.Close()
	text := "no UTF-8: \xff"
	for _, request := range []*v1.CreateOrderRequest{{Description: &text}, nil} {
		_, err = client.CreateOrder(context.Background(), request)
		expect(t, errors.Is(err, ErrInvalidRequest), true)
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for _, options := range []Options{
		{WriteTimeout: -1}, {ReadTimeout: -1}, {Site: "shop\n"}, {RetryPolicy: RetryPolicy{Budget: -1}},
		{RetryPolicy: RetryPolicy{AttemptsMax: -1}}, {RetryPolicy: RetryPolicy{Pause: -1}}, {Rule: Rule{Pause: -1}},
	} {
		_, err := New("127.0.0.1:1", options)
		expect(t, err != nil, true)
	}
}

func TestTheEarlierNameRuleIsAccepted(t *testing.T) {
	client, err := New("127.0.0.1:1", Options{
		Rule:        Rule{AttemptsMax: 2, Pause: time.Minute},
		RetryPolicy: RetryPolicy{Pause: time.Second},
	})
	expect(t, err, nil)
	defer client.Close()
	policy := client.options.RetryPolicy.withDefaults()
	expect(t, policy.AttemptsMax, 2)
	expect(t, policy.Pause, time.Second)
	expect(t, policy.Budget, 2*time.Minute)
}
