// SPDX-License-Identifier: Apache-2.0

package multisafepay

import (
	"context"

	v1 "github.com/multisafepay-grpc/multisafepay-grpc/client/go/gen/multisafepay/v1"
)

// CreateOrder creates the order once or not at all. Result.Reason NEXT_ACTION_LOST: the address of the customer's page
// was in a lost answer; CancelOrder, then a new id.
func (c *Client) CreateOrder(ctx context.Context, request *v1.CreateOrderRequest) (*v1.CreateOrderResponse, error) {
	return withRetry(ctx, c, c.money.CreateOrder, request)
}

// CancelOrder cancels an order that is not paid yet.
func (c *Client) CancelOrder(ctx context.Context, request *v1.CancelOrderRequest) (*v1.CancelOrderResponse, error) {
	return withRetry(ctx, c, c.money.CancelOrder, request)
}

// CaptureOrder captures an authorized amount or a part of it.
func (c *Client) CaptureOrder(ctx context.Context, request *v1.CaptureOrderRequest) (*v1.CaptureOrderResponse, error) {
	return withRetry(ctx, c, c.money.CaptureOrder, request)
}

// VoidOrder voids an authorization, or what is left of it.
func (c *Client) VoidOrder(ctx context.Context, request *v1.VoidOrderRequest) (*v1.VoidOrderResponse, error) {
	return withRetry(ctx, c, c.money.VoidOrder, request)
}

// RefundOrder refunds money. Give a RefundOrderId or an idempotency key to each of several equal refunds.
func (c *Client) RefundOrder(ctx context.Context, request *v1.RefundOrderRequest) (*v1.RefundOrderResponse, error) {
	return withRetry(ctx, c, c.money.RefundOrder, request)
}

// CancelRefund cancels a refund that is still reserved.
func (c *Client) CancelRefund(ctx context.Context, request *v1.CancelRefundRequest) (*v1.CancelRefundResponse, error) {
	return withRetry(ctx, c, c.money.CancelRefund, request)
}

// GetOrder reads an order.
func (c *Client) GetOrder(ctx context.Context, orderID string) (*v1.Order, error) {
	reply, err := plain(ctx, c, c.options.ReadTimeout, c.orders.GetOrder, &v1.GetOrderRequest{OrderId: &orderID})
	return reply.GetOrder(), err
}

// HandleNotification verifies what MultiSafepay sent to the shop over HTTP.
func (c *Client) HandleNotification(ctx context.Context,
	request *v1.HandleNotificationRequest) (*v1.HandleNotificationResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.notifications.HandleNotification, request)
}

// Written by ./run derive: methods.

// GetAccount reads the ids behind the API key: a cheap test of the key.
func (c *Client) GetAccount(ctx context.Context, request *v1.GetAccountRequest) (*v1.GetAccountResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.accounts.GetAccount, request)
}

// ListClosingBalances lists the account's balances at the end of each day.
func (c *Client) ListClosingBalances(ctx context.Context,
	request *v1.ListClosingBalancesRequest) (*v1.ListClosingBalancesResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.accounts.ListClosingBalances, request)
}

// ListCategories lists the business categories of shops.
func (c *Client) ListCategories(ctx context.Context,
	request *v1.ListCategoriesRequest) (*v1.ListCategoriesResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.accounts.ListCategories, request)
}

// CreateApiToken creates a token for the payment component in the browser. Valid for one order and 600 seconds.
func (c *Client) CreateApiToken(ctx context.Context,
	request *v1.CreateApiTokenRequest) (*v1.CreateApiTokenResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.checkout.CreateApiToken, request)
}

// CreateApplePaySession creates a session for the Apple Pay button: the browser provides the validation address,
// MultiSafepay calls it.
func (c *Client) CreateApplePaySession(ctx context.Context,
	request *v1.CreateApplePaySessionRequest) (*v1.CreateApplePaySessionResponse, error) {
	return plain(ctx, c, c.options.WriteTimeout, c.checkout.CreateApplePaySession, request)
}

// UpdateOrder changes an order without moving money: shipment, invoice, a longer lifetime, a new id.
func (c *Client) UpdateOrder(ctx context.Context, request *v1.UpdateOrderRequest) (*v1.UpdateOrderResponse, error) {
	return plain(ctx, c, c.options.WriteTimeout, c.money.UpdateOrder, request)
}

