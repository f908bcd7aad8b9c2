// SPDX-License-Identifier: Apache-2.0

package multisafepay

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

const (
	// The rest of a call's time is for the call itself. Also the longest pause between two attempts to connect.
	connectMax = 5 * time.Second
	// The time for gRPC to report why it is not connected.
	reasonMax = 200 * time.Millisecond
)

// connect connects conn unless it is ready, for half of ctx's time and connectMax at most. The error is NOT_SENT:
// without a connection the request provably was not sent.
func connect(ctx context.Context, conn *grpc.ClientConn, tried string) error {
	start := time.Now()
	wait := connectMax
	if deadline, ok := ctx.Deadline(); ok {
		wait = shorter(wait, deadline.Sub(start)/2)
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if state == connectivity.Idle {
			conn.Connect()
		}
		if state == connectivity.Shutdown || !conn.WaitForStateChange(waiting, state) {
			after := time.Duration(0)
			waited := time.Since(start).Round(time.Millisecond)
			return &Error{Code: codes.Unavailable, Reason: "NOT_CONNECTED", Outcome: v1.Outcome_OUTCOME_NOT_SENT,
				RetryAfter: &after,
				Message:    fmt.Sprintf("no connection to %s within %v%s", tried, waited, connectReason(conn))}
		}
	}
	return nil
}

// connectReason is gRPC's reason for having no connection, which only a call returns: it fails at once. This call reads
// and changes nothing.
func connectReason(conn *grpc.ClientConn) string {
	ctx, cancel := context.WithTimeout(context.Background(), reasonMax)
	defer cancel()
	err := conn.Invoke(ctx, "/grpc.health.v1.Health/Check", &emptypb.Empty{}, &emptypb.Empty{})
	if status.Code(err) != codes.Unavailable {
		return ""
	}
	return ": " + status.Convert(err).Message()
}

// proxyDialer asks the proxy to CONNECT to the address.
func proxyDialer(proxy string) (func(context.Context, string) (net.Conn, error), error) {
	where, err := url.Parse(proxy)
	if err != nil || where.Scheme != "http" || where.Port() == "" {
		return nil, errors.New("the proxy is not http://HOST:PORT")
	}
	request := http.Request{Method: http.MethodConnect, Header: http.Header{}}
	if where.User != nil {
		password, _ := where.User.Password()
		pair := base64.StdEncoding.EncodeToString([]byte(where.User.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+pair)
	}
	return func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", where.Host)
		if err != nil {
			return nil, err
		}
		if deadline, ok := ctx.Deadline(); ok {
			conn.SetDeadline(deadline)
		}
		mine := request
		mine.Host, mine.URL = address, &url.URL{Host: address}
		reader := bufio.NewReader(conn)
		var answer *http.Response
		if err = mine.Write(conn); err == nil {
			answer, err = http.ReadResponse(reader, &mine)
		}
		if err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("the proxy answered %s", answer.Status)
		}
		if err != nil {
			conn.Close()
			return nil, err
		}
		conn.SetDeadline(time.Time{})
		return &proxied{Conn: conn, reader: reader}, nil
	}, nil
}

// proxied first returns the bytes that followed the proxy's answer.
type proxied struct {
	net.Conn
	reader *bufio.Reader
}

func (p *proxied) Read(bytes []byte) (int, error) { return p.reader.Read(bytes) }
