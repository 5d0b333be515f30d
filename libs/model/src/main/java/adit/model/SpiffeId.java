package adit.model;

import org.jspecify.annotations.Nullable;

/// A workload's identity, as a certificate carries it: `spiffe://<trust domain>/ns/<ns>/sa/<sa>`.
///
/// The grammar is Istio's: exactly these five segments. Components must not be empty and must not
/// contain a slash, unlike in the reference, which lets empty ones through.
public record SpiffeId(String trustDomain, String namespace, String serviceAccount) {
  private static final String SCHEME = "spiffe://";
  private static final int MAX_LENGTH = 2048; // SPIFFE-ID, section 2.3

  public SpiffeId {
    check("trustDomain", trustDomain);
    check("namespace", namespace);
    check("serviceAccount", serviceAccount);
  }

  private static void check(String field, String value) {
    if (value.isEmpty() || value.indexOf('/') >= 0) {
      throw new IllegalArgumentException(
          field + ": \"" + value + "\" (expected: not empty, no slash)");
    }
  }

  /// The identity that `uri` names, or null if it is not of this form.
  public static @Nullable SpiffeId parseOrNull(String uri) {
    if (!uri.startsWith(SCHEME) || uri.length() > MAX_LENGTH) {
      return null;
    }
    String[] parts = uri.substring(SCHEME.length()).split("/", -1);
    boolean wellFormed =
        parts.length == 5
            && parts[1].equals("ns")
            && parts[3].equals("sa")
            && !parts[0].isEmpty()
            && !parts[2].isEmpty()
            && !parts[4].isEmpty();
    return wellFormed ? new SpiffeId(parts[0], parts[2], parts[4]) : null;
  }

  /// What AuthorizationPolicy calls a principal: the URI without its scheme.
  public String principal() {
    return trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
  }

  /// The URI.
  @Override
  public String toString() {
    return SCHEME + principal();
  }
}
