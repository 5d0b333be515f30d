package adit.waypoint.observe;

import adit.model.Service;
import adit.model.authorize.Refusal;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// What is noted about one request while it goes on. On its event loop.
public final class RequestRecord {
  /// Who asked for what.
  ///
  /// @param service null: the workload itself
  /// @param grpc whether it is a call of gRPC
  public record Asked(
      Party source,
      InetSocketAddress client,
      InetSocketAddress local,
      @Nullable Service service,
      String method,
      String target,
      String authority,
      String version,
      String userAgent,
      String requestId,
      String forwardedFor,
      boolean grpc) {}

  final Asked asked;
  final long began;
  Party destination = new Party(null, null);
  @Nullable InetSocketAddress upstream;
  String route = "-";
  String flags = "-";
  String detail = "-";
  String failure = "-";
  String grpcStatus = "";
  int status;
  int attempts;
  long received;
  long sent;
  long upstreamNanos = -1;
  @Nullable Refusal refusal;

  /// @param began by the observer's clock
  public RequestRecord(Asked asked, long began) {
    this.asked = asked;
    this.began = began;
  }

  /// The rule that was chosen.
  public void route(String name) {
    route = name;
  }

  /// Where an attempt goes.
  public void attempt(Party party, InetSocketAddress address) {
    attempts++;
    destination = party;
    upstream = address;
  }

  /// How many attempts there were.
  public int attempts() {
    return attempts;
  }

  /// The answer.
  ///
  /// @param flag the reference's letters, `-` for none
  /// @param why the reference's word for who answered
  public void answered(int code, String flag, String why) {
    status = code;
    flags = flag;
    detail = why;
  }

  /// What went wrong on the way to the backend.
  public void failure(String text) {
    failure = text;
  }

  /// Why a policy said no, here or at the backend.
  public void refused(Refusal why) {
    refusal = why;
  }

  /// The status that gRPC has in its trailers.
  public void grpcStatus(@Nullable String text) {
    if (text != null && text.length() <= 3) {
      grpcStatus = text;
    }
  }

  /// Bytes of the request's body.
  public void received(int bytes) {
    received += bytes;
  }

  /// Bytes of the response's body.
  public void sent(int bytes) {
    sent += bytes;
  }

  /// The backend's answer has begun.
  public void upstreamAnswered(long nanos) {
    upstreamNanos = nanos;
  }
}
