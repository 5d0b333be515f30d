package adit.identity.ca;

import adit.protos.ca.IstioCertificateRequest;
import adit.protos.ca.IstioCertificateResponse;
import adit.protos.ca.IstioCertificateServiceGrpc;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.StreamObserver;

/// `istio.v1.auth.IstioCertificateService`.
public final class CaService extends IstioCertificateServiceGrpc.IstioCertificateServiceImplBase {

  /// @param metrics gets the `citadel_*` families
  public CaService(
      CertificateAuthority authority,
      CaAuthenticator authenticator,
      ImpersonationAuthorizer authorizer,
      Metrics metrics,
      Log log) {}

  /// The service with the interceptor that reads the caller's credentials: add this to a server.
  public ServerServiceDefinition definition() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void createCertificate(
      IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> observer) {
    throw new UnsupportedOperationException();
  }
}
