package adit.identity.ca;

import io.grpc.Attributes;
import io.grpc.Metadata;
import org.jspecify.annotations.Nullable;

/// Proves who calls the certificate service.
@FunctionalInterface
public interface CaAuthenticator {
  /// May block: it is called on the service's executor.
  ///
  /// @param headers of the call: `authorization`, `clusterid`
  /// @param transport attributes of the connection, for example its TLS session
  /// @return null if the credentials prove nothing
  /// @throws io.grpc.StatusRuntimeException what the caller is told, if it cannot be found out now
  @Nullable CaCaller authenticateOrNull(Metadata headers, Attributes transport);
}
