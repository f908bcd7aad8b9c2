// SPDX-License-Identifier: Apache-2.0

package multisafepay

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

// silent is the address of a server that makes connections ready and then says nothing.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			conn.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) // An empty frame of settings.
		}
	}()
	return listener.Addr().String()
}

// Takes 10 s, gRPC's shortest time between pings.
func TestAConnectionWithoutAnAnswerToPingsIsClosed(t *testing.T) {
	expect(t, keepAlive.Time, 30*time.Second)
	expect(t, keepAlive.Timeout, 10*time.Second)
	usual := keepAlive
	defer func() { keepAlive = usual }()
	keepAlive.Time, keepAlive.Timeout = 10*time.Second, 100*time.Millisecond
	client, err := New(silent(t), Options{RetryPolicy: RetryPolicy{AttemptsMax: 1}})
	expect(t, err, nil)
	defer client.Close()
	_, err = client.CreateOrder(context.Background(), &v1.CreateOrderRequest{})
	var failed *Error
	expect(t, errors.As(err, &failed), true)
	expect(t, failed.Code, codes.Unavailable)
	expect(t, errors.Is(err, ErrOutcomeUnknown), true)
}
