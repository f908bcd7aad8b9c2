// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools names the programs that ci/deploy_tools.sh builds from go.mod.
package tools

import (
	_ "github.com/helm-unittest/helm-unittest/cmd/helm-unittest"
	_ "github.com/zegl/kube-score/cmd/kube-score"
	_ "helm.sh/helm/v3/cmd/helm"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
