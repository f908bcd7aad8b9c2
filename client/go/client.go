// SPDX-License-Identifier: Apache-2.0

// Package multisafepay is the client of the multisafepay-grpc payment service.
//
// gRPC retries reads while the service is unavailable. Calls that move money use a separate connection without
// automatic retries; they follow the retry policy (RetryPolicy) to a conclusive outcome.
package multisafepay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

//go:generate buf generate

//go:embed service-config.json
var serviceConfig string

// Addresses on this machine.
var local = regexp.MustCompile(`^(dns:(///)?|passthrough:(///)?)?(localhost|127\.[\d.]+|\[::1\])(:\d+)?$|^unix:`)

// A site that gRPC accepts as metadata. With any other it would end each call with INTERNAL, as if it had been sent.
var printable = regexp.MustCompile(`^[!-~]*$`)

// The largest accepted reply. The service sends a list of up to 16 MiB of JSON, a page of a thousand transactions
// with full texts; this is twice that. gRPC's default is 4 MiB.
const receiveMaxBytes = 32 << 20

// gRPC's default with a shorter end, so that each wait for a connection sees an attempt.
var reconnect = backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: connectMax}

// A peer that disappears without closing the connection leaves it ready: all calls would end at their deadlines, and a
// watch never, until TCP gives up after some 15 minutes. These pings are sent during calls.
var keepAlive = keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}

// TLS with the system's roots, or those of CA; with Cert and Key it is mutual. Names of PEM files.
type TLS struct {
	CA, Cert, Key string
}

// Options of a Client. Zero values mean the defaults.
type Options struct {
	TLS *TLS
	// Plain text to another machine, behind a mesh that encrypts.
	AllowPlaintext bool
	// "http://[USER:PASSWORD@]HOST:PORT" of a proxy that gets CONNECT to the server. The environment's HTTPS_PROXY
	// is ignored: in plain text it would expose card data to a proxy that was not configured here.
	Proxy string
	// Selects one of several sites (metadata x-msp-site).
	Site string
	// Of one attempt, 35 s and 10 s: the service answers within 33 s, and its outcome has to arrive.
	WriteTimeout, ReadTimeout time.Duration
	// For calls that move money, and for a watch whose stream breaks.
	RetryPolicy RetryPolicy
	// Deprecated: use RetryPolicy, whose values take precedence.
	Rule RetryPolicy
}

// Client is a connection to the service, for any number of goroutines.
type Client struct {
	options       Options
	reads, writes *grpc.ClientConn
	tried         string // Address and transport, for messages.
	orders, money v1.OrderServiceClient
	tokens        v1.TokenServiceClient
	methods       v1.PaymentMethodServiceClient
	transactions  v1.TransactionServiceClient
	notifications v1.NotificationServiceClient
	checkout      v1.CheckoutServiceClient
	terminals     v1.TerminalServiceClient
	accounts      v1.AccountServiceClient
}

func makeCredentials(server string, options Options) (credentials.TransportCredentials, error) {
	if options.TLS == nil {
		if options.AllowPlaintext || (options.Proxy == "" && local.MatchString(server)) {
			return insecure.NewCredentials(), nil
		}
		where := "is not on this machine"
		if options.Proxy != "" {
			where = "is behind a proxy"
		}
		return nil, fmt.Errorf("%s %s: set TLS, or AllowPlaintext behind a mesh", server, where)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if (options.TLS.Cert == "") != (options.TLS.Key == "") {
		return nil, errors.New("a client certificate and its key require each other")
	}
	if options.TLS.CA != "" {
		pem, err := os.ReadFile(options.TLS.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: contains no certificate", options.TLS.CA)
		}
	}
	if options.TLS.Cert != "" {
		pair, err := tls.LoadX509KeyPair(options.TLS.Cert, options.TLS.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}

// New makes a client of the service at server, "127.0.0.1:50051". It connects with the first call.
func New(server string, options Options) (*Client, error) {
	if options.WriteTimeout == 0 {
		options.WriteTimeout = 35 * time.Second
	}
	if options.ReadTimeout == 0 {
		options.ReadTimeout = 10 * time.Second
	}
	options.RetryPolicy = options.RetryPolicy.or(options.Rule)
	if options.WriteTimeout < 0 || options.ReadTimeout < 0 || !options.RetryPolicy.valid() {
		return nil, errors.New("a time or a number of attempts is negative")
	}
	if !printable.MatchString(options.Site) {
		return nil, errors.New("the site is no name: letters, digits and punctuation only")
	}
	security, err := makeCredentials(server, options)
	if err != nil {
		return nil, err
	}
	common := []grpc.DialOption{
		grpc.WithTransportCredentials(security),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(receiveMaxBytes)),
		// The retry policy comes from here, never from DNS records.
		grpc.WithDisableServiceConfig(),
		grpc.WithKeepaliveParams(keepAlive),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 20 * time.Second}),
		grpc.WithNoProxy(),
	}
	target, tried := server, server+" in plain text"
	if options.TLS != nil {
		tried = server + " with TLS"
	}
	if options.Proxy != "" {
		dialer, err := proxyDialer(options.Proxy)
		if err != nil {
			return nil, err
		}
		common = append(common, grpc.WithContextDialer(dialer))
		// The proxy resolves the name; this host may not be able to.
		target, tried = "passthrough:///"+server, tried+" through the proxy"
	}
	reads, err := grpc.NewClient(target, append(common, grpc.WithDefaultServiceConfig(serviceConfig))...)
	if err != nil {
		return nil, err
	}
	writes, err := grpc.NewClient(target, append(common, grpc.WithDisableRetry())...)
	if err != nil {
		reads.Close()
		return nil, err
	}
	return &Client{
		options: options, reads: reads, writes: writes, tried: tried,
		orders: v1.NewOrderServiceClient(reads), money: v1.NewOrderServiceClient(writes),
		tokens: v1.NewTokenServiceClient(reads), methods: v1.NewPaymentMethodServiceClient(reads),
		transactions:  v1.NewTransactionServiceClient(reads),
		notifications: v1.NewNotificationServiceClient(reads),
		checkout:      v1.NewCheckoutServiceClient(reads),
		terminals:     v1.NewTerminalServiceClient(reads),
		accounts:      v1.NewAccountServiceClient(reads),
	}, nil
}

// Close closes the connections, and with them every call in flight.
func (c *Client) Close() error {
	err := c.reads.Close()
	if other := c.writes.Close(); err == nil {
		err = other
	}
	return err
}

func (c *Client) site(ctx context.Context) context.Context {
	if c.options.Site == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "x-msp-site", c.options.Site)
}

type method[Q, R any] func(context.Context, Q, ...grpc.CallOption) (R, error)

func plain[Q, R any](ctx context.Context, c *Client, timeout time.Duration, call method[Q, R], request Q) (R, error) {
	ctx, cancel := context.WithTimeout(c.site(ctx), timeout)
	defer cancel()
	reply, err := call(ctx, request)
	if err != nil {
		return reply, readError(err, false)
	}
	return reply, nil
}

func withRetry[Q proto.Message, R answer](ctx context.Context, c *Client, call method[Q, R], request Q) (R, error) {
	return callWithRetry(ctx, c.options.RetryPolicy, c.options.WriteTimeout, request, func(ctx context.Context, mine Q) (R, error) {
		if err := connect(ctx, c.writes, c.tried); err != nil {
			var none R
			return none, err
		}
		reply, err := call(c.site(ctx), mine)
		if err != nil {
			return reply, readError(err, true)
		}
		return reply, nil
	})
}
