package adit.testkit;

import adit.identity.ca.CertificateAuthority;
import adit.identity.ca.IssuedCertificate;
import adit.identity.ca.SigningException;
import adit.model.SpiffeId;
import adit.protos.ca.IstioCertificateRequest;
import adit.protos.ca.IstioCertificateResponse;
import adit.protos.ca.IstioCertificateServiceGrpc;
import com.google.protobuf.Value;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The certificate service of a [ControlPlane]: it signs for everybody, remembers what it was
/// asked, and misbehaves as told. All methods may be called from any thread and take effect on the
/// next request.
public final class TestCa extends IstioCertificateServiceGrpc.IstioCertificateServiceImplBase {
  private static final Context.Key<Metadata> HEADERS = Context.key("headers");
  private static final Metadata.Key<String> TOKEN = ascii("authorization");
  private static final Metadata.Key<String> CLUSTER = ascii("clusterid");
  private static final String IMPERSONATED = "ImpersonatedIdentity";

  private final CertificateAuthority authority;
  private final ScheduledExecutorService scheduler;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private volatile Behaviour behaviour = new Behaviour(Duration.ZERO, null, null, null);

  /// What was asked.
  ///
  /// @param identity whose certificate
  /// @param lifetime that was asked for
  /// @param token header `authorization`, or null
  /// @param clusterId header `clusterid`, or null
  public record Request(
      SpiffeId identity, Duration lifetime, @Nullable String token, @Nullable String clusterId) {}

  /// How to answer: after `delay`, with `failure` if there is one, for `identity` instead of the
  /// one that was asked for, with `lifetime` instead of the one that was asked for.
  private record Behaviour(
      Duration delay,
      @Nullable Status failure,
      @Nullable SpiffeId identity,
      @Nullable Duration lifetime) {}

  TestCa(CertificateAuthority authority, ScheduledExecutorService scheduler) {
    this.authority = authority;
    this.scheduler = scheduler;
  }

  /// What signs: for certificates that a test makes itself.
  public CertificateAuthority authority() {
    return authority;
  }

  /// Answers that much later.
  public void slow(Duration delay) {
    Behaviour now = behaviour;
    behaviour = new Behaviour(delay, now.failure(), now.identity(), now.lifetime());
  }

  /// Fails with `status`; null ends that.
  public void fail(@Nullable Status status) {
    Behaviour now = behaviour;
    behaviour = new Behaviour(now.delay(), status, now.identity(), now.lifetime());
  }

  /// Certifies another identity than the one that is asked for; null ends that.
  public void answerFor(@Nullable SpiffeId identity) {
    Behaviour now = behaviour;
    behaviour = new Behaviour(now.delay(), now.failure(), identity, now.lifetime());
  }

  /// Gives certificates of this lifetime, whatever is asked for; null ends that.
  public void lifetime(@Nullable Duration lifetime) {
    Behaviour now = behaviour;
    behaviour = new Behaviour(now.delay(), now.failure(), now.identity(), lifetime);
  }

  /// What was asked so far, in order, including what was refused.
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  ServerServiceDefinition definition() {
    return ServerInterceptors.intercept(
        this,
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            Context context = Context.current().withValue(HEADERS, headers);
            return Contexts.interceptCall(context, call, headers, next);
          }
        });
  }

  @Override
  public void createCertificate(
      IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> observer) {
    Behaviour now = behaviour;
    @Nullable SpiffeId asked = askedOrNull(request);
    if (asked == null) {
      observer.onError(
          Status.INVALID_ARGUMENT
              .withDescription("metadata." + IMPERSONATED + ": missing (expected: a SPIFFE id)")
              .asRuntimeException());
      return;
    }
    Duration lifetime = Duration.ofSeconds(request.getValidityDuration());
    Metadata headers = Optional.ofNullable(HEADERS.get()).orElseGet(Metadata::new);
    requests.add(new Request(asked, lifetime, headers.get(TOKEN), headers.get(CLUSTER)));
    Future<?> _ =
        scheduler.schedule(
            () -> answer(now, request.getCsr(), asked, lifetime, observer),
            now.delay().toNanos(),
            TimeUnit.NANOSECONDS);
  }

  private void answer(
      Behaviour how,
      String csr,
      SpiffeId asked,
      Duration lifetime,
      StreamObserver<IstioCertificateResponse> observer) {
    if (how.failure() != null) {
      observer.onError(how.failure().asRuntimeException());
      return;
    }
    try {
      IssuedCertificate issued =
          authority.sign(
              csr,
              how.identity() == null ? asked : how.identity(),
              how.lifetime() == null ? lifetime : how.lifetime());
      observer.onNext(
          IstioCertificateResponse.newBuilder().addAllCertChain(issued.responseChain()).build());
      observer.onCompleted();
    } catch (SigningException | RuntimeException e) {
      observer.onError(
          Status.INVALID_ARGUMENT
              .withDescription(e.getMessage())
              .withCause(e)
              .asRuntimeException());
    }
  }

  private static @Nullable SpiffeId askedOrNull(IstioCertificateRequest request) {
    @Nullable Value value = request.getMetadata().getFieldsMap().get(IMPERSONATED);
    return value == null ? null : SpiffeId.parseOrNull(value.getStringValue());
  }

  private static Metadata.Key<String> ascii(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
