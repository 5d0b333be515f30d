package adit.waypoint.observe;

import adit.model.Service;
import adit.model.authorize.Refusal;
import adit.waypoint.trace.RequestTrace;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// What is noted about one request while it goes on. On its event loop.
public final class RequestRecord {
  /// Who asked for what.
  ///
  /// @param service null: the workload itself
  /// @param headers of the request; not a copy
  /// @param grpc whether it is a call of gRPC
  public record Asked(
      Party source,
      InetSocketAddress client,
      InetSocketAddress local,
      @Nullable Service service,
      String method,
      String target,
      String scheme,
      String authority,
      String version,
      HttpHeaders headers,
      boolean grpc) {}

  final Asked asked;
  final long began;
  final @Nullable MessageCount requestMessages;
  final @Nullable MessageCount responseMessages;
  Party destination = new Party(null, null);
  @Nullable InetSocketAddress upstream;
  @Nullable HttpHeaders response;
  @Nullable HttpHeaders trailers;
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
  @Nullable RequestTrace trace;

  /// @param began by the observer's clock
  public RequestRecord(Asked asked, long began) {
    this.asked = asked;
    this.began = began;
    this.requestMessages = asked.grpc() ? new MessageCount() : null;
    this.responseMessages = asked.grpc() ? new MessageCount() : null;
  }

  /// The request is traced.
  public void traced(RequestTrace part) {
    trace = part;
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

  /// The headers of the answer; not a copy.
  public void response(HttpHeaders headers) {
    response = headers;
  }

  /// The trailers of the answer; not a copy.
  public void trailers(HttpHeaders headers) {
    trailers = headers;
  }

  /// The status that gRPC has in its trailers.
  public void grpcStatus(@Nullable String text) {
    if (text != null && text.length() <= 3) {
      grpcStatus = text;
    }
  }

  /// Bytes of the request's body; they are only looked at.
  public void received(ByteBuf bytes) {
    received += bytes.readableBytes();
    if (requestMessages != null) {
      requestMessages.add(bytes);
    }
  }

  /// Bytes of the response's body; they are only looked at.
  public void sent(ByteBuf bytes) {
    sent += bytes.readableBytes();
    if (responseMessages != null) {
      responseMessages.add(bytes);
    }
  }

  /// The backend's answer has begun.
  public void upstreamAnswered(long nanos) {
    upstreamNanos = nanos;
  }
}
