// SPDX-License-Identifier: Apache-2.0

// Moves money for the chaos harness: one HTTP POST for each call of the client, which follows its retry policy.
//
// The body is {"server", "method", "request" (base64 of the method's message), "attempt_ms"}; the answer is {"ok": true,
// "response"} or the error's facts. Prints a ready line; runs until it is killed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	multisafepay "github.com/multisafepay-grpc/multisafepay-grpc/client/go"
	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

type requestBody struct {
	Server    string `json:"server"`
	Method    string `json:"method"`
	Request   []byte `json:"request"`
	AttemptMs int64  `json:"attempt_ms"`
}

type answerBody struct {
	OK          bool       `json:"ok"`
	Response    []byte     `json:"response,omitempty"`
	Code        uint32     `json:"code"`
	Message     string     `json:"message"`
	Reason      string     `json:"reason"`
	Outcome     v1.Outcome `json:"outcome"`
	ErrorCode   int        `json:"error_code"`
	OrderID     string     `json:"order_id"`
	FromService bool       `json:"from_service"`
}

// One client for each server and time of an attempt; most attempts have the same.
type key struct {
	server string
	time   int64
}

var (
	mutex   sync.Mutex
	clients = map[key]*multisafepay.Client{}
)

// clientOf returns a client and what to do when it is no longer needed.
func clientOf(one requestBody) (*multisafepay.Client, func(), error) {
	mutex.Lock()
	defer mutex.Unlock()
	const usualMs = 9000
	at := key{one.Server, one.AttemptMs}
	if found := clients[at]; found != nil {
		return found, func() {}, nil
	}
	made, err := multisafepay.New(one.Server, multisafepay.Options{
		WriteTimeout: time.Duration(one.AttemptMs) * time.Millisecond,
		RetryPolicy:  multisafepay.RetryPolicy{Budget: 20 * time.Second, AttemptsMax: 5, Pause: 30 * time.Millisecond},
	})
	if err != nil {
		return nil, nil, err
	}
	if one.AttemptMs != usualMs {
		return made, func() { made.Close() }, nil
	}
	clients[at] = made
	return made, func() {}, nil
}

type method func(*multisafepay.Client, []byte) (proto.Message, error)

// by makes the method whose request and reply are Q and R.
func by[Q any, R proto.Message, P interface {
	*Q
	proto.Message
}](call func(*multisafepay.Client, context.Context, P) (R, error)) method {
	return func(client *multisafepay.Client, bytes []byte) (proto.Message, error) {
		request := P(new(Q))
		if err := proto.Unmarshal(bytes, request); err != nil {
			return nil, err
		}
		return call(client, context.Background(), request)
	}
}

var methods = map[string]method{
	"CreateOrder":  by((*multisafepay.Client).CreateOrder),
	"CaptureOrder": by((*multisafepay.Client).CaptureOrder),
	"VoidOrder":    by((*multisafepay.Client).VoidOrder),
	"CancelOrder":  by((*multisafepay.Client).CancelOrder),
	"RefundOrder":  by((*multisafepay.Client).RefundOrder),
}

func call(one requestBody) (answerBody, error) {
	method := methods[one.Method]
	if method == nil {
		return answerBody{}, fmt.Errorf("no method %q", one.Method)
	}
	client, done, err := clientOf(one)
	if err != nil {
		return answerBody{}, err
	}
	defer done()
	reply, err := method(client, one.Request)
	var failed *multisafepay.Error
	if errors.As(err, &failed) {
		return answerBody{Code: uint32(failed.Code), Message: failed.Message, Reason: failed.Reason, Outcome: failed.Outcome,
			ErrorCode: failed.ErrorCode, OrderID: failed.OrderID, FromService: failed.FromService}, nil
	}
	if err != nil {
		return answerBody{}, err
	}
	bytes, err := proto.Marshal(reply)
	return answerBody{OK: true, Response: bytes}, err
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"event\":\"serving\",\"listen\":%q}\n", listener.Addr().String())
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var one requestBody
		err := json.NewDecoder(r.Body).Decode(&one)
		var answer answerBody
		if err == nil {
			answer, err = call(one)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError) // The harness says what it was and ends.
			return
		}
		json.NewEncoder(w).Encode(answer)
	})))
}
