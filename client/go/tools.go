// SPDX-License-Identifier: Apache-2.0

//go:build tools

package multisafepay

// The stub generators, so that go.mod pins them.
import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
