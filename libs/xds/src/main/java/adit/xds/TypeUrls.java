package adit.xds;

/// The resource types that programs exchange.
public final class TypeUrls {
  /// `istio.workload.Address`: workloads and services.
  public static final String ADDRESS = "type.googleapis.com/istio.workload.Address";

  /// `istio.security.Authorization`: policies.
  public static final String AUTHORIZATION = "type.googleapis.com/istio.security.Authorization";

  private TypeUrls() {}
}
