// SPDX-License-Identifier: Apache-2.0

package multisafepay_test

// The merchant API beside orders by card, each method once against the sandbox.

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	multisafepay "github.com/multisafepay-grpc/multisafepay-grpc/client/go"
	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

// must returns the reply of a call that has to succeed: must(client.GetAccount(...))(t).
func must[R any](reply R, err error) func(*testing.T) R {
	return func(t *testing.T) R {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
}

func otherOrder(id string, change func(*v1.CreateOrderRequest)) *v1.CreateOrderRequest {
	order := &v1.CreateOrderRequest{
		Type: proto.String("redirect"), OrderId: &id, Currency: proto.String("EUR"), Amount: proto.Int64(1500),
		Description: proto.String("Tulips"),
	}
	change(order)
	return order
}

func atTerminal(order *v1.CreateOrderRequest) {
	order.GatewayInfo = &v1.GatewayInfo{TerminalId: proto.String("00000MAN")}
}

func TestWhatACheckoutPageNeeds(t *testing.T) {
	client := plainClient(t)
	token := must(client.CreateApiToken(within(t), &v1.CreateApiTokenRequest{}))(t)
	if text := token.GetApiToken().GetApiToken(); !strings.HasPrefix(text, "pub.v2.") {
		t.Fatal(text)
	}
	session := must(client.CreateApplePaySession(within(t),
		&v1.CreateApplePaySessionRequest{OriginDomain: proto.String("shop.example"),
			ValidationUrl: proto.String("https://apple-pay-gateway.apple.com/paymentservices/startSession")}))(t)
	var opened struct{ DomainName string }
	if err := json.Unmarshal([]byte(session.GetApplePaySession().GetSession()), &opened); err != nil ||
		opened.DomainName != "shop.example" {
		t.Fatal(err, opened)
	}
	banks := must(client.ListIssuers(within(t),
		&v1.ListIssuersRequest{GatewayId: proto.String("ideal")}))(t).GetIssuers()
	for _, bank := range banks {
		if bank.GetCode() == "3151" && bank.GetDescription() == "Test bank" {
			return
		}
	}
	t.Fatal(banks)
}

func TestTerminalsAndAReceipt(t *testing.T) {
	client := plainClient(t)
	terminals := must(client.ListTerminals(within(t),
		&v1.ListTerminalsRequest{Limit: proto.Int32(2)}))(t).GetTerminals()
	if len(terminals) != 2 || terminals[1].GetId() != "00000DEC" {
		t.Fatal(terminals)
	}
	group := must(client.ListGroupTerminals(within(t),
		&v1.ListGroupTerminalsRequest{TerminalGroupId: proto.String("57959")}))(t).GetTerminals()
	if len(group) != 2 || group[0].GetId() != "00000MAN" {
		t.Fatal(group)
	}
	must(client.CreateOrder(within(t), otherOrder("go-terminal", atTerminal)))(t)
	control(t, "orders/go-terminal/terminal", members{"outcome": "approve"})
	receipt := must(client.GetReceipt(within(t),
		&v1.GetReceiptRequest{OrderId: proto.String("go-terminal")}))(t).GetReceipt()
	if receipt.GetOrder().GetAmount() != 1500 || receipt.GetPayment().GetTerminalId() != "00000MAN" {
		t.Fatal(receipt)
	}
}

func TestAnOrderAtATerminalIsCancelledByPostAlone(t *testing.T) {
	client := plainClient(t)
	must(client.CreateOrder(within(t), otherOrder("go-left", atTerminal)))(t)
	request := &v1.CancelOrderRequest{OrderId: proto.String("go-left")}
	if _, err := client.CancelOrder(within(t), request); !errors.Is(err, multisafepay.ErrRejected) {
		t.Fatal(err)
	}
	request.By = v1.CancelMethod_CANCEL_METHOD_POST
	order := must(client.CancelOrder(within(t), request))(t).GetOrder()
	if order.GetPaymentState() != v1.PaymentState_PAYMENT_STATE_CANCELLED {
		t.Fatal(order)
	}
}

func TestPayAfterDeliveryIsHeldAndExtended(t *testing.T) {
	client := plainClient(t)
	later := func(order *v1.CreateOrderRequest) { order.Gateway = proto.String("PAYAFTER") }
	must(client.CreateOrder(within(t), otherOrder("go-later", later)))(t)
	control(t, "orders/go-later/pay", members{"scenario": "completed"})
	extend := func(days int32) string {
		return must(client.ExtendOrder(within(t),
			&v1.ExtendOrderRequest{OrderId: proto.String("go-later"), Days: &days}))(t).GetUntil()
	}
	if first, second := extend(3), extend(4); first >= second {
		t.Fatal(first, second)
	}
	hold := must(client.HoldOrder(within(t),
		&v1.HoldOrderRequest{OrderId: proto.String("go-later"), Duration: proto.Int64(86400)}))(t)
	if hold.GetUntil() == "" {
		t.Fatal(hold)
	}
}

func TestEvidenceIsHandedIn(t *testing.T) {
	client := plainClient(t)
	create(t, client, "go-evidence", approved, v1.PaymentState_PAYMENT_STATE_PAID)
	must(client.AddOrderFile(within(t), &v1.AddOrderFileRequest{
		OrderId: proto.String("go-evidence"), Type: proto.String("PDF"), Base64: []byte("%PDF-1.4"),
		Description: proto.String("Delivered"), Name: proto.String("parcel.pdf"),
	}))(t)
	var kept struct {
		Data struct {
			Files []struct {
				Name  string
				Bytes int
			}
		}
	}
	if err := json.Unmarshal([]byte(control(t, "orders/go-evidence", nil)), &kept); err != nil {
		t.Fatal(err)
	}
	if files := kept.Data.Files; len(files) != 1 || files[0].Name != "parcel.pdf" || files[0].Bytes != 8 {
		t.Fatal(files)
	}
}

func TestTheAccount(t *testing.T) {
	client := plainClient(t)
	account := must(client.GetAccount(within(t), &v1.GetAccountRequest{}))(t).GetAccount()
	if account.GetAccountId() != "1001001" || account.GetSiteId() != "10001" {
		t.Fatal(account)
	}
	categories := must(client.ListCategories(within(t), &v1.ListCategoriesRequest{}))(t)
	if first := categories.GetCategories()[0].GetDescription(); first != "Clothing and shoes" {
		t.Fatal(first)
	}
	balances := must(client.ListClosingBalances(within(t),
		&v1.ListClosingBalancesRequest{Currency: proto.String("USD")}))(t)
	if len(balances.GetClosingBalances()) != 0 {
		t.Fatal(balances)
	}
}
