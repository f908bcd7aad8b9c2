// SPDX-License-Identifier: Apache-2.0

package multisafepay_test

// Which addresses are plain text's, and a service behind a socket of this machine.

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"

	multisafepay "github.com/multisafepay-grpc/multisafepay-grpc/client/go"
	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

func TestPlainTextIsForAddressesThatStayOnThisMachine(t *testing.T) {
	for address, stays := range map[string]bool{
		"127.0.0.1:50051":            true,
		"localhost:50051":            true,
		"localhost":                  true,
		"[::1]:50051":                true,
		"dns:///localhost:50051":     true,
		"passthrough:///127.0.0.1:1": true,
		"unix:/run/msp/service":      true,
		"unix:///run/msp/service":    true,
		"127.0.0.1.example:443":      false,
		"localhost.example:443":      false,
		"dns:///unix:443":            false,
		"10.0.0.1:50051":             false,
	} {
		client, err := multisafepay.New(address, multisafepay.Options{})
		if err == nil {
			client.Close()
		}
		if stays && err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if !stays && (err == nil || !strings.Contains(err.Error(), "is not on this machine")) {
			t.Errorf("%s: %v", address, err)
		}
		_, err = multisafepay.New(address, multisafepay.Options{Proxy: "http://127.0.0.1:3128"})
		if err == nil || !strings.Contains(err.Error(), "is behind a proxy") {
			t.Errorf("%s behind a proxy: %v", address, err)
		}
	}
}

type orders struct {
	v1.UnimplementedOrderServiceServer
}

func (orders) GetOrder(_ context.Context, request *v1.GetOrderRequest) (*v1.GetOrderResponse, error) {
	id := request.GetOrderId()
	return &v1.GetOrderResponse{Order: &v1.Order{OrderId: &id}}, nil
}

func (orders) CreateOrder(context.Context, *v1.CreateOrderRequest) (*v1.CreateOrderResponse, error) {
	return &v1.CreateOrderResponse{Result: &v1.CallResult{Outcome: v1.Outcome_OUTCOME_CONFIRMED}}, nil
}

func TestASocketOfThisMachineWantsNoTLS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "service")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	v1.RegisterOrderServiceServer(server, orders{})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	client := connect(t, "unix:"+path, multisafepay.Options{})
	if id := read(t, client, "go-unix").GetOrderId(); id != "go-unix" {
		t.Error(id)
	}
	reply, err := client.CreateOrder(within(t), order("go-unix", approved))
	if err != nil || reply.GetResult().GetOutcome() != v1.Outcome_OUTCOME_CONFIRMED {
		t.Error(reply, err)
	}
}
