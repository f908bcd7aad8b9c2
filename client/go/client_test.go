// SPDX-License-Identifier: Apache-2.0

package multisafepay_test

// The client against a real service and its sandbox; tests/clients/with_service.py starts both.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	multisafepay "github.com/multisafepay-grpc/multisafepay-grpc/client/go"
	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

const (
	approved  = "4111111111111111"
	challenge = "5555555555554444"
)

func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run by tests/clients/with_service.py", name)
	}
	return value
}

func connect(t *testing.T, server string, options multisafepay.Options) *multisafepay.Client {
	t.Helper()
	client, err := multisafepay.New(server, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func plainClient(t *testing.T) *multisafepay.Client {
	t.Helper()
	return connect(t, setting(t, "MSP_SERVER"), multisafepay.Options{})
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

type members map[string]any

// control asks the sandbox's own side and returns the text of its answer.
func control(t *testing.T, path string, body members) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, setting(t, "MSP_TEST_CONTROL")+path, nil)
	if body != nil {
		text, _ := json.Marshal(body)
		request, err = http.NewRequest(http.MethodPost, setting(t, "MSP_TEST_CONTROL")+path, bytes.NewReader(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: &http.Transport{}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, answer.StatusCode, text)
	}
	return string(text)
}

func order(id, card string) *v1.CreateOrderRequest {
	return &v1.CreateOrderRequest{
		Type: proto.String("direct"), OrderId: &id, Currency: proto.String("EUR"), Amount: proto.Int64(4995),
		Gateway: proto.String("CREDITCARD"), Description: proto.String("Forty red tulips"),
		GatewayInfo: &v1.GatewayInfo{CardNumber: &card, CardExpiryDate: proto.String("3012"), CardCvc: proto.String("123")},
	}
}

func create(t *testing.T, client *multisafepay.Client, id, card string, state v1.PaymentState) *v1.CreateOrderResponse {
	t.Helper()
	reply, err := client.CreateOrder(within(t), order(id, card))
	if err != nil {
		t.Fatal(err)
	}
	if found := reply.GetOrder().GetPaymentState(); found != state {
		t.Fatalf("%s is %v, not %v", id, found, state)
	}
	return reply
}

func read(t *testing.T, client *multisafepay.Client, id string) *v1.Order {
	t.Helper()
	found, err := client.GetOrder(within(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnOrderIsPaidThrough3DSecure(t *testing.T) {
	client := plainClient(t)
	create(t, client, "go-3ds", challenge, v1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION)
	control(t, "orders/go-3ds/3ds", members{"result": "Y"})
	if state := read(t, client, "go-3ds").GetPaymentState(); state != v1.PaymentState_PAYMENT_STATE_PAID {
		t.Fatal(state)
	}
}

func TestADeclinedCardIsNoError(t *testing.T) {
	reply := create(t, plainClient(t), "go-declined", "4012001038488884", v1.PaymentState_PAYMENT_STATE_DECLINED)
	if code := reply.GetOrder().GetDecline().GetReasonCode(); code != "4002" {
		t.Fatal(code)
	}
}

func TestAWrongRequestNamesItsField(t *testing.T) {
	wrong := order("go-wrong", approved)
	wrong.PaymentOptions = &v1.PaymentOptions{RedirectUrl: proto.String("not an address")}
	_, err := plainClient(t).CreateOrder(within(t), wrong)
	var failed *multisafepay.Error
	if !errors.Is(err, multisafepay.ErrInvalidRequest) || !errors.Is(err, multisafepay.ErrNotSent) || !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if len(failed.Violations) != 1 || failed.Violations[0].Field != "payment_options.redirect_url" {
		t.Fatal(failed.Violations)
	}
	if failed.Code != codes.InvalidArgument {
		t.Fatal(failed.Code)
	}
}

func TestMultiSafepaysRefusalIsRejectedWithItsCode(t *testing.T) {
	_, err := plainClient(t).CreateOrder(within(t), order("go-refused", "4242424242424242"))
	var failed *multisafepay.Error
	if !errors.Is(err, multisafepay.ErrRejected) || !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if failed.Reason != "MSP_1024" || failed.ErrorCode != 1024 || strings.Contains(err.Error(), "4242424242424242") {
		t.Fatal(err)
	}
}

func TestAnUnknownOutcomeIsResolvedAndChargedOnce(t *testing.T) {
	var outcomes []v1.Outcome
	client := connect(t, setting(t, "MSP_SERVER"), multisafepay.Options{
		WriteTimeout: 1500 * time.Millisecond,
		RetryPolicy: multisafepay.RetryPolicy{OnRepeat: func(err *multisafepay.Error, _ time.Duration) {
			outcomes = append(outcomes, err.Outcome)
		}},
	})
	fault := func(method string, times int, effect members) {
		control(t, "faults", members{"match": members{"order_id": "go-unknown", "path": "/v1/json/orders*",
			"method": method, "times": times}, "effect": effect})
	}
	fault("POST", 1, members{"name": "commit_then_fail"})
	// As many lookups fail as the first attempt has time for, and some of the second. A truncated answer is not requested
	// again.
	fault("GET", 4, members{"name": "reset", "when": "in_body"})
	reply := create(t, client, "go-unknown", approved, v1.PaymentState_PAYMENT_STATE_PAID)
	if len(outcomes) == 0 || outcomes[0] != v1.Outcome_OUTCOME_UNKNOWN {
		t.Fatal(outcomes)
	}
	again := create(t, client, "go-unknown", approved, v1.PaymentState_PAYMENT_STATE_PAID)
	if !again.GetResult().GetReplayed() || again.GetOrder().GetTransactionId() != reply.GetOrder().GetTransactionId() {
		t.Fatal(again.GetResult())
	}
}

func TestALostConnectionIsUnknownAndALostReadIsNot(t *testing.T) {
	client := connect(t, setting(t, "MSP_TEST_DROPPER"),
		multisafepay.Options{RetryPolicy: multisafepay.RetryPolicy{AttemptsMax: 2, Pause: time.Millisecond}})
	_, err := client.CreateOrder(within(t), order("go-nobody", approved))
	var failed *multisafepay.Error
	if !errors.Is(err, multisafepay.ErrOutcomeUnknown) || !errors.As(err, &failed) || failed.FromService {
		t.Fatal(err)
	}
	_, err = client.GetOrder(within(t), "go-nobody")
	if !errors.As(err, &failed) || failed.Outcome != v1.Outcome_OUTCOME_UNSPECIFIED {
		t.Fatal(err)
	}
}

func TestWithoutAConnectionNothingWasSent(t *testing.T) {
	plain, tls := setting(t, "MSP_SERVER"), setting(t, "MSP_TEST_TLS_SERVER")
	for name, c := range map[string]struct {
		server string
		tls    *multisafepay.TLS
		way    string
	}{
		"dead port":              {"127.0.0.1:1", nil, " in plain text"},
		"wrong host":             {"nobody..invalid:443", &multisafepay.TLS{}, " with TLS"},
		"TLS against plain text": {plain, &multisafepay.TLS{}, " with TLS"},
		"plain text against TLS": {tls, nil, " in plain text"},
		"other roots":            {tls, &multisafepay.TLS{}, " with TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			client := connect(t, c.server, multisafepay.Options{TLS: c.tls, WriteTimeout: time.Second,
				RetryPolicy: multisafepay.RetryPolicy{AttemptsMax: 2, Pause: time.Millisecond}})
			_, err := client.CreateOrder(within(t), order("go-not-connected", approved))
			var failed *multisafepay.Error
			if !errors.Is(err, multisafepay.ErrNotSent) || !errors.As(err, &failed) {
				t.Fatal(err)
			}
			if failed.Code != codes.Unavailable || failed.Reason != "NOT_CONNECTED" || failed.FromService ||
				!strings.HasPrefix(failed.Message, "no connection to "+c.server+c.way+" within ") {
				t.Fatal(err)
			}
		})
	}
}

// net/http reads the environment once in a process, so it is set before any test.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "grpc_proxy"} {
		os.Setenv(name, "http://"+os.Getenv("MSP_TEST_PROXY"))
	}
	os.Unsetenv("NO_PROXY")
	os.Unsetenv("no_proxy")
	os.Exit(m.Run())
}

