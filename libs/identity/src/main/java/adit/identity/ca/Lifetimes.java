package adit.identity.ca;

import java.time.Duration;

/// How long certificates live.
///
/// @param standard when nothing is asked for (`DEFAULT_WORKLOAD_CERT_TTL`)
/// @param longest more is refused (`MAX_WORKLOAD_CERT_TTL`)
/// @param root of roots that this CA makes (`CITADEL_SELF_SIGNED_CA_CERT_TTL`)
public record Lifetimes(Duration standard, Duration longest, Duration root) {
  /// 24 hours, 90 days, ten years.
  public static final Lifetimes DEFAULT =
      new Lifetimes(Duration.ofHours(24), Duration.ofDays(90), Duration.ofDays(3650));
}
