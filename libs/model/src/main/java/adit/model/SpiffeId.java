package adit.model;

import org.jspecify.annotations.Nullable;

/// A workload's identity, `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
public record SpiffeId(String trustDomain, String namespace, String serviceAccount) {
  private static final String SCHEME = "spiffe://";
  private static final int MAX_LENGTH = 2048;

  /// Parses the text of a URI; null unless it has exactly this form. Empty parts are allowed, as in
  /// the reference.
  public static @Nullable SpiffeId parseOrNull(String text) {
    if (text.length() > MAX_LENGTH || !text.startsWith(SCHEME)) {
      return null;
    }
    String[] parts = text.substring(SCHEME.length()).split("/", -1);
    if (parts.length != 5 || !parts[1].equals("ns") || !parts[3].equals("sa")) {
      return null;
    }
    return new SpiffeId(parts[0], parts[2], parts[4]);
  }

  /// The identity without its scheme, as policies name it.
  public String principal() {
    return trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
  }

  @Override
  public String toString() {
    return SCHEME + principal();
  }
}