// HoldOrder stops the reminders for an unpaid Pay After Delivery order for a while. Moves no money.
func (c *Client) HoldOrder(ctx context.Context, request *v1.HoldOrderRequest) (*v1.HoldOrderResponse, error) {
	return plain(ctx, c, c.options.WriteTimeout, c.money.HoldOrder, request)
}

// ExtendOrder extends the days before an unshipped Pay After Delivery order expires. Moves no money.
func (c *Client) ExtendOrder(ctx context.Context, request *v1.ExtendOrderRequest) (*v1.ExtendOrderResponse, error) {
	return plain(ctx, c, c.options.WriteTimeout, c.money.ExtendOrder, request)
}

// AddOrderFile submits a document as evidence against a chargeback of the order. A repeat submits it twice.
func (c *Client) AddOrderFile(ctx context.Context, request *v1.AddOrderFileRequest) (*v1.AddOrderFileResponse, error) {
	return plain(ctx, c, c.options.WriteTimeout, c.money.AddOrderFile, request)
}

// ListPaymentMethods lists the site's payment methods.
func (c *Client) ListPaymentMethods(ctx context.Context,
	request *v1.ListPaymentMethodsRequest) (*v1.ListPaymentMethodsResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.methods.ListPaymentMethods, request)
}

// GetPaymentMethod reads one payment method.
func (c *Client) GetPaymentMethod(ctx context.Context,
	request *v1.GetPaymentMethodRequest) (*v1.GetPaymentMethodResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.methods.GetPaymentMethod, request)
}

// ListGateways lists the site's gateways. CREDITCARD is never among them.
func (c *Client) ListGateways(ctx context.Context, request *v1.ListGatewaysRequest) (*v1.ListGatewaysResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.methods.ListGateways, request)
}

// GetGateway reads one gateway.
func (c *Client) GetGateway(ctx context.Context, request *v1.GetGatewayRequest) (*v1.GetGatewayResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.methods.GetGateway, request)
}

// ListIssuers lists the banks that a customer of this gateway chooses from.
func (c *Client) ListIssuers(ctx context.Context, request *v1.ListIssuersRequest) (*v1.ListIssuersResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.methods.ListIssuers, request)
}

// ListTerminals lists the account's terminals.
func (c *Client) ListTerminals(ctx context.Context,
	request *v1.ListTerminalsRequest) (*v1.ListTerminalsResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.terminals.ListTerminals, request)
}

// ListGroupTerminals lists the terminals of one group.
func (c *Client) ListGroupTerminals(ctx context.Context,
	request *v1.ListGroupTerminalsRequest) (*v1.ListGroupTerminalsResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.terminals.ListGroupTerminals, request)
}

// GetReceipt reads the receipt of an order that was paid at a terminal.
func (c *Client) GetReceipt(ctx context.Context, request *v1.GetReceiptRequest) (*v1.GetReceiptResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.terminals.GetReceipt, request)
}

// ListTokens lists a customer's stored cards. A customer without stored cards gives an empty list, not an error.
func (c *Client) ListTokens(ctx context.Context, request *v1.ListTokensRequest) (*v1.ListTokensResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.tokens.ListTokens, request)
}

// GetToken reads one stored card.
func (c *Client) GetToken(ctx context.Context, request *v1.GetTokenRequest) (*v1.GetTokenResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.tokens.GetToken, request)
}

// UpdateToken changes the expiry date of a stored card, if the issuer has extended it.
func (c *Client) UpdateToken(ctx context.Context, request *v1.UpdateTokenRequest) (*v1.UpdateTokenResponse, error) {
	return plain(ctx, c, c.options.WriteTimeout, c.tokens.UpdateToken, request)
}

// DeleteToken removes a stored card permanently. A repeat after success gives NOT_FOUND.
func (c *Client) DeleteToken(ctx context.Context, request *v1.DeleteTokenRequest) (*v1.DeleteTokenResponse, error) {
	return plain(ctx, c, c.options.WriteTimeout, c.tokens.DeleteToken, request)
}

// ListTransactions lists transactions, the newest first.
func (c *Client) ListTransactions(ctx context.Context,
	request *v1.ListTransactionsRequest) (*v1.ListTransactionsResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.transactions.ListTransactions, request)
}

// GetTransaction reads one transaction by MultiSafepay's id.
func (c *Client) GetTransaction(ctx context.Context,
	request *v1.GetTransactionRequest) (*v1.GetTransactionResponse, error) {
	return plain(ctx, c, c.options.ReadTimeout, c.transactions.GetTransaction, request)
}

// End of what ./run derive writes.
