package adit.waypoint.authorize;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import adit.l7.ExternalAuthorizer.AskedBody;
import adit.model.IpText;
import adit.model.SpiffeId;
import adit.protos.auth.Address;
import adit.protos.auth.AttributeContext;
import adit.protos.auth.CheckRequest;
import adit.protos.auth.CheckResponse;
import adit.protos.auth.DeniedHttpResponse;
import adit.protos.auth.HeaderValue;
import adit.protos.auth.HeaderValueOption;
import adit.protos.auth.OkHttpResponse;
import adit.protos.auth.QueryParameter;
import adit.protos.auth.SocketAddress;
import adit.waypoint.authorize.HeaderEdits.Edit;
import adit.waypoint.authorize.HeaderEdits.How;
import adit.waypoint.authorize.HeaderEdits.NotHttp;
import adit.waypoint.message.Http2Heads;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.WholeAnswer;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Authorizers of gRPC: `envoy.service.auth.v3.Authorization/Check`.
public final class GrpcCheck {
  private static final String PATH = "/envoy.service.auth.v3.Authorization/Check";
  private static final int PREFIX = 5;
  private static final int FORBIDDEN = 403;

  private GrpcCheck() {}

  /// The call's head.
  public static RequestMessage head() {
    HttpHeaders headers = Http2Heads.empty();
    headers.set("content-type", "application/grpc");
    headers.set("te", "trailers");
    return new RequestMessage(
        "POST", "http", "", PATH, headers, RequestMessage.Kind.PLAIN, "HTTP/2");
  }

  /// The call's body: one message with its prefix.
  public static byte[] body(Question question, AskedBody asked) {
    Instant time = question.time();
    AttributeContext.Builder attributes =
        AttributeContext.newBuilder()
            .setSource(peer(question.client(), question.source()))
            .setDestination(peer(question.local(), question.self()))
            .setRequest(
                AttributeContext.Request.newBuilder()
                    .setTime(
                        Timestamp.newBuilder()
                            .setSeconds(time.getEpochSecond())
                            .setNanos(time.getNano())));
    RequestMessage request = question.request();
    if (request != null) {
      attributes.getRequestBuilder().setHttp(http(request, question.body(), asked));
    }
    byte[] message = CheckRequest.newBuilder().setAttributes(attributes).build().toByteArray();
    return ByteBuffer.allocate(PREFIX + message.length)
        .put((byte) 0)
        .putInt(message.length)
        .put(message)
        .array();
  }

  private static AttributeContext.Peer peer(InetSocketAddress address, @Nullable SpiffeId id) {
    return AttributeContext.Peer.newBuilder()
        .setAddress(
            Address.newBuilder()
                .setSocketAddress(
                    SocketAddress.newBuilder()
                        .setAddress(IpText.of(address.getAddress()))
                        .setPortValue(address.getPort())))
        .setPrincipal(id == null ? "" : id.toString())
        .build();
  }

  private static AttributeContext.HttpRequest http(
      RequestMessage request, Question.@Nullable Shown body, AskedBody asked) {
    AttributeContext.HttpRequest.Builder http =
        AttributeContext.HttpRequest.newBuilder()
            .setId(request.headers().get("x-request-id", ""))
            .setMethod(request.method())
            .setPath(valid(request.target()))
            .setHost(valid(request.authority()))
            .setScheme(request.scheme())
            .setProtocol(request.version())
            .setSize(size(request))
            .putAllHeaders(headers(request));
    if (body != null) {
      http.putHeaders(Question.PARTIAL, Boolean.toString(body.partial()));
      if (asked.asBytes()) {
        http.setRawBody(body.bytes());
      } else {
        http.setBody(body.bytes().toStringUtf8());
      }
    }
    return http.build();
  }

  private static long size(RequestMessage request) {
    try {
      return Long.parseLong(request.headers().get("content-length", "-1"));
    } catch (NumberFormatException _) {
      return -1;
    }
  }

