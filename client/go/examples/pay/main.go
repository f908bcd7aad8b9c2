// SPDX-License-Identifier: Apache-2.0

// A first payment: create an order, watch it until it is paid, refund a part.
//
// usage: go run ./examples/pay [ORDER_ID]      MSP_SERVER is the service, 127.0.0.1:50051 when absent
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	multisafepay "github.com/multisafepay-grpc/multisafepay-grpc/client/go"
	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

func main() {
	log.SetFlags(0)
	server := os.Getenv("MSP_SERVER")
	if server == "" {
		server = "127.0.0.1:50051"
	}
	orderID := fmt.Sprintf("first-%d", time.Now().UnixNano())
	if len(os.Args) > 1 {
		orderID = os.Args[1]
	}
	client, err := multisafepay.New(server, multisafepay.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if err := pay(client, orderID); errors.Is(err, multisafepay.ErrOutcomeUnknown) {
		log.Fatalf("%s may be paid; run this again with the same id: %v", orderID, err)
	} else if err != nil {
		log.Fatal(err)
	}
}

func pay(client *multisafepay.Client, orderID string) error {
	ctx := context.Background()
	reply, err := client.CreateOrder(ctx, &v1.CreateOrderRequest{
		Type:        proto.String("direct"),
		OrderId:     &orderID,
		Currency:    proto.String("EUR"),
		Amount:      proto.Int64(4995),
		Gateway:     proto.String("CREDITCARD"),
		Description: proto.String("Forty red tulips"),
		GatewayInfo: &v1.GatewayInfo{
			CardNumber:     proto.String("4111111111111111"),
			CardExpiryDate: proto.String("3012"),
			CardCvc:        proto.String("123"),
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("created %s: transaction %s\n", orderID, reply.GetOrder().GetTransactionId())
	if redirect := reply.GetOrder().GetNextAction().GetRedirect(); redirect != nil {
		fmt.Printf("send the customer to %s\n", redirect.GetUrl())
	}

	watch := client.WatchOrder(ctx, &v1.WatchOrderRequest{OrderId: &orderID})
	defer watch.Close()
	for watch.Next() {
		fmt.Printf("watched %s: %s\n", orderID, watch.Change().GetOrder().GetPaymentState())
	}
	if err := watch.Err(); err != nil {
		return err
	}

	refund, err := client.RefundOrder(ctx, &v1.RefundOrderRequest{
		OrderId:       &orderID,
		Refund:        &v1.RefundOrderRequest_Amount{Amount: 1500},
		Currency:      proto.String("EUR"),
		RefundOrderId: proto.String(orderID + "-r1"),
	})
	if err != nil {
		return err
	}
	fmt.Printf("refunded %d of %s: %s\n", refund.GetRefund().GetAmount(), orderID, refund.GetRefund().GetPspRefundId())
	return nil
}
