# SPDX-License-Identifier: Apache-2.0

"""The earlier name of retry_policy, deprecated."""

from multisafepay_grpc.retry_policy import RetryPolicy as Rule

__all__ = ["Rule"]
