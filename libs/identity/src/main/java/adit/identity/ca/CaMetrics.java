package adit.identity.ca;

import adit.telemetry.CounterFamily;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;

/// The `citadel_server_*` families under the names that dashboards have.
final class CaMetrics {
  final CounterFamily.Series requests;
  final CounterFamily.Series authenticationFailures;
  final CounterFamily.Series parseErrors;
  final CounterFamily.Series identityErrors;
  final CounterFamily.Series issued;
  final CounterFamily signErrors;

  CaMetrics(Metrics metrics, CertificateAuthority authority, Clock clock) {
    requests = counter(metrics, "csr_count", "The number of CSRs received by Citadel server.");
    authenticationFailures =
        counter(metrics, "authentication_failure_count", "The number of authentication failures.");
    parseErrors =
        counter(
            metrics,
            "csr_parsing_err_count",
            "The number of errors occurred when parsing the CSR.");
    identityErrors =
        counter(
            metrics,
            "id_extraction_err_count",
            "The number of errors occurred when extracting the ID from CSR.");
    issued =
        counter(
            metrics,
            "success_cert_issuance_count",
            "The number of certificates issuances that have succeeded.");
    signErrors =
        metrics.bareCounter(
            "citadel_server_csr_sign_err_count",
            "The number of errors occurred when signing the CSR.",
            Stability.CORE,
            "error");
    expiry(metrics, "root_cert", "root", () -> authority.roots().getFirst(), clock);
    expiry(metrics, "cert_chain", "signing", authority::signingCertificate, clock);
  }

  private static CounterFamily.Series counter(Metrics metrics, String name, String help) {
    return metrics.bareCounter("citadel_server_" + name, help, Stability.CORE).series();
  }

  private static void expiry(
      Metrics metrics, String name, String what, Supplier<X509Certificate> which, Clock clock) {
    metrics.gaugeOf(
        "citadel_server_" + name + "_expiry_timestamp",
        "The unix timestamp, in seconds, when the CA's " + what + " certificate will expire.",
        Stability.CORE,
        () -> which.get().getNotAfter().toInstant().getEpochSecond());
    metrics.gaugeOf(
        "citadel_server_" + name + "_expiry_seconds",
        "The time remaining, in seconds, before the CA's " + what + " certificate will expire.",
        Stability.CORE,
        () -> {
          Instant end = which.get().getNotAfter().toInstant();
          return Duration.between(clock.instant(), end).toSeconds();
        });
  }
}