func proxyLog(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(setting(t, "MSP_TEST_PROXY_LOG"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAProxyOfTheEnvironmentIsNotConnectedTo(t *testing.T) {
	before := proxyLog(t)
	// This machine by a name that net/http does not leave out by itself.
	server := strings.Replace(setting(t, "MSP_SERVER"), "127.0.0.1", "0.0.0.0", 1)
	client := connect(t, server, multisafepay.Options{AllowPlaintext: true})
	create(t, client, "go-no-proxy", approved, v1.PaymentState_PAYMENT_STATE_PAID)
	read(t, client, "go-no-proxy")
	if after := proxyLog(t); after != before {
		t.Fatal(after)
	}
}

func TestAProxyThatWasNamedIsUsed(t *testing.T) {
	certs, server := setting(t, "MSP_TEST_CERTS"), setting(t, "MSP_TEST_TLS_SERVER")
	client := connect(t, server, multisafepay.Options{Proxy: "http://" + setting(t, "MSP_TEST_PROXY"),
		TLS: &multisafepay.TLS{CA: certs + "/ca.pem", Cert: certs + "/client.pem", Key: certs + "/client.key"}})
	create(t, client, "go-proxy", approved, v1.PaymentState_PAYMENT_STATE_PAID)
	if log := proxyLog(t); !strings.Contains(log, "CONNECT "+server+" ") {
		t.Fatal(log)
	}
}

func TestPlainTextThroughAProxyHasToBeAskedFor(t *testing.T) {
	for _, options := range []multisafepay.Options{{Proxy: "http://127.0.0.1:1"}, {Proxy: "127.0.0.1:1", AllowPlaintext: true}} {
		if _, err := multisafepay.New("127.0.0.1:1", options); err == nil || !strings.Contains(err.Error(), "proxy") {
			t.Fatal(err)
		}
	}
}

func TestTransactionIdsOf17DigitsAreExact(t *testing.T) {
	client := plainClient(t)
	reply := create(t, client, "go-digits", approved, v1.PaymentState_PAYMENT_STATE_PAID)
	kept := regexp.MustCompile(`"transaction_id":\s*"?(\d{16,})`).FindStringSubmatch(control(t, "orders/go-digits", nil))
	if kept == nil || reply.GetOrder().GetTransactionId() != kept[1] ||
		read(t, client, "go-digits").GetTransactionId() != kept[1] {
		t.Fatal(kept, reply.GetOrder().GetTransactionId())
	}
}

func TestWatchingAnOrderEndsWhenItIsPaid(t *testing.T) {
	client := plainClient(t)
	create(t, client, "go-watch", challenge, v1.PaymentState_PAYMENT_STATE_REQUIRES_ACTION)
	watch := client.WatchOrder(within(t), &v1.WatchOrderRequest{OrderId: proto.String("go-watch")})
	defer watch.Close()
	var seen []v1.PaymentState
	for watch.Next() {
		if len(seen) == 0 {
			control(t, "orders/go-watch/3ds", members{"result": "Y"})
		}
		seen = append(seen, watch.Change().GetOrder().GetPaymentState())
	}
	if err := watch.Err(); err != nil {
		t.Fatal(err)
	}
	if len(seen) < 2 || seen[len(seen)-1] != v1.PaymentState_PAYMENT_STATE_PAID {
		t.Fatal(seen)
	}
}

func TestAPartIsRefundedOnceHoweverOftenItIsAsked(t *testing.T) {
	client := plainClient(t)
	create(t, client, "go-refund", approved, v1.PaymentState_PAYMENT_STATE_PAID)
	var ids []string
	for i := 0; i < 2; i++ {
		reply, err := client.RefundOrder(within(t), &v1.RefundOrderRequest{OrderId: proto.String("go-refund"),
			Refund: &v1.RefundOrderRequest_Amount{Amount: 1500}, Currency: proto.String("EUR"),
			RefundOrderId: proto.String("go-refund-r1")})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, reply.GetRefund().GetPspRefundId())
	}
	if ids[0] != ids[1] || read(t, client, "go-refund").GetAmountRefunded() != 1500 {
		t.Fatal(ids)
	}
}

func TestMutualTLS(t *testing.T) {
	certs := setting(t, "MSP_TEST_CERTS")
	pair := func(name string) *multisafepay.TLS {
		return &multisafepay.TLS{CA: certs + "/ca.pem", Cert: certs + "/" + name + ".pem", Key: certs + "/" + name + ".key"}
	}
	server := setting(t, "MSP_TEST_TLS_SERVER")
	create(t, connect(t, server, multisafepay.Options{TLS: pair("client")}), "go-mtls", approved,
		v1.PaymentState_PAYMENT_STATE_PAID)
	for name, tls := range map[string]*multisafepay.TLS{"nobody": {CA: certs + "/ca.pem"}, "stranger": pair("stranger")} {
		client := connect(t, server, multisafepay.Options{TLS: tls, ReadTimeout: 5 * time.Second})
		if _, err := client.GetOrder(within(t), "go-mtls"); err == nil {
			t.Errorf("%s was let in", name)
		}
	}
}

func TestPlainTextToAnotherMachineHasToBeAskedFor(t *testing.T) {
	if _, err := multisafepay.New("payments.example:443", multisafepay.Options{}); err == nil ||
		!strings.Contains(err.Error(), "payments.example:443") {
		t.Fatal(err)
	}
}
