package adit.identity.ca;

import adit.model.SpiffeId;
import adit.protos.ca.IstioCertificateRequest;
import adit.protos.ca.IstioCertificateResponse;
import adit.protos.ca.IstioCertificateServiceGrpc;
import adit.telemetry.Log;
import adit.telemetry.Metrics;
import com.google.protobuf.Value;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// `istio.v1.auth.IstioCertificateService`.
///
/// The identity in the certificate is the authenticated caller's, or the one it asks for in the
/// metadata `ImpersonatedIdentity` if the authorizer lets it; what the request itself says is
/// ignored. Details of a refusal are logged, not told.
public final class CaService extends IstioCertificateServiceGrpc.IstioCertificateServiceImplBase {
  private static final String IMPERSONATED = "ImpersonatedIdentity";
  private static final long MAX_SECONDS = Duration.ofDays(36500).toSeconds();
  private static final Context.Key<Metadata> HEADERS = Context.key("adit-ca-headers");
  private static final Context.Key<Attributes> TRANSPORT = Context.key("adit-ca-transport");

  private final CertificateAuthority authority;
  private final CaAuthenticator authenticator;
  private final ImpersonationAuthorizer authorizer;
  private final CaMetrics metrics;
  private final Log log;

  /// @param metrics gets the `citadel_*` families
  public CaService(
      CertificateAuthority authority,
      CaAuthenticator authenticator,
      ImpersonationAuthorizer authorizer,
      Metrics metrics,
      Clock clock,
      Log log) {
    this.authority = authority;
    this.authenticator = authenticator;
    this.authorizer = authorizer;
    this.metrics = new CaMetrics(metrics, authority, clock);
    this.log = log;
  }

  /// The service with the interceptor that reads the caller's credentials: add this to a server.
  public ServerServiceDefinition definition() {
    return ServerInterceptors.intercept(this, new CredentialsInterceptor());
  }

  @Override
  public void createCertificate(
      IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> observer) {
    metrics.requests.increment();
    CaCaller caller;
    try {
      caller = authenticator.authenticateOrNull(HEADERS.get(), TRANSPORT.get());
    } catch (StatusRuntimeException e) {
      observer.onError(e);
      return;
    }
    if (caller == null) {
      metrics.authenticationFailures.increment();
      log.warn("certificate refused, the caller is not authenticated");
      observer.onError(
          Status.UNAUTHENTICATED
              .withDescription("request authenticate failure")
              .asRuntimeException());
      return;
    }
    SpiffeId identity = identityOrNull(request, caller);
    if (identity == null) {
      observer.onError(impersonationFailure());
      return;
    }
    try {
      IssuedCertificate issued = authority.sign(request.getCsr(), identity, lifetime(request));
      metrics.issued.increment();
      log.debug(
          "certificate issued",
          "identity",
          identity.toString(),
          "caller",
          caller.identity().toString(),
          "until",
          issued.leaf().getNotAfter().toInstant());
      observer.onNext(
          IstioCertificateResponse.newBuilder().addAllCertChain(issued.responseChain()).build());
      observer.onCompleted();
    } catch (SigningException e) {
      log.warn(
          "certificate refused",
          "identity",
          identity.toString(),
          "caller",
          caller.identity().toString(),
          "error",
          e);
      observer.onError(status(e));
    }
  }

  private @Nullable SpiffeId identityOrNull(IstioCertificateRequest request, CaCaller caller) {
    Value wanted =
        request.getMetadata().getFieldsOrDefault(IMPERSONATED, Value.getDefaultInstance());
    if (wanted.getStringValue().isEmpty()) {
      return caller.identity();
    }
    SpiffeId requested = SpiffeId.parseOrNull(wanted.getStringValue());
    if (requested == null) {
      metrics.identityErrors.increment();
      log.warn(
          "certificate refused, the identity is malformed",
          "identity",
          wanted.getStringValue(),
          "caller",
          caller.identity().toString());
      return null;
    }
    if (requested.equals(caller.identity())) {
      // To name oneself is to ask for nothing more than the token gives.
      return requested;
    }
    return switch (authorizer.authorize(caller, requested)) {
      case ImpersonationAuthorizer.Allowed _ -> requested;
      case ImpersonationAuthorizer.Refused refused -> {
        metrics.authenticationFailures.increment();
        log.warn(
            "certificate refused, the caller may not have this identity",
            "identity",
            requested.toString(),
            "caller",
            caller.identity().toString(),
            "pod",
            caller.podName(),
            "reason",
            refused.reason());
        yield null;
      }
    };
  }

  private RuntimeException status(SigningException e) {
    metrics.signErrors.series(e.fault().name().toLowerCase(Locale.ROOT)).increment();
    return switch (e.fault()) {
      case BAD_REQUEST -> {
        metrics.parseErrors.increment();
        yield signingError(Status.INVALID_ARGUMENT, e);
      }
      case BAD_LIFETIME -> signingError(Status.INVALID_ARGUMENT, e);
      case FOREIGN_TRUST_DOMAIN -> impersonationFailure();
      case CA -> signingError(Status.INTERNAL, e);
    };
  }

  private static RuntimeException signingError(Status status, SigningException e) {
    return status
        .withDescription("CSR signing error (" + e.getMessage() + ")")
        .asRuntimeException();
  }

  private static RuntimeException impersonationFailure() {
    return Status.UNAUTHENTICATED
        .withDescription("request impersonation authentication failure")
        .asRuntimeException();
  }

  private static Duration lifetime(IstioCertificateRequest request) {
    return Duration.ofSeconds(Math.clamp(request.getValidityDuration(), 0, MAX_SECONDS));
  }

  /// Keeps a call's headers and connection where the method finds them.
  private static final class CredentialsInterceptor implements ServerInterceptor {
    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
        ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
      Context context =
          Context.current().withValue(HEADERS, headers).withValue(TRANSPORT, call.getAttributes());
      return Contexts.interceptCall(context, call, headers, next);
    }
  }
}
