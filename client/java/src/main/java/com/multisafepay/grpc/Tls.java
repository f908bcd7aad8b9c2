// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import java.nio.file.Path;

/**
 * TLS with the system's roots, or those of {@code ca}; with {@code cert} and {@code key} it is mutual. PEM files; null
 * is ignored.
 */
public record Tls(Path ca, Path cert, Path key) {
  public Tls {
    if ((cert == null) != (key == null)) {
      throw new IllegalArgumentException("a client certificate and its key require each other");
    }
  }

  /** The system's roots. */
  public static Tls system() {
    return new Tls(null, null, null);
  }
}
