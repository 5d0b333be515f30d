package adit.istiod.ca;

import adit.identity.PeerIdentity;
import adit.identity.ca.CaAuthenticator;
import adit.identity.ca.CaCaller;
import adit.model.SpiffeId;
import adit.source.TokenReviewer;
import adit.telemetry.Log;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.Semaphore;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// Proves who calls: by the client certificate of the connection, else by the bearer token, which
/// must be a service account's. The same for both services of port 15012.
///
/// A certificate counts only if it is of the mesh's own trust domain: others may share its roots,
/// and whoever asks for a caller's namespace means one of ours.
public final class Credentials implements CaAuthenticator, ServerInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> CLUSTER =
      Metadata.Key.of("clusterid", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<Caller> CALLER = Context.key("adit-caller");
  private static final String BEARER = "Bearer ";

  private final TokenReviewer reviewer;
  private final String trustDomain;
  private final Semaphore reviews;
  private final Log log;

  /// @param reviews how many tokens are reviewed at a time; what is more is refused as
  ///   `UNAVAILABLE`, so that reviews never take all threads
  public Credentials(TokenReviewer reviewer, String trustDomain, int reviews, Log log) {
    this.reviewer = reviewer;
    this.trustDomain = trustDomain;
    this.reviews = new Semaphore(reviews);
    this.log = log;
  }

  /// Who made the call that runs on this thread, or null if nothing proved it.
  public static @Nullable Caller current() {
    return CALLER.get();
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    Caller caller;
    try {
      caller = callerOrNull(headers, call.getAttributes());
    } catch (StatusRuntimeException e) {
      call.close(e.getStatus(), new Metadata());
      return new ServerCall.Listener<>() {};
    }
    Context context =
        caller == null ? Context.current() : Context.current().withValue(CALLER, caller);
    return Contexts.interceptCall(context, call, headers, next);
  }

  @Override
  public @Nullable CaCaller authenticateOrNull(Metadata headers, Attributes transport) {
    Caller caller = callerOrNull(headers, transport);
    return caller == null
        ? null
        : new CaCaller(caller.identity(), caller.podName(), caller.podUid(), caller.clusterId());
  }

  private @Nullable Caller callerOrNull(Metadata headers, Attributes transport) {
    String cluster = headers.get(CLUSTER);
    String clusterId = cluster == null ? "" : cluster;
    SSLSession session = transport.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    SpiffeId certified = session == null ? null : PeerIdentity.of(session);
    if (certified != null && certified.trustDomain().equals(trustDomain)) {
      return new Caller(certified, null, null, clusterId);
    }
    String authorization = headers.get(AUTHORIZATION);
    if (authorization == null || !authorization.startsWith(BEARER)) {
      return null;
    }
    return switch (review(authorization.substring(BEARER.length()).strip())) {
      case TokenReviewer.Review.Accepted(var account) ->
          new Caller(
              new SpiffeId(trustDomain, account.namespace(), account.serviceAccount()),
              emptyToNull(account.podName()),
              emptyToNull(account.podUid()),
              clusterId);
      case TokenReviewer.Review.Rejected(var reason) -> {
        log.warn(
            "token rejected",
            "peer",
            transport.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR),
            "reason",
            reason);
        yield null;
      }
      case TokenReviewer.Review.Unanswered(var reason) -> {
        log.warn(
            "token not reviewed",
            "peer",
            transport.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR),
            "reason",
            reason);
        throw Status.UNAVAILABLE
            .withDescription("the token cannot be reviewed now, try again")
            .asRuntimeException();
      }
    };
  }

  private TokenReviewer.Review review(String token) {
    if (!reviews.tryAcquire()) {
      throw Status.UNAVAILABLE
          .withDescription("too many tokens are being reviewed, try again")
          .asRuntimeException();
    }
    try {
      return reviewer.review(token);
    } finally {
      reviews.release();
    }
  }

  private static @Nullable String emptyToNull(String text) {
    return text.isEmpty() ? null : text;
  }
}