  private static Map<String, String> headers(RequestMessage request) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put(":method", request.method());
    all.put(":path", valid(request.target()));
    all.put(":authority", valid(request.authority()));
    all.put(":scheme", request.scheme());
    request
        .headers()
        .forEach(header ->
            all.merge(
                valid(header.getKey().toLowerCase(Locale.ROOT)),
                valid(header.getValue()),
                (one, other) -> one + "," + other));
    return all;
  }

  /// Bytes above ASCII are characters of Latin-1 here; messages have UTF-8.
  private static String valid(String text) {
    return text.chars().allMatch(c -> c < 0x80)
        ? text
        : new String(text.getBytes(ISO_8859_1), UTF_8);
  }

  /// What the answer means.
  public static Opinion opinion(WholeAnswer.Answered answer) {
    String status = answer.grpcStatus();
    if (answer.status() != 200 || !status.equals("0")) {
      return new Opinion.Unknown(
          answer.status() == 200 ? "status " + status + " of gRPC" : "status " + answer.status());
    }
    try {
      return opinion(message(answer.body()));
    } catch (InvalidProtocolBufferException | NotHttp e) {
      return new Opinion.Unknown("malformed answer: " + e.getMessage());
    }
  }

  private static CheckResponse message(ByteString body) throws InvalidProtocolBufferException {
    boolean whole =
        body.size() >= PREFIX
            && body.byteAt(0) == 0
            && body.asReadOnlyByteBuffer().getInt(1) == body.size() - PREFIX;
    if (!whole) {
      throw new InvalidProtocolBufferException("not one message of gRPC");
    }
    return CheckResponse.parseFrom(body.substring(PREFIX));
  }

  private static Opinion opinion(CheckResponse said) throws NotHttp {
    if (said.getStatus().getCode() == 0) {
      OkHttpResponse ok = said.getOkResponse();
      Map<String, String> query = new LinkedHashMap<>();
      for (QueryParameter one : ok.getQueryParametersToSetList()) {
        query.put(one.getKey(), one.getValue());
      }
      List<String> removed = new ArrayList<>();
      for (String name : ok.getHeadersToRemoveList()) {
        removed.add(HeaderEdits.name(name));
      }
      return new Opinion.Allowed(
          new HeaderEdits(edits(ok.getHeadersList(), How.SET), removed),
          new QueryEdits(query, ok.getQueryParametersToRemoveList()),
          new HeaderEdits(edits(ok.getResponseHeadersToAddList(), How.APPEND), List.of()));
    }
    DeniedHttpResponse denied = said.getDeniedResponse();
    int code = denied.getStatus().getCode();
    HttpHeaders headers = Http2Heads.empty();
    new HeaderEdits(edits(denied.getHeadersList(), How.SET), List.of()).apply(headers);
    return new Opinion.Denied(
        code >= 200 && code <= 599 ? code : FORBIDDEN, headers, denied.getBodyBytes());
  }

  /// @param usual what the first action means, which is also the absence of one
  private static List<Edit> edits(List<HeaderValueOption> options, How usual) throws NotHttp {
    List<Edit> edits = new ArrayList<>();
    for (HeaderValueOption option : options) {
      HeaderValue header = option.getHeader();
      String value =
          header.getRawValue().isEmpty()
              ? header.getValue()
              : header.getRawValue().toString(ISO_8859_1);
      edits.add(
          new Edit(
              HeaderEdits.name(header.getKey()), HeaderEdits.value(value), how(option, usual)));
    }
    return edits;
  }

  private static How how(HeaderValueOption option, How usual) {
    if (option.hasAppend()) {
      return option.getAppend().getValue() ? How.APPEND : How.SET;
    }
    return switch (option.getAppendAction()) {
      case ADD_IF_ABSENT -> How.ADD_IF_ABSENT;
      case OVERWRITE_IF_EXISTS_OR_ADD -> How.SET;
      case OVERWRITE_IF_EXISTS -> How.SET_IF_PRESENT;
      case APPEND_IF_EXISTS_OR_ADD, UNRECOGNIZED -> usual;
    };
  }
}
