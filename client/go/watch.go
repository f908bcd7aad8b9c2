// SPDX-License-Identifier: Apache-2.0

package multisafepay

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

const watchBreaksMax = 8

// Watch is an order's states, one after the other; for one goroutine.
//
//	watch := client.WatchOrder(ctx, &v1.WatchOrderRequest{OrderId: &id})
//	defer watch.Close()
//	for watch.Next() {
//		watch.Change().GetOrder().GetPaymentState()
//	}
//	err := watch.Err()
type Watch struct {
	client  *Client
	ctx     context.Context
	cancel  context.CancelFunc
	request *v1.WatchOrderRequest
	stream  v1.OrderService_WatchOrderClient
	change  *v1.WatchOrderResponse
	err     error
	breaks  int
}

// WatchOrder watches an order: its current state, then each change, until it is final (or indefinitely, with Follow). A
// broken stream is resumed. ctx bounds all streams together.
func (c *Client) WatchOrder(ctx context.Context, request *v1.WatchOrderRequest) *Watch {
	ctx, cancel := context.WithCancel(c.site(ctx))
	return &Watch{client: c, ctx: ctx, cancel: cancel, request: proto.Clone(request).(*v1.WatchOrderRequest)}
}

// Next waits for the next change; false when there is none.
func (w *Watch) Next() bool {
	for w.err == nil {
		err := w.receive()
		if err == nil {
			return true
		}
		w.stream = nil
		if errors.Is(err, io.EOF) {
			w.err = io.EOF
			break
		}
		failed := readError(err, false)
		w.breaks++
		if failed.Code != codes.Unavailable || w.breaks > watchBreaksMax {
			w.err = failed
			break
		}
		policy := w.client.options.RetryPolicy.withDefaults()
		if err := policy.sleep(w.ctx, shorter(5*time.Second, policy.Pause<<(w.breaks-1))); err != nil {
			w.err = readError(err, false)
		}
	}
	return false
}

func (w *Watch) receive() (err error) {
	if w.stream == nil {
		if w.stream, err = w.client.orders.WatchOrder(w.ctx, w.request); err != nil {
			return err
		}
	}
	if w.change, err = w.stream.Recv(); err != nil {
		return err
	}
	w.breaks = 0
	if token := w.change.GetResumeToken(); token != "" {
		w.request.ResumeToken = token
	}
	return nil
}

// Change is what Next found.
func (w *Watch) Change() *v1.WatchOrderResponse { return w.change }

// Err says why Next found nothing more; nil when the order is final.
func (w *Watch) Err() error {
	if errors.Is(w.err, io.EOF) {
		return nil
	}
	return w.err
}

// Close ends the stream.
func (w *Watch) Close() { w.cancel() }
